//! Nexus endpoints: names under which other namespaces reach Nexus services.

use super::{Client, OperatorError, list::Pages};
use crate::convert::{DecodeError, EncodeError};
use std::{future::IntoFuture, time::SystemTime};
use steadfast_core::BoxFuture;
use steadfast_proto::{
    common::Payload,
    nexus::{
        Endpoint, EndpointSpec, EndpointTarget,
        endpoint_target::{External, Variant, Worker},
    },
    operatorservice::{
        CreateNexusEndpointRequest, DeleteNexusEndpointRequest, GetNexusEndpointRequest, ListNexusEndpointsRequest,
        UpdateNexusEndpointRequest,
    },
    system_time,
};

/// Who answers behind a Nexus endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum NexusTarget {
    /// The workers of a task queue.
    TaskQueue {
        /// The namespace of the task queue.
        namespace: String,
        /// Its name.
        task_queue: String,
    },
    /// Whoever answers at this URL.
    Url(String),
}

impl NexusTarget {
    /// The workers of a task queue.
    pub fn task_queue(namespace: impl Into<String>, task_queue: impl Into<String>) -> Self {
        Self::TaskQueue {
            namespace: namespace.into(),
            task_queue: task_queue.into(),
        }
    }

    fn into_wire(self) -> EndpointTarget {
        EndpointTarget {
            variant: Some(match self {
                Self::TaskQueue { namespace, task_queue } => Variant::Worker(Worker { namespace, task_queue }),
                Self::Url(url) => Variant::External(External { url }),
            }),
        }
    }

    fn of_wire(target: &EndpointTarget) -> Option<Self> {
        Some(match target.variant.as_ref()? {
            Variant::Worker(worker) => Self::task_queue(&worker.namespace, &worker.task_queue),
            Variant::External(external) => Self::Url(external.url.clone()),
        })
    }
}

/// Nexus endpoints, which all namespaces of the server share.
impl Client {
    /// Creates an endpoint when awaited.
    ///
    /// ```no_run
    /// # use steadfast::{Client, client::NexusTarget};
    /// # async fn example(client: Client) -> Result<(), Box<dyn std::error::Error>> {
    /// let payments = client
    ///     .create_nexus_endpoint("payments", NexusTarget::task_queue("bank", "nexus"))
    ///     .description("charges and refunds")
    ///     .await?;
    /// client.delete_nexus_endpoint(&payments).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn create_nexus_endpoint(&self, name: impl Into<String>, target: NexusTarget) -> NexusEndpointCall {
        NexusEndpointCall::new(self, None, name.into(), target)
    }

    /// Gives an endpoint another target when awaited, and another description or none. Fails if somebody else has changed it since.
    pub fn update_nexus_endpoint(&self, endpoint: &NexusEndpoint, target: NexusTarget) -> NexusEndpointCall {
        NexusEndpointCall::new(self, Some(endpoint.clone()), endpoint.name().to_owned(), target)
    }

    /// Deletes an endpoint, unless somebody else has changed it since.
    ///
    /// # Errors
    /// There is no such endpoint any more, it was changed, or the call fails.
    pub async fn delete_nexus_endpoint(&self, endpoint: &NexusEndpoint) -> Result<(), OperatorError> {
        let request = DeleteNexusEndpointRequest {
            id: endpoint.0.id.clone(),
            version: endpoint.0.version,
        };
        self.connection().call(request).await?;
        Ok(())
    }

    /// The endpoint of an id, which is not its name.
    ///
    /// # Errors
    /// There is no such endpoint, or the call fails.
    pub async fn nexus_endpoint(&self, id: impl Into<String>) -> Result<NexusEndpoint, OperatorError> {
        let answer = self
            .connection()
            .call(GetNexusEndpointRequest { id: id.into() })
            .await?;
        Ok(NexusEndpoint(Box::new(answer.endpoint.unwrap_or_default())))
    }

    /// The endpoints of the server.
    pub fn list_nexus_endpoints(&self) -> NexusEndpointList {
        NexusEndpointList {
            client: self.clone(),
            pages: Pages::default(),
        }
    }
}

/// A new endpoint, or a new form of one, when it is awaited.
#[must_use = "nothing is created or changed until awaited"]
pub struct NexusEndpointCall {
    client: Client,
    /// The one that is to be changed.
    old: Option<NexusEndpoint>,
    spec: EndpointSpec,
    error: Option<EncodeError>,
}

impl NexusEndpointCall {
    fn new(client: &Client, old: Option<NexusEndpoint>, name: String, target: NexusTarget) -> Self {
        Self {
            client: client.clone(),
            old,
            spec: EndpointSpec {
                name,
                description: None,
                target: Some(target.into_wire()),
            },
            error: None,
        }
    }

    /// What it is for.
    pub fn description(mut self, text: impl Into<String>) -> Self {
        self.spec.description = super::start::encode_field(&self.client, &text.into(), &mut self.error);
        self
    }
}

impl IntoFuture for NexusEndpointCall {
    type Output = Result<NexusEndpoint, OperatorError>;
    type IntoFuture = BoxFuture<Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            if let Some(error) = self.error {
                return Err(error.into());
            }
            let (connection, spec) = (self.client.connection(), Some(self.spec));
            let endpoint = match self.old {
                None => connection.call(CreateNexusEndpointRequest { spec }).await?.endpoint,
                Some(NexusEndpoint(old)) => {
                    let (id, version) = (old.id, old.version);
                    let request = UpdateNexusEndpointRequest { id, version, spec };
                    connection.call(request).await?.endpoint
                }
            };
            Ok(NexusEndpoint(Box::new(endpoint.unwrap_or_default())))
        })
    }
}

/// A Nexus endpoint, as it was when the server was asked.
#[derive(Debug, Clone)]
pub struct NexusEndpoint(Box<Endpoint>);

impl NexusEndpoint {
    /// Its name, which workflows use.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.spec.as_ref().map_or("", |spec| &spec.name)
    }

    /// Its id, which no other endpoint ever has.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.0.id
    }

    /// Who answers behind it; `None` if it is somebody whom this client does not know.
    #[must_use]
    pub fn target(&self) -> Option<NexusTarget> {
        NexusTarget::of_wire(self.0.spec.as_ref()?.target.as_ref()?)
    }

    /// What it is for, `None` if nobody wrote it down.
    ///
    /// # Errors
    /// It is no text.
    pub fn description(&self, client: &Client) -> Result<Option<String>, DecodeError> {
        let payload: Option<&Payload> = self.0.spec.as_ref().and_then(|spec| spec.description.as_ref());
        payload
            .map(|payload| client.converter().decode(Some(payload)))
            .transpose()
    }

    /// When it was created.
    #[must_use]
    pub fn created_time(&self) -> Option<SystemTime> {
        self.0.created_time.as_ref().and_then(system_time)
    }

    /// All of it, as it came.
    #[must_use]
    pub fn raw(&self) -> &Endpoint {
        &self.0
    }
}

/// The Nexus endpoints of a server, fetched page by page.
#[must_use = "nothing is asked until `.next()`"]
pub struct NexusEndpointList {
    client: Client,
    pages: Pages<Endpoint>,
}

impl NexusEndpointList {
    /// The next one; `None` after the last.
    ///
    /// # Errors
    /// The call fails.
    pub async fn next(&mut self) -> Result<Option<NexusEndpoint>, OperatorError> {
        while let Some(next_page_token) = self.pages.wanted() {
            let request = ListNexusEndpointsRequest {
                next_page_token,
                ..ListNexusEndpointsRequest::default()
            };
            let answer = self.client.connection().call(request).await?;
            self.pages.add(answer.endpoints, answer.next_page_token);
        }
        Ok(self.pages.pop().map(|endpoint| NexusEndpoint(Box::new(endpoint))))
    }
}
