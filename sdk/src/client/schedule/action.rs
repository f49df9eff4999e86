//! What a schedule does at its times.

use crate::client::{ScheduleError, StartCall, TaskQueueSet, UnfitOption, WorkflowIdConflictPolicy};
use steadfast_proto::{workflow::NewWorkflowExecutionInfo, workflowservice::StartWorkflowExecutionRequest};

/// The workflow that a schedule starts; options that a schedule has no place for are mistakes.
pub(super) fn workflow<W: ?Sized, M>(
    start: StartCall<W, TaskQueueSet, M>,
) -> Result<NewWorkflowExecutionInfo, ScheduleError> {
    if let Some(error) = start.error {
        return Err(error.into());
    }
    if let Some(option) = unfit(&start.request, start.signal.is_some(), start.is_eager) {
        return Err(UnfitOption::new(option, "a workflow that a schedule starts").into());
    }
    let start = *start.request;
    Ok(NewWorkflowExecutionInfo {
        workflow_id: start.workflow_id,
        workflow_type: start.workflow_type,
        task_queue: start.task_queue,
        input: start.input,
        workflow_execution_timeout: start.workflow_execution_timeout,
        workflow_run_timeout: start.workflow_run_timeout,
        workflow_task_timeout: start.workflow_task_timeout,
        workflow_id_reuse_policy: start.workflow_id_reuse_policy,
        retry_policy: start.retry_policy.map(|policy| *policy),
        cron_schedule: start.cron_schedule,
        memo: start.memo,
        search_attributes: start.search_attributes,
        header: start.header,
        user_metadata: start.user_metadata.map(|metadata| *metadata),
        versioning_override: start.versioning_override.map(|versioning| *versioning),
        priority: start.priority,
    })
}

/// The first option that is set and that schedules don't have.
fn unfit(start: &StartWorkflowExecutionRequest, has_signal: bool, is_eager: bool) -> Option<&'static str> {
    let has_conflict_policy = start.workflow_id_conflict_policy() != WorkflowIdConflictPolicy::Unspecified;
    let options = [
        ("id_conflict_policy", has_conflict_policy),
        ("start_delay", start.workflow_start_delay.is_some()),
        ("with_signal", has_signal),
        ("request_id", !start.request_id.is_empty()),
        ("request_eager_start", is_eager),
        ("completion_callback", !start.completion_callbacks.is_empty()),
        ("link", !start.links.is_empty()),
    ];
    options.iter().find(|(_, is_set)| *is_set).map(|(option, _)| *option)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::{Client, Schedule, ScheduleSpec};
    use std::{error::Error, time::Duration};
    use steadfast_proto::common::Link;

    #[tokio::test]
    async fn an_option_that_schedules_lack_is_named_when_the_schedule_is_created() -> Result<(), Box<dyn Error>> {
        let client = Client::embedded()?;
        let start = || client.start_untyped("Report", ()).id("report").task_queue("reports");
        let no_headers: [(&str, &str); 0] = [];
        let starts = [
            (
                "id_conflict_policy",
                start().id_conflict_policy(WorkflowIdConflictPolicy::UseExisting),
            ),
            ("start_delay", start().start_delay(Duration::from_secs(1))),
            (
                "with_signal",
                start().with_signal(|report| report.signal_untyped("go", ())),
            ),
            ("request_id", start().request_id("request")),
            ("request_eager_start", start().request_eager_start()),
            (
                "completion_callback",
                start().completion_callback("http://localhost/done", no_headers),
            ),
            ("link", start().link(Link::default())),
        ];
        for (option, start) in starts {
            let schedule = Schedule::new(ScheduleSpec::default(), start);
            let error = client.create_schedule("reports", schedule).await.unwrap_err();
            assert!(matches!(error, ScheduleError::Option(_)), "{error:?}");
            assert!(error.to_string().contains(&format!("`{option}`")), "{error}");
        }
        let fit = Schedule::new(
            ScheduleSpec::default(),
            start().priority(1).run_timeout(Duration::from_secs(60)),
        );
        client.create_schedule("reports", fit).await?;
        Ok(())
    }
}
