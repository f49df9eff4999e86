//! Finding standalone Nexus operations.

use super::{NexusOperationHandle, NexusOperationStatus};
use crate::{
    client::{
        Client, RpcError, WorkflowCount,
        list::{Pages, natural},
    },
    convert::DecodeError,
    search_attribute::{SearchAttributeKey, SearchAttributeValue},
};
use std::time::SystemTime;
use steadfast_proto::{
    nexus::NexusOperationExecutionListInfo,
    system_time,
    workflowservice::{
        CountNexusOperationExecutionsRequest, CountNexusOperationExecutionsResponse,
        ListNexusOperationExecutionsRequest,
    },
};

/// The standalone Nexus operations that a query finds, fetched page by page.
#[must_use = "nothing is asked until `.next()`"]
pub struct NexusOperationList {
    client: Client,
    request: Box<ListNexusOperationExecutionsRequest>,
    pages: Pages<NexusOperationExecutionListInfo>,
}

/// A standalone Nexus operation in a list.
#[derive(Debug, Clone)]
pub struct NexusOperationSummary {
    info: Box<NexusOperationExecutionListInfo>,
    client: Client,
}

impl NexusOperationList {
    pub(super) fn new(client: Client, query: String) -> Self {
        let request = Box::new(ListNexusOperationExecutionsRequest {
            namespace: client.namespace().to_owned(),
            query,
            ..ListNexusOperationExecutionsRequest::default()
        });
        Self {
            client,
            request,
            pages: Pages::default(),
        }
    }

    /// How many are fetched at once.
    pub fn page_size(mut self, operations: u32) -> Self {
        self.request.page_size = i32::try_from(operations).unwrap_or(i32::MAX);
        self
    }

    /// The next one; `None` after the last.
    ///
    /// # Errors
    /// The query is malformed, or the call fails.
    pub async fn next(&mut self) -> Result<Option<NexusOperationSummary>, RpcError> {
        while let Some(next_page_token) = self.pages.wanted() {
            let request = ListNexusOperationExecutionsRequest {
                next_page_token,
                ..(*self.request).clone()
            };
            let answer = self
                .client
                .connection()
                .list_nexus_operation_executions(request)
                .await?;
            self.pages.add(answer.operations, answer.next_page_token);
        }
        Ok(self.pages.pop().map(|info| NexusOperationSummary {
            info: Box::new(info),
            client: self.client.clone(),
        }))
    }

    /// All of them.
    ///
    /// # Errors
    /// The query is malformed, or a call fails.
    pub async fn all(mut self) -> Result<Vec<NexusOperationSummary>, RpcError> {
        let mut all = Vec::new();
        while let Some(operation) = self.next().await? {
            all.push(operation);
        }
        Ok(all)
    }
}

impl NexusOperationSummary {
    /// The operation's id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.info.operation_id
    }

    /// A handle to this run of it.
    #[must_use]
    pub fn handle(&self) -> NexusOperationHandle {
        let run_id = self.info.run_id.clone();
        NexusOperationHandle::new(self.client.clone(), self.info.operation_id.clone(), run_id)
    }

    /// The endpoint, the service and the operation's name.
    #[must_use]
    pub fn names(&self) -> [&str; 3] {
        [&self.info.endpoint, &self.info.service, &self.info.operation]
    }

    /// Whether it runs, and if not, how it ended.
    #[must_use]
    pub fn status(&self) -> NexusOperationStatus {
        self.info.status()
    }

    /// When it was started.
    #[must_use]
    pub fn schedule_time(&self) -> Option<SystemTime> {
        self.info.schedule_time.as_ref().and_then(system_time)
    }

    /// When it ended, if it did.
    #[must_use]
    pub fn close_time(&self) -> Option<SystemTime> {
        self.info.close_time.as_ref().and_then(system_time)
    }

    /// The value of a search attribute, `None` if it is not set.
    ///
    /// # Errors
    /// It is of another type than the key says.
    pub fn search_attribute<T: SearchAttributeValue>(
        &self,
        key: &SearchAttributeKey<T>,
    ) -> Result<Option<T>, DecodeError> {
        let attributes = self.info.search_attributes.as_ref();
        key.read(attributes.and_then(|attributes| attributes.indexed_fields.get(key.name())))
    }

    /// The entry as it came.
    #[must_use]
    pub fn raw(&self) -> &NexusOperationExecutionListInfo {
        &self.info
    }
}

pub(super) async fn count(client: &Client, query: String) -> Result<u64, RpcError> {
    Ok(natural(ask_count(client, query).await?.count))
}

pub(super) async fn count_groups(client: &Client, query: String) -> Result<Vec<WorkflowCount>, RpcError> {
    let groups = ask_count(client, query).await?.groups.into_iter();
    Ok(groups
        .map(|group| WorkflowCount::new(group.count, group.group_values, client.converter().clone()))
        .collect())
}

async fn ask_count(client: &Client, query: String) -> Result<CountNexusOperationExecutionsResponse, RpcError> {
    let request = CountNexusOperationExecutionsRequest {
        namespace: client.namespace().to_owned(),
        query,
    };
    client.connection().count_nexus_operation_executions(request).await
}
