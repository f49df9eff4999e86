//! Finding standalone activities.

use super::{ActivityHandle, ActivityStatus};
use crate::{
    client::{
        Client, RpcError, WorkflowCount,
        list::{Pages, natural},
    },
    convert::{Data, DecodeError},
    search_attribute::{SearchAttributeKey, SearchAttributeValue},
};
use std::time::SystemTime;
use steadfast_proto::{
    activity::ActivityExecutionListInfo,
    system_time,
    workflowservice::{CountActivityExecutionsRequest, CountActivityExecutionsResponse, ListActivityExecutionsRequest},
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

impl ActivitySummary {
    /// The activity's id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.info.activity_id
    }

    /// The run's id.
    #[must_use]
    pub fn run_id(&self) -> &str {
        &self.info.run_id
    }

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

    /// Whether it runs, and if not, how it ended.
    #[must_use]
    pub fn status(&self) -> ActivityStatus {
        self.info.status()
    }

    /// The task queue.
    #[must_use]
    pub fn task_queue(&self) -> &str {
        &self.info.task_queue
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
    pub fn raw(&self) -> &ActivityExecutionListInfo {
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

async fn ask_count(client: &Client, query: String) -> Result<CountActivityExecutionsResponse, RpcError> {
    let request = CountActivityExecutionsRequest {
        namespace: client.namespace().to_owned(),
        query,
    };
    client.connection().count_activity_executions(request).await
}
