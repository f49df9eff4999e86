//! A schedule, reached through a client.

use super::{Schedule, ScheduleDescription, ScheduleError, ScheduleOverlapPolicy, backfill};
use crate::client::{Client, new_id};
use std::time::SystemTime;
use steadfast_proto::{
    schedule::{SchedulePatch, TriggerImmediatelyRequest},
    system_time, timestamp,
    workflowservice::{
        DeleteScheduleRequest, DescribeScheduleRequest, ListScheduleMatchingTimesRequest, PatchScheduleRequest,
        UpdateScheduleRequest,
    },
};

/// How often an update is tried that others get in the way of.
const UPDATE_ATTEMPTS: u32 = 10;

/// A schedule, reached through a client. Cheap to clone.
#[derive(Debug, Clone)]
pub struct ScheduleHandle {
    client: Client,
    id: String,
}

impl ScheduleHandle {
    pub(in crate::client) fn new(client: Client, id: String) -> Self {
        Self { client, id }
    }

    /// The schedule's id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// What the server knows about it.
    ///
    /// # Errors
    /// There is no such schedule, or the call fails.
    pub async fn describe(&self) -> Result<ScheduleDescription, ScheduleError> {
        let request = self.describe_request();
        let response = self.client.connection().describe_schedule(request).await?;
        Ok(ScheduleDescription::new(response, self.client.converter().clone()))
    }

    fn describe_request(&self) -> DescribeScheduleRequest {
        DescribeScheduleRequest {
            namespace: self.client.namespace().to_owned(),
            schedule_id: self.id.clone(),
        }
    }

    /// Changes it: the closure gets what there is and returns what there is to be. If somebody else changes it at the same
    /// time, the closure is called again with what that one left.
    ///
    /// # Errors
    /// There is no such schedule, the new one is malformed, others change it all the time, or a call fails.
    pub async fn update(&self, change: impl Fn(Schedule) -> Schedule) -> Result<(), ScheduleError> {
        let mut attempts = 1..=UPDATE_ATTEMPTS;
        loop {
            let is_last = attempts.next() == Some(UPDATE_ATTEMPTS);
            // What could not be decoded would be encoded once more.
            let connection = self.client.connection();
            let response = connection.describe_schedule_to_update(self.describe_request()).await?;
            let description = ScheduleDescription::new(response, self.client.converter().clone());
            let request = UpdateScheduleRequest {
                namespace: self.client.namespace().to_owned(),
                schedule_id: self.id.clone(),
                conflict_token: description.raw().conflict_token.clone(),
                schedule: Some(change(description.into_schedule()).into_wire(&self.id)?),
                identity: self.client.identity().to_owned(),
                request_id: new_id(),
                ..UpdateScheduleRequest::default()
            };
            match connection.update_schedule(request).await {
                Ok(_) => return Ok(()),
                Err(error) if error.is_conflict() && !is_last => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Starts nothing until it is resumed; the note says why.
    ///
    /// # Errors
    /// There is no such schedule, or the call fails.
    pub async fn pause(&self, note: impl Into<String>) -> Result<(), ScheduleError> {
        self.patch(SchedulePatch {
            pause: said(note.into(), "Paused by steadfast"),
            ..SchedulePatch::default()
        })
        .await
    }

    /// Goes on after a pause; the note says why.
    ///
    /// # Errors
    /// There is no such schedule, or the call fails.
    pub async fn unpause(&self, note: impl Into<String>) -> Result<(), ScheduleError> {
        self.patch(SchedulePatch {
            unpause: said(note.into(), "Unpaused by steadfast"),
            ..SchedulePatch::default()
        })
        .await
    }

    /// Starts the workflow now, whatever the times say. If one runs, the schedule's own policy decides, or this one.
    ///
    /// # Errors
    /// There is no such schedule, or the call fails.
    pub async fn trigger(&self, overlap: impl Into<Option<ScheduleOverlapPolicy>>) -> Result<(), ScheduleError> {
        self.patch(SchedulePatch {
            trigger_immediately: Some(TriggerImmediatelyRequest {
                overlap_policy: overlap.into().unwrap_or_default().into(),
                ..TriggerImmediatelyRequest::default()
            }),
            ..SchedulePatch::default()
        })
        .await
    }

    /// Starts the workflow for the times between two moments, which may be past, as if it were those times now.
    ///
    /// # Errors
    /// There is no such schedule, or the call fails.
    pub async fn backfill(
        &self,
        from: SystemTime,
        to: SystemTime,
        overlap: ScheduleOverlapPolicy,
    ) -> Result<(), ScheduleError> {
        self.patch(SchedulePatch {
            backfill_request: vec![backfill(from, to, overlap)],
            ..SchedulePatch::default()
        })
        .await
    }

    /// The times at which it starts its workflow between two moments.
    ///
    /// # Errors
    /// There is no such schedule, or the call fails.
    pub async fn matching_times(&self, from: SystemTime, to: SystemTime) -> Result<Vec<SystemTime>, ScheduleError> {
        let request = ListScheduleMatchingTimesRequest {
            namespace: self.client.namespace().to_owned(),
            schedule_id: self.id.clone(),
            start_time: Some(timestamp(from)),
            end_time: Some(timestamp(to)),
        };
        let answer = self.client.connection().list_schedule_matching_times(request).await?;
        Ok(answer.start_time.iter().filter_map(system_time).collect())
    }

    /// Deletes it. What it has started goes on.
    ///
    /// # Errors
    /// There is no such schedule, or the call fails.
    pub async fn delete(&self) -> Result<(), ScheduleError> {
        let request = DeleteScheduleRequest {
            namespace: self.client.namespace().to_owned(),
            schedule_id: self.id.clone(),
            identity: self.client.identity().to_owned(),
        };
        self.client.connection().delete_schedule(request).await?;
        Ok(())
    }

    async fn patch(&self, patch: SchedulePatch) -> Result<(), ScheduleError> {
        let request = PatchScheduleRequest {
            namespace: self.client.namespace().to_owned(),
            schedule_id: self.id.clone(),
            patch: Some(patch),
            identity: self.client.identity().to_owned(),
            request_id: new_id(),
        };
        self.client.connection().patch_schedule(request).await?;
        Ok(())
    }
}

/// On the wire an empty note means that nothing is asked for.
fn said(note: String, otherwise: &str) -> String {
    if note.is_empty() { otherwise.to_owned() } else { note }
}
