//! Behaviours of a run: given a history, run the code, expect commands.

mod activity;
mod answer;
mod cancellation;
mod child;
mod conditions;
mod eviction;
mod external;
mod failure_policy;
mod foreign;
mod info;
mod late_handlers;
mod linearity;
mod local_activity;
mod mismatch;
mod nexus;
mod page;
mod patch;
mod queries;
mod random_runs;
mod recorded;
mod rollback;
mod shard;
mod signal;
mod tables;
mod terminal;
mod timer;
mod update;
mod upsert;
mod user_metadata;
mod versioning;

use crate::{
    Replayed, Resolution, replay,
    testing::{HistoryBuilder, Script, Scripts},
};
use steadfast_proto::{command::command::Attributes, failure::Failure};

/// Replays a history and shows what the code does next, one line a command.
pub(crate) fn next_commands(scripts: &Scripts, history: HistoryBuilder) -> String {
    match replay(history.history(), "default", scripts) {
        Ok(replayed) => show(&replayed),
        Err(error) => panic!("{error}"),
    }
}

/// Replays a history that is expected not to replay.
pub(crate) fn replay_error(scripts: &Scripts, history: HistoryBuilder) -> String {
    match replay(history.history(), "default", scripts) {
        Ok(replayed) => panic!("it replayed: {replayed:?}"),
        Err(error) => error.to_string(),
    }
}

fn show(replayed: &Replayed) -> String {
    let lines: Vec<String> = replayed
        .commands
        .iter()
        .map(|command| show_command(command.attributes.as_ref()))
        .collect();
    lines.join(", ")
}

pub(crate) fn show_command(attributes: Option<&Attributes>) -> String {
    use Attributes as A;
    match attributes {
        Some(A::ScheduleActivityTaskCommandAttributes(activity)) => format!(
            "activity {} {}",
            activity.activity_id,
            activity.activity_type.clone().unwrap_or_default().name
        ),
        Some(A::RequestCancelActivityTaskCommandAttributes(cancel)) => {
            format!("cancel activity of {}", cancel.scheduled_event_id)
        }
        Some(A::StartChildWorkflowExecutionCommandAttributes(child)) => format!(
            "child {} {} on {}",
            child.workflow_id,
            child.workflow_type.clone().unwrap_or_default().name,
            child.task_queue.clone().unwrap_or_default().name
        ),
        Some(A::SignalExternalWorkflowExecutionCommandAttributes(signal)) => format!(
            "signal {} to {}",
            signal.signal_name,
            signal.execution.clone().unwrap_or_default().workflow_id
        ),
        Some(A::RequestCancelExternalWorkflowExecutionCommandAttributes(cancel)) => format!(
            "cancel {} {}",
            if cancel.child_workflow_only {
                "child"
            } else {
                "workflow"
            },
            cancel.workflow_id
        ),
        Some(A::StartTimerCommandAttributes(timer)) => format!("timer {}", timer.timer_id),
        Some(A::CancelTimerCommandAttributes(timer)) => format!("cancel timer {}", timer.timer_id),
        Some(A::CompleteWorkflowExecutionCommandAttributes(complete)) => match &complete.result {
            Some(result) => format!("complete {}", String::from_utf8_lossy(&result.payloads[0].data)),
            None => "complete".to_owned(),
        },
        Some(A::FailWorkflowExecutionCommandAttributes(fail)) => {
            format!("fail {}", fail.failure.clone().unwrap_or_default())
        }
        Some(A::CancelWorkflowExecutionCommandAttributes(_)) => "cancel workflow".to_owned(),
        Some(A::ContinueAsNewWorkflowExecutionCommandAttributes(new)) => format!(
            "continue as {} on {}",
            new.workflow_type.clone().unwrap_or_default().name,
            new.task_queue.clone().unwrap_or_default().name
        ),
        Some(A::RecordMarkerCommandAttributes(marker)) if marker.details.contains_key("data") => {
            show_local_activity(marker)
        }
        Some(A::RecordMarkerCommandAttributes(marker)) => {
            let data = &marker.details["patch-data"].payloads[0].data;
            format!("marker {} {}", marker.marker_name, String::from_utf8_lossy(data))
        }
        Some(A::UpsertWorkflowSearchAttributesCommandAttributes(upsert)) => {
            let fields = upsert.search_attributes.clone().unwrap_or_default().indexed_fields;
            let fields: Vec<String> = fields
                .iter()
                .map(|(name, value)| format!("{name}={}", String::from_utf8_lossy(&value.data)))
                .collect();
            format!("upsert {}", fields.join(" "))
        }
        Some(A::ModifyWorkflowPropertiesCommandAttributes(modify)) => {
            let fields = modify.upserted_memo.clone().unwrap_or_default().fields;
            let fields: Vec<String> = fields
                .iter()
                .map(|(name, value)| format!("{name}={}", String::from_utf8_lossy(&value.data)))
                .collect();
            format!("memo {}", fields.join(" "))
        }
        Some(A::ScheduleNexusOperationCommandAttributes(nexus)) => {
            format!("nexus {} {} {}", nexus.endpoint, nexus.service, nexus.operation)
        }
        Some(A::RequestCancelNexusOperationCommandAttributes(cancel)) => {
            format!("cancel nexus of {}", cancel.scheduled_event_id)
        }
        Some(A::ProtocolMessageCommandAttributes(message)) => format!("message {}", message.message_id),
        other => format!("{other:?}"),
    }
}

/// `local 2 charge in run 1 = "ok"`, with what is unusual of it.
fn show_local_activity(marker: &steadfast_proto::command::RecordMarkerCommandAttributes) -> String {
    let text = |key: &str| String::from_utf8_lossy(&marker.details[key].payloads[0].data).into_owned();
    let data: serde_json::Value = serde_json::from_str(&text("data")).unwrap();
    let result = match &marker.failure {
        Some(failure) => format!("failed: {failure}"),
        None if marker.details.contains_key("result") => text("result"),
        None => "nothing".to_owned(),
    };
    let attempt = match data["attempt"].as_u64() {
        Some(1) => String::new(),
        attempt => format!(", attempt {}", attempt.unwrap()),
    };
    let backoff = match data["backoff"]["seconds"].as_u64() {
        None => String::new(),
        Some(seconds) => format!(", again after {seconds} s"),
    };
    let complete = match data["complete_time"]["seconds"].as_u64() {
        None => ", at no time".to_owned(),
        Some(seconds) => format!(", at {seconds} s"),
    };
    let (number, kind) = (&data["seq"], data["activity_type"].as_str().unwrap());
    let run = &data["activation_index"];
    format!("local {number} {kind} in run {run} {result}{attempt}{backoff}{complete}")
}

/// A resolution in a few words.
pub(crate) fn word(resolution: &Resolution) -> String {
    match resolution {
        Resolution::Completed(Some(payloads)) => String::from_utf8_lossy(&payloads.payloads[0].data).into_owned(),
        Resolution::Completed(None) => "nothing".to_owned(),
        Resolution::Fired => "fired".to_owned(),
        Resolution::Failed(failure) => failure.to_string(),
        Resolution::Cancelled => "cancelled".to_owned(),
        Resolution::Started { run_id } => format!("started {run_id}"),
        Resolution::OperationStarted { token } => format!("started {token}"),
        Resolution::Undelivered(why) => format!("{why:?}"),
    }
}

pub(crate) fn fail_with(resolution: Resolution) -> crate::Exit {
    match resolution {
        Resolution::Failed(failure) => crate::Exit::Failed(failure),
        _ => crate::Exit::Failed(Box::new(Failure::cancelled("cancelled"))),
    }
}

/// The history of a run whose first task is under way.
pub(crate) fn first_task() -> HistoryBuilder {
    HistoryBuilder::new("script").open_task()
}

/// The history of a run whose first task is complete.
pub(crate) fn after_first_task() -> HistoryBuilder {
    HistoryBuilder::new("script").task()
}

pub(crate) fn json_text(text: &str) -> steadfast_proto::common::Payloads {
    crate::testing::json(&serde_json::Value::from(text))
}

/// A script of nothing but a main routine.
pub(crate) fn alone<F, R>(main: F) -> Scripts
where
    F: Fn(crate::Host) -> R + Send + Sync + 'static,
    R: Future<Output = Result<Option<steadfast_proto::common::Payloads>, crate::Exit>> + Send + 'static,
{
    Script::<()>::new(move |host, _| main(host)).alone()
}
