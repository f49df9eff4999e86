//! Finding standalone Nexus operations.

use super::{NexusOperationHandle, NexusOperationStatus};
use crate::client::{
    Client, RpcError,
    list::{Counted, Pages},
    standalone::execution_facts,
};
use steadfast_proto::{
    nexus::NexusOperationExecutionListInfo,
    workflowservice::{CountNexusOperationExecutionsRequest, ListNexusOperationExecutionsRequest},
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

execution_facts!(NexusOperationSummary, operation_id, NexusOperationStatus);

impl NexusOperationSummary {
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

    /// The entry as it came.
    #[must_use]
    pub fn raw(&self) -> &NexusOperationExecutionListInfo {
        &self.info
    }
}

pub(super) async fn counted(client: &Client, query: String) -> Result<Counted, RpcError> {
    let request = CountNexusOperationExecutionsRequest {
        namespace: client.namespace().to_owned(),
        query,
    };
    let answer = client.connection().count_nexus_operation_executions(request).await?;
    let groups = answer.groups.into_iter().map(|group| (group.count, group.group_values));
    Ok(Counted::new(client, answer.count, groups))
}
