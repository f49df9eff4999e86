//! Finding standalone activities.

use super::{ActivityHandle, ActivityStatus};
use crate::{
    client::{
        Client, RpcError,
        list::{Counted, Pages},
        standalone::execution_facts,
    },
    convert::Data,
};
use steadfast_proto::{
    activity::ActivityExecutionListInfo,
    workflowservice::{CountActivityExecutionsRequest, ListActivityExecutionsRequest},
};

/// The standalone activities that a query finds, fetched page by page.
#[must_use = "nothing is asked until `.next()`"]
pub struct ActivityList {
    client: Client,
    request: Box<ListActivityExecutionsRequest>,
    pages: Pages<ActivityExecutionListInfo>,
}

/// A standalone activity in a list.
#[derive(Debug, Clone)]
pub struct ActivitySummary {
    info: Box<ActivityExecutionListInfo>,
    client: Client,
}

impl ActivityList {
    pub(super) fn new(client: Client, query: String) -> Self {
        let request = Box::new(ListActivityExecutionsRequest {
            namespace: client.namespace().to_owned(),
            query,
            ..ListActivityExecutionsRequest::default()
        });
        Self {
            client,
            request,
            pages: Pages::default(),
        }
    }

    /// How many are fetched at once.
    pub fn page_size(mut self, activities: u32) -> Self {
        self.request.page_size = i32::try_from(activities).unwrap_or(i32::MAX);
        self
    }

    /// The next one; `None` after the last.
    ///
    /// # Errors
    /// The query is malformed, or the call fails.
    pub async fn next(&mut self) -> Result<Option<ActivitySummary>, RpcError> {
        while let Some(next_page_token) = self.pages.wanted() {
            let request = ListActivityExecutionsRequest {
                next_page_token,
                ..(*self.request).clone()
            };
            let answer = self.client.connection().list_activity_executions(request).await?;
            self.pages.add(answer.executions, answer.next_page_token);
        }
        Ok(self.pages.pop().map(|info| ActivitySummary {
            info: Box::new(info),
            client: self.client.clone(),
        }))
    }

    /// All of them.
    ///
    /// # Errors
    /// The query is malformed, or a call fails.
    pub async fn all(mut self) -> Result<Vec<ActivitySummary>, RpcError> {
        let mut all = Vec::new();
        while let Some(activity) = self.next().await? {
            all.push(activity);
        }
        Ok(all)
    }
}

execution_facts!(ActivitySummary, activity_id, ActivityStatus);

impl ActivitySummary {
    /// A handle to this run of it.
    #[must_use]
    pub fn handle<O: Data>(&self) -> ActivityHandle<O> {
        let run_id = self.info.run_id.clone();
        ActivityHandle::new(self.client.clone(), self.info.activity_id.clone(), run_id)
    }

    /// The name of the activity's type.
    #[must_use]
    pub fn activity_type(&self) -> &str {
        self.info.activity_type.as_ref().map_or("", |kind| &kind.name)
    }

    /// The task queue.
    #[must_use]
    pub fn task_queue(&self) -> &str {
        &self.info.task_queue
    }

    /// The entry as it came.
    #[must_use]
    pub fn raw(&self) -> &ActivityExecutionListInfo {
        &self.info
    }
}

pub(super) async fn counted(client: &Client, query: String) -> Result<Counted, RpcError> {
    let request = CountActivityExecutionsRequest {
        namespace: client.namespace().to_owned(),
        query,
    };
    let answer = client.connection().count_activity_executions(request).await?;
    let groups = answer.groups.into_iter().map(|group| (group.count, group.group_values));
    Ok(Counted::new(client, answer.count, groups))
}
