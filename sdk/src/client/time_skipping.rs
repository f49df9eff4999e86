//! A workflow with a clock of its own, which the server turns forward.

use super::{RequestError, ToClient, WorkflowDescription, new_id};
use crate::{handle::HandleCore, workflow::Workflow};
use std::time::{Duration, SystemTime};
use steadfast_proto::{
    common::{FastForwardConfig, TimeSkippingConfig, WorkflowExecution},
    duration,
    enums::FastForwardPollingResult,
    system_time,
    workflowservice::PollWorkflowExecutionTimeSkippingRequest,
};

/// Whether the server turns a workflow's clock forward while it only waits for time to pass: one of the workflow's own, which the runs
/// that follow and its children have too. Others on the server notice nothing.
///
/// ```no_run
/// # use steadfast::{Client, client::TimeSkipping, workflow::Workflow};
/// # async fn example<Reminder: Workflow<Input = u32> + 'static>(client: Client) -> Result<(), Box<dyn std::error::Error>> {
/// let reminder = client.start::<Reminder>(7).time_skipping(TimeSkipping::new()).task_queue("reminders").await?;
/// reminder.result().await?; // at once, whatever it sleeps
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq)]
#[must_use]
pub struct TimeSkipping(TimeSkippingConfig);

impl Default for TimeSkipping {
    fn default() -> Self {
        Self::new()
    }
}

impl TimeSkipping {
    /// The clock is turned forward whenever there is nothing else to do, until the workflow ends.
    pub fn new() -> Self {
        Self(TimeSkippingConfig {
            enabled: true,
            ..TimeSkippingConfig::default()
        })
    }

    /// The clock goes on as everybody's, from where it is.
    pub fn off() -> Self {
        Self(TimeSkippingConfig::default())
    }

    /// The clock is turned forward by this much and then goes on as everybody's.
    pub fn fast_forward(time: Duration) -> Self {
        Self::forward(new_id(), time)
    }

    fn forward(id: String, time: Duration) -> Self {
        let mut skipping = Self::new();
        skipping.0.fast_forward_config = Some(FastForwardConfig {
            id,
            duration: Some(duration(time)),
        });
        skipping
    }

    /// Children have a clock that isn't turned; it begins where their parent's is.
    pub fn not_for_children(mut self) -> Self {
        self.0.disable_propagation = true;
        self
    }

    /// After so many turns the server stops; how many it allows if nothing is said is its own matter.
    pub fn max_skips(mut self, skips: u32) -> Self {
        self.0.max_session_skip_count = i32::try_from(skips).unwrap_or(i32::MAX);
        self
    }

    pub(super) fn into_wire(self) -> TimeSkippingConfig {
        self.0
    }
}

/// How a [fast-forward](HandleCore::fast_forward) came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum FastForwarded {
    /// The workflow's clock is where it was to be.
    Arrived,
    /// The workflow ended before that, or a later fast-forward took its place.
    Ended,
}

impl<W: Workflow + ?Sized> HandleCore<W, ToClient> {
    /// Turns the workflow's clock forward by this much, as fast as what it does on the way allows, and waits until it is there. Runs that
    /// follow go on with it.
    ///
    /// # Errors
    /// There is no such workflow, it has ended, the server can't do it, or the call fails.
    pub async fn fast_forward(&self, time: Duration) -> Result<FastForwarded, RequestError> {
        let id = new_id();
        let skipping = TimeSkipping::forward(id.clone(), time);
        self.update_options().time_skipping(skipping).await?;
        let client = self.target.client();
        let request = PollWorkflowExecutionTimeSkippingRequest {
            namespace: client.namespace().to_owned(),
            // Whichever run of the chain is the last.
            workflow_execution: Some(WorkflowExecution {
                run_id: String::new(),
                ..self.target.execution()
            }),
            fast_forward_id: id,
        };
        let connection = client.connection();
        let answers = async {
            loop {
                let answer = connection
                    .poll_workflow_execution_time_skipping(request.clone())
                    .await?;
                match answer.fast_forward_polling_result() {
                    FastForwardPollingResult::FastForwardCompleted => return Ok(FastForwarded::Arrived),
                    FastForwardPollingResult::FastForwardFailed => return Ok(FastForwarded::Ended),
                    FastForwardPollingResult::PollTimeout | FastForwardPollingResult::Unspecified => {}
                }
            }
        };
        connection.wait("fast-forward", answers).await
    }
}

impl WorkflowDescription {
    /// The time on the workflow's own clock; `None` if it has none of its own.
    #[must_use]
    pub fn virtual_time(&self) -> Option<SystemTime> {
        let (response, _) = self.raw();
        let extended = response.workflow_extended_info.as_ref()?;
        let skipping = extended.time_skipping_info.as_ref()?;
        skipping.current_time.as_ref().and_then(system_time)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_clock_is_told_goes_to_the_server() {
        assert_eq!(TimeSkipping::off().into_wire(), TimeSkippingConfig::default());
        let limited = TimeSkipping::new().not_for_children().max_skips(7).into_wire();
        assert!(limited.enabled && limited.disable_propagation);
        assert_eq!((limited.max_session_skip_count, limited.fast_forward_config), (7, None));
        assert_eq!(
            TimeSkipping::new()
                .max_skips(u32::MAX)
                .into_wire()
                .max_session_skip_count,
            i32::MAX
        );
        let forward = TimeSkipping::fast_forward(Duration::from_secs(90)).into_wire();
        let forward = forward.fast_forward_config.unwrap();
        assert_eq!(forward.duration, Some(duration(Duration::from_secs(90))));
        assert!(!forward.id.is_empty());
    }
}
