//! Namespaces.

use super::{Client, OperatorError, list::Pages};
use std::{collections::BTreeMap, future::IntoFuture, time::Duration};
use steadfast_core::BoxFuture;
use steadfast_proto::{
    duration,
    enums::NamespaceState,
    namespace::{NamespaceConfig, NamespaceInfo, UpdateNamespaceInfo},
    operatorservice::DeleteNamespaceRequest,
    std_duration,
    workflowservice::{
        DescribeNamespaceRequest, DescribeNamespaceResponse, ListNamespacesRequest, RegisterNamespaceRequest,
        UpdateNamespaceRequest,
    },
};

/// How long histories of workflows that have ended are kept, if nothing else is said.
const RETENTION: Duration = Duration::from_secs(3 * 24 * 60 * 60);

/// Namespaces.
impl Client {
    /// Registers a namespace when awaited. It may take some seconds until workflows can be started in it.
    ///
    /// ```no_run
    /// # use steadfast::{Client, days};
    /// # async fn example(client: Client) -> Result<(), Box<dyn std::error::Error>> {
    /// client.register_namespace("shop").retention(days(30)).description("orders of the shop").await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn register_namespace(&self, name: impl Into<String>) -> RegisterNamespaceCall {
        let request = Box::new(RegisterNamespaceRequest {
            namespace: name.into(),
            workflow_execution_retention_period: Some(duration(RETENTION)),
            ..RegisterNamespaceRequest::default()
        });
        RegisterNamespaceCall {
            client: self.clone(),
            request,
        }
    }

    /// What the server knows about a namespace.
    ///
    /// # Errors
    /// There is no such namespace, or the call fails.
    pub async fn describe_namespace(&self, name: impl Into<String>) -> Result<NamespaceDescription, OperatorError> {
        let request = DescribeNamespaceRequest {
            namespace: name.into(),
            ..DescribeNamespaceRequest::default()
        };
        Ok(NamespaceDescription::new(
            self.connection().describe_namespace(request).await?,
        ))
    }

    /// Changes a namespace when awaited. What is not set stays as it is.
    pub fn update_namespace(&self, name: impl Into<String>) -> UpdateNamespaceCall {
        UpdateNamespaceCall {
            client: self.clone(),
            request: Box::new(UpdateNamespaceRequest {
                namespace: name.into(),
                ..UpdateNamespaceRequest::default()
            }),
        }
    }

    /// Deletes a namespace with everything in it. The server does it a little later; its name is free at once.
    ///
    /// # Errors
    /// There is no such namespace, or the call fails.
    pub async fn delete_namespace(&self, name: impl Into<String>) -> Result<(), OperatorError> {
        let request = DeleteNamespaceRequest {
            namespace: name.into(),
            ..DeleteNamespaceRequest::default()
        };
        self.connection().call(request).await?;
        Ok(())
    }

    /// The namespaces of the server.
    pub fn list_namespaces(&self) -> NamespaceList {
        NamespaceList {
            client: self.clone(),
            pages: Pages::default(),
        }
    }
}

/// A new namespace, registered when awaited.
#[must_use = "nothing is registered until awaited"]
pub struct RegisterNamespaceCall {
    client: Client,
    request: Box<RegisterNamespaceRequest>,
}

impl RegisterNamespaceCall {
    /// How long histories of workflows that have ended are kept: three days, unless this says otherwise; at least an hour.
    pub fn retention(mut self, retention: Duration) -> Self {
        self.request.workflow_execution_retention_period = Some(duration(retention));
        self
    }

    /// What it is for.
    pub fn description(mut self, text: impl Into<String>) -> Self {
        self.request.description = text.into();
        self
    }

    /// Who is to be asked about it.
    pub fn owner_email(mut self, address: impl Into<String>) -> Self {
        self.request.owner_email = address.into();
        self
    }

    /// A note for programs. May be called for several.
    pub fn data(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.request.data.insert(name.into(), value.into());
        self
    }
}

impl IntoFuture for RegisterNamespaceCall {
    type Output = Result<(), OperatorError>;
    type IntoFuture = BoxFuture<Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            self.client.connection().call(*self.request).await?;
            Ok(())
        })
    }
}

/// A change of a namespace, made when awaited.
#[must_use = "nothing is changed until awaited"]
pub struct UpdateNamespaceCall {
    client: Client,
    request: Box<UpdateNamespaceRequest>,
}

impl UpdateNamespaceCall {
    /// How long histories of workflows that have ended are kept; at least an hour.
    pub fn retention(mut self, retention: Duration) -> Self {
        let config = self.request.config.get_or_insert_with(NamespaceConfig::default);
        config.workflow_execution_retention_ttl = Some(duration(retention));
        self
    }

    /// What it is for.
    pub fn description(mut self, text: impl Into<String>) -> Self {
        self.info().description = text.into();
        self
    }

    /// Who is to be asked about it.
    pub fn owner_email(mut self, address: impl Into<String>) -> Self {
        self.info().owner_email = address.into();
        self
    }

    /// A note for programs, in place of another of the name. May be called for several.
    pub fn data(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.info().data.insert(name.into(), value.into());
        self
    }

    fn info(&mut self) -> &mut UpdateNamespaceInfo {
        self.request.update_info.get_or_insert_default()
    }
}

impl IntoFuture for UpdateNamespaceCall {
    type Output = Result<(), OperatorError>;
    type IntoFuture = BoxFuture<Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            self.client.connection().call(*self.request).await?;
            Ok(())
        })
    }
}

/// What the server knows about a namespace.
#[derive(Debug, Clone)]
pub struct NamespaceDescription {
    response: Box<DescribeNamespaceResponse>,
    info: Box<NamespaceInfo>,
}

impl NamespaceDescription {
    fn new(mut response: DescribeNamespaceResponse) -> Self {
        Self {
            info: Box::new(response.namespace_info.take().unwrap_or_default()),
            response: Box::new(response),
        }
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.info.name
    }

    /// Its id, which no other namespace ever has.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.info.id
    }

    /// Whether it is in use.
    #[must_use]
    pub fn state(&self) -> NamespaceState {
        self.info.state()
    }

    /// What it is for.
    #[must_use]
    pub fn description(&self) -> &str {
        &self.info.description
    }

    /// Who is to be asked about it.
    #[must_use]
    pub fn owner_email(&self) -> &str {
        &self.info.owner_email
    }

    /// Notes for programs.
    #[must_use]
    pub fn data(&self) -> &BTreeMap<String, String> {
        &self.info.data
    }

    /// How long histories of workflows that have ended are kept.
    #[must_use]
    pub fn retention(&self) -> Option<Duration> {
        let config = self.response.config.as_ref()?;
        config.workflow_execution_retention_ttl.as_ref().and_then(std_duration)
    }

    /// The answer as it came, and the part of it that is about the namespace.
    #[must_use]
    pub fn raw(&self) -> (&DescribeNamespaceResponse, &NamespaceInfo) {
        (&self.response, &self.info)
    }
}

/// The namespaces of a server, fetched page by page.
#[must_use = "nothing is asked until `.next()`"]
pub struct NamespaceList {
    client: Client,
    pages: Pages<DescribeNamespaceResponse>,
}

impl NamespaceList {
    /// The next one; `None` after the last.
    ///
    /// # Errors
    /// The call fails.
    pub async fn next(&mut self) -> Result<Option<NamespaceDescription>, OperatorError> {
        while let Some(next_page_token) = self.pages.wanted() {
            let request = ListNamespacesRequest {
                next_page_token,
                ..ListNamespacesRequest::default()
            };
            let answer = self.client.connection().call(request).await?;
            self.pages.add(answer.namespaces, answer.next_page_token);
        }
        Ok(self.pages.pop().map(NamespaceDescription::new))
    }
}
