//! Finding workflows.

use super::{Client, RpcError, WorkflowStatus, describe::execution_info, history::WorkflowEvents};
use crate::{
    convert::{Converter, Data, DecodeError},
    search_attribute::{SearchAttributeKey, SearchAttributeValue},
};
use bytes::Bytes;
use std::{collections::VecDeque, time::SystemTime};
use steadfast_proto::{
    common::Payload,
    history::History,
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
    /// How many may still come.
    left: Option<u64>,
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
    /// What to ask for a page with, if one is to be fetched before there is a next entry.
    pub(super) fn wanted(&self) -> Option<Bytes> {
        self.token.clone().filter(|_| self.page.is_empty())
    }

    /// A page, and the token of the one after it, empty for none.
    pub(super) fn add(&mut self, page: Vec<T>, token: Bytes) {
        self.page = page.into();
        self.token = Some(token).filter(|token| !token.is_empty());
    }

    /// The next entry, once nothing is wanted any more; `None` after the last.
    pub(super) fn pop(&mut self) -> Option<T> {
        self.page.pop_front()
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
            left: None,
        }
    }

    /// How many are found at most.
    pub fn limit(mut self, workflows: u64) -> Self {
        self.left = Some(workflows);
        self
    }

    /// The histories of those that are found, to [replay](crate::replay::Replayer) them, say.
    pub fn histories(self) -> WorkflowHistories {
        WorkflowHistories(self)
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
        if self.left == Some(0) {
            return Ok(None);
        }
        while let Some(next_page_token) = self.pages.wanted() {
            let request = ListWorkflowExecutionsRequest {
                next_page_token,
                ..(*self.request).clone()
            };
            let answer = self.client.connection().list_workflow_executions(request).await?;
            self.pages.add(answer.executions, answer.next_page_token);
        }
        let info = self.pages.pop();
        self.left = self.left.map(|left| left.saturating_sub(1));
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

/// The histories of the workflows that a query finds, one after the other.
///
/// ```no_run
/// # async fn example(client: steadfast::Client, replayer: steadfast::replay::Replayer) -> Result<(), Box<dyn std::error::Error>> {
/// let mut histories = client.list("WorkflowType = 'Approval'").limit(100).histories();
/// while let Some((workflow, history)) = histories.next().await? {
///     replayer.replay(history).map_err(|error| format!("{}: {error}", workflow.id()))?;
/// }
/// # Ok(())
/// # }
/// ```
#[must_use = "nothing is asked until `.next()`"]
pub struct WorkflowHistories(WorkflowList);

impl WorkflowHistories {
    /// The next workflow with the history of its run; `None` after the last.
    ///
    /// # Errors
    /// The query is malformed, or a call fails, as for a workflow that was deleted since.
    pub async fn next(&mut self) -> Result<Option<(WorkflowSummary, History)>, RpcError> {
        let Some(summary) = self.0.next().await? else {
            return Ok(None);
        };
        let mut events = WorkflowEvents::of_run(self.0.client.clone(), summary.id(), Some(summary.run_id()));
        let history = events.history().await?;
        Ok(Some((summary, history)))
    }
}

/// How many workflows, or standalone activities, have the same values, of those that a query with `GROUP BY` finds.
#[derive(Debug, Clone)]
pub struct WorkflowCount {
    count: u64,
    values: Vec<Payload>,
    converter: Converter,
}

impl WorkflowCount {
    fn new(count: i64, values: Vec<Payload>, converter: Converter) -> Self {
        Self {
            count: natural(count),
            values,
            converter,
        }
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The value that they have in common: the first, if the query groups by several attributes.
    ///
    /// # Errors
    /// It is not a `T`.
    pub fn value<T: Data>(&self) -> Result<T, DecodeError> {
        self.value_at(0)
    }

    /// The value of the attribute at this place in the query, from 0 on.
    ///
    /// # Errors
    /// It is not a `T`, or there are not so many.
    pub fn value_at<T: Data>(&self, index: usize) -> Result<T, DecodeError> {
        self.converter.decode(self.values.get(index))
    }
}

/// How many a query finds, of whatever kind, and how many of each group if it has groups.
pub(super) struct Counted {
    pub(super) count: u64,
    pub(super) groups: Vec<WorkflowCount>,
}

impl Counted {
    pub(super) fn new(client: &Client, count: i64, groups: impl Iterator<Item = (i64, Vec<Payload>)>) -> Self {
        Self {
            count: natural(count),
            groups: groups
                .map(|(count, values)| WorkflowCount::new(count, values, client.converter().clone()))
                .collect(),
        }
    }
}

pub(super) async fn counted(client: &Client, query: String) -> Result<Counted, RpcError> {
    let request = CountWorkflowExecutionsRequest {
        namespace: client.namespace().to_owned(),
        query,
    };
    let answer = client.connection().count_workflow_executions(request).await?;
    let groups = answer.groups.into_iter().map(|group| (group.count, group.group_values));
    Ok(Counted::new(client, answer.count, groups))
}

fn natural(count: i64) -> u64 {
    u64::try_from(count).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_has_a_value_for_each_attribute_of_its_query() {
        let converter = Converter::default();
        let values = vec![converter.encode(&"Order").unwrap(), converter.encode(&7_u32).unwrap()];
        let group = WorkflowCount::new(3, values, converter);
        assert_eq!(group.count(), 3);
        assert_eq!(group.value::<String>().unwrap(), "Order");
        assert_eq!(group.value_at::<u32>(1).unwrap(), 7);
        assert!(group.value_at::<u32>(0).is_err(), "it is text");
        assert!(group.value_at::<u32>(2).is_err(), "there are two");
    }
}
