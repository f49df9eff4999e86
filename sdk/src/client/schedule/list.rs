//! Finding schedules.

use super::{
    ScheduleHandle, ScheduleSpec,
    description::{ScheduleActionResult, results},
};
use crate::{
    client::{Client, RpcError, list::Pages},
    convert::{Data, DecodeError},
};
use std::time::SystemTime;
use steadfast_proto::{
    schedule::{ScheduleListEntry, ScheduleListInfo},
    system_time,
    workflowservice::ListSchedulesRequest,
};

/// The schedules that a query finds, fetched page by page.
#[must_use = "nothing is asked until `.next()`"]
pub struct ScheduleList {
    client: Client,
    request: Box<ListSchedulesRequest>,
    pages: Pages<ScheduleListEntry>,
}

/// A schedule in a list.
#[derive(Debug, Clone)]
pub struct ScheduleSummary {
    entry: Box<ScheduleListEntry>,
    client: Client,
}

impl ScheduleList {
    pub(in crate::client) fn new(client: Client, query: String) -> Self {
        let request = Box::new(ListSchedulesRequest {
            namespace: client.namespace().to_owned(),
            query,
            ..ListSchedulesRequest::default()
        });
        Self {
            client,
            request,
            pages: Pages::default(),
        }
    }

    /// How many are fetched at once.
    pub fn page_size(mut self, schedules: u32) -> Self {
        self.request.maximum_page_size = i32::try_from(schedules).unwrap_or(i32::MAX);
        self
    }

    /// The next one; `None` after the last.
    ///
    /// # Errors
    /// The query is malformed, or the call fails.
    pub async fn next(&mut self) -> Result<Option<ScheduleSummary>, RpcError> {
        while let Some(next_page_token) = self.pages.wanted() {
            let request = ListSchedulesRequest {
                next_page_token,
                ..(*self.request).clone()
            };
            let answer = self.client.connection().list_schedules(request).await?;
            self.pages.add(answer.schedules, answer.next_page_token);
        }
        let entry = self.pages.pop();
        Ok(entry.map(|entry| ScheduleSummary {
            entry: Box::new(entry),
            client: self.client.clone(),
        }))
    }

    /// All of them.
    ///
    /// # Errors
    /// The query is malformed, or a call fails.
    pub async fn all(mut self) -> Result<Vec<ScheduleSummary>, RpcError> {
        let mut all = Vec::new();
        while let Some(schedule) = self.next().await? {
            all.push(schedule);
        }
        Ok(all)
    }
}

impl ScheduleSummary {
    /// The schedule's id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.entry.schedule_id
    }

    /// A handle to it.
    #[must_use]
    pub fn handle(&self) -> ScheduleHandle {
        ScheduleHandle::new(self.client.clone(), self.entry.schedule_id.clone())
    }

    /// When it starts its workflow.
    pub fn spec(&self) -> ScheduleSpec {
        ScheduleSpec(self.info().and_then(|info| info.spec.clone()).unwrap_or_default())
    }

    /// The name of the type of the workflow that it starts.
    #[must_use]
    pub fn workflow_type(&self) -> &str {
        let workflow_type = self.info().and_then(|info| info.workflow_type.as_ref());
        workflow_type.map_or("", |workflow_type| &workflow_type.name)
    }

    /// What people should know of it.
    #[must_use]
    pub fn note(&self) -> &str {
        self.info().map_or("", |info| &info.notes)
    }

    /// Whether it is paused.
    #[must_use]
    pub fn is_paused(&self) -> bool {
        self.info().is_some_and(|info| info.paused)
    }

    /// Its latest starts, the last one at the end.
    pub fn recent_actions(&self) -> impl Iterator<Item = ScheduleActionResult> {
        results(self.info().map_or(&[][..], |info| &info.recent_actions))
    }

    /// When it starts its workflow next.
    pub fn next_action_times(&self) -> impl Iterator<Item = SystemTime> {
        let times = self.info().map_or(&[][..], |info| &info.future_action_times);
        times.iter().filter_map(system_time)
    }

    /// A field of the schedule's own memo, `None` if there is none of the name.
    ///
    /// # Errors
    /// It is not a `T`.
    pub fn memo<T: Data>(&self, name: &str) -> Result<Option<T>, DecodeError> {
        let memo = self.entry.memo.as_ref();
        self.client
            .converter()
            .decode_field(memo.map(|memo| &memo.fields), name)
    }

    /// The entry as it came.
    #[must_use]
    pub fn raw(&self) -> &ScheduleListEntry {
        &self.entry
    }

    fn info(&self) -> Option<&ScheduleListInfo> {
        self.entry.info.as_ref()
    }
}
