//! Finding workflows.

use super::{Client, RpcError, WorkflowStatus, describe::execution_info};
use crate::{
    convert::{Converter, Data, DecodeError},
    search_attribute::{SearchAttributeKey, SearchAttributeValue},
};
use bytes::Bytes;
use std::{collections::VecDeque, time::SystemTime};
use steadfast_proto::{
    system_time,
    workflow::WorkflowExecutionInfo,
    workflowservice::{CountWorkflowExecutionsRequest, ListWorkflowExecutionsRequest},
};

/// The workflows that a query finds, fetched page by page.
///
/// ```no_run
/// # async fn example(client: steadfast::Client) -> Result<(), steadfast::client::RpcError> {
/// let mut running = client.list("ExecutionStatus = 'Running'");
/// while let Some(workflow) = running.next().await? {
///     println!("{} {}", workflow.id(), workflow.workflow_type());
/// }
/// # Ok(())
/// # }
/// ```
#[must_use = "nothing is asked until `.next()`"]
pub struct WorkflowList {
    client: Client,
    request: Box<ListWorkflowExecutionsRequest>,
    pages: Pages<WorkflowExecutionInfo>,
}

/// A list that comes page by page.
pub(super) struct Pages<T> {
    page: VecDeque<T>,
    /// What to ask for the next page with, `None` after the last.
    token: Option<Bytes>,
}

impl<T> Default for Pages<T> {
    fn default() -> Self {
        Self {
            page: VecDeque::new(),
            token: Some(Bytes::new()),
        }
    }
}

impl<T> Pages<T> {
    /// The next entry. `fetch` gets the page of a token, and the token of the page after it, empty for none.
    pub(super) async fn next(
        &mut self,
        fetch: impl AsyncFn(Bytes) -> Result<(Vec<T>, Bytes), RpcError>,
    ) -> Result<Option<T>, RpcError> {
        while self.page.is_empty()
            && let Some(token) = self.token.clone()
        {
            let (page, token) = fetch(token).await?;
            self.page = page.into();
            self.token = Some(token).filter(|token| !token.is_empty());
        }
        Ok(self.page.pop_front())
    }
}

/// A workflow in a list.
#[derive(Debug, Clone)]
pub struct WorkflowSummary {
    info: Box<WorkflowExecutionInfo>,
    converter: Converter,
}

impl WorkflowList {
    pub(super) fn new(client: Client, query: String) -> Self {
        let request = Box::new(ListWorkflowExecutionsRequest {
            namespace: client.namespace().to_owned(),
            query,
            ..ListWorkflowExecutionsRequest::default()
        });
        Self {
            client,
            request,
            pages: Pages::default(),
        }
    }

    /// How many are fetched at once.
    pub fn page_size(mut self, workflows: u32) -> Self {
        self.request.page_size = i32::try_from(workflows).unwrap_or(i32::MAX);
        self
    }

    /// The next one; `None` after the last.
    ///
    /// # Errors
    /// The query is malformed, or the call fails.
    pub async fn next(&mut self) -> Result<Option<WorkflowSummary>, RpcError> {
        let (client, request) = (&self.client, &self.request);
        let fetch = async |next_page_token| {
            let request = ListWorkflowExecutionsRequest {
                next_page_token,
                ..(**request).clone()
            };
            let answer = client.connection().list_workflow_executions(request).await?;
            Ok((answer.executions, answer.next_page_token))
        };
        let info = self.pages.next(fetch).await?;
        Ok(info.map(|info| WorkflowSummary {
            info: Box::new(info),
            converter: self.client.converter().clone(),
        }))
    }

    /// All of them.
    ///
    /// # Errors
    /// The query is malformed, or a call fails.
    pub async fn all(mut self) -> Result<Vec<WorkflowSummary>, RpcError> {
        let mut all = Vec::new();
        while let Some(workflow) = self.next().await? {
            all.push(workflow);
        }
        Ok(all)
    }
}

execution_info!(WorkflowSummary);

impl WorkflowSummary {
    /// The entry as it came.
    #[must_use]
    pub fn raw(&self) -> &WorkflowExecutionInfo {
        &self.info
    }
}

pub(super) async fn count(client: &Client, query: String) -> Result<u64, RpcError> {
    let request = CountWorkflowExecutionsRequest {
        namespace: client.namespace().to_owned(),
        query,
    };
    let answer = client.connection().count_workflow_executions(request).await?;
    Ok(u64::try_from(answer.count).unwrap_or_default())
}
