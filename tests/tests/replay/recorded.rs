//! A recorded history, and what must hold of it.

use std::{collections::BTreeMap, fs, path::Path};
use steadfast::{
    replay::{ReplayError, Replayed, Replayer},
    workflow::WorkflowImplementation,
};
use steadfast_proto::{
    command::{self, Command},
    common::Payloads,
    history::{History, HistoryEvent, history_event::Attributes},
    json,
};
use tests::{Failure, Outcome};

/// A recorded history.
pub(crate) fn recorded(name: &str) -> Result<History, Failure> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("replay/histories")
        .join(format!("{name}.json"));
    let text = fs::read(&file).map_err(|error| format!("{}: {error}", file.display()))?;
    Ok(json::history_from_json(&text)?)
}

/// Replays a recorded history with a workflow.
pub(crate) fn replay<W: WorkflowImplementation>(name: &str) -> Result<Replayed, Failure> {
    Ok(replay_all::<W>(recorded(name)?)?)
}

fn replay_all<W: WorkflowImplementation>(history: History) -> Result<Replayed, ReplayError> {
    Replayer::new().workflow::<W>().replay(history)
}

/// The workflow replays the history; and at each of its tasks, given what was known then, it issues the very commands that
/// were recorded.
pub(crate) fn replays<W: WorkflowImplementation>(name: &str) -> Outcome {
    let history = recorded(name)?;
    let replayed = replay_all::<W>(history.clone()).map_err(|error| format!("{name}: {error}"))?;
    assert_eq!(replayed.workflow_type, W::NAME);
    assert_eq!(
        replayed.events,
        history.events.len() as u64,
        "{name}: all events are applied"
    );
    assert!(replayed.commands.is_empty(), "{name}: {:?}", replayed.commands);
    for (known, recorded) in tasks(&history.events) {
        let known_events = known.len();
        let history = History { events: known.to_vec() };
        let live = replay_all::<W>(history).map_err(|error| format!("{name}, first {known_events} events: {error}"))?;
        let issued: Vec<String> = live.commands.iter().map(issued).collect();
        // Local activities aren't run here: unless it was cancelled, code waits for the first of them. That what follows
        // fits, the replay of the whole says.
        let ends = |command: &String| command.starts_with(LOCAL_ACTIVITY);
        let waits = !issued.iter().any(ends);
        let recorded: Vec<String> = recorded
            .into_iter()
            .take_while(|command| !waits || !ends(command))
            .collect();
        assert_eq!(
            issued, recorded,
            "{name}: issued, and recorded, after event {known_events}"
        );
    }
    Ok(())
}

/// How the end of a local activity is told from other commands.
const LOCAL_ACTIVITY: &str = "end of local activity";

/// Each workflow task that was completed: the events known to it, and what it issued. Tasks that got updates are left out:
/// those come as messages, which history has only once they are accepted.
fn tasks(events: &[HistoryEvent]) -> Vec<(&[HistoryEvent], Vec<String>)> {
    let mut tasks = Vec::new();
    for (index, pair) in events.windows(2).enumerate() {
        let [
            HistoryEvent {
                attributes: Some(started),
                ..
            },
            HistoryEvent {
                attributes: Some(completed),
                ..
            },
        ] = pair
        else {
            continue;
        };
        if !matches!(started, Attributes::WorkflowTaskStartedEventAttributes(_))
            || !matches!(completed, Attributes::WorkflowTaskCompletedEventAttributes(_))
        {
            continue;
        }
        let after = events.get(index + 2..).unwrap_or_default();
        let recorded: Vec<_> = after
            .iter()
            .map_while(|event| event.attributes.as_ref().and_then(recorded_command))
            .collect();
        if !recorded.iter().any(|command| command.starts_with("update")) {
            tasks.push((events.get(..=index).unwrap_or_default(), recorded));
        }
    }
    tasks
}

/// A command that became an event, as text.
fn recorded_command(attributes: &Attributes) -> Option<String> {
    use Attributes as A;
    Some(match attributes {
        A::ActivityTaskScheduledEventAttributes(a) => {
            let kind = a.activity_type.as_ref().map_or("", |kind| &kind.name);
            format!("activity {} {kind}{}", a.activity_id, values(a.input.as_ref()))
        }
        A::ActivityTaskCancelRequestedEventAttributes(a) => {
            format!("cancel activity of event {}", a.scheduled_event_id)
        }
        A::TimerStartedEventAttributes(a) => format!("timer {} {:?}", a.timer_id, a.start_to_fire_timeout),
        A::TimerCanceledEventAttributes(a) => format!("cancel timer {}", a.timer_id),
        A::MarkerRecordedEventAttributes(a) => marker(&a.marker_name, &a.details),
        A::UpsertWorkflowSearchAttributesEventAttributes(a) => {
            format!("search attributes {:?}", a.search_attributes)
        }
        A::WorkflowPropertiesModifiedEventAttributes(a) => format!("memo {:?}", a.upserted_memo),
        A::StartChildWorkflowExecutionInitiatedEventAttributes(a) => {
            let kind = a.workflow_type.as_ref().map_or("", |kind| &kind.name);
            format!(
                "child {} {kind}{} {:?}",
                a.workflow_id,
                values(a.input.as_ref()),
                a.task_queue.as_ref().map(|queue| &queue.name)
            )
        }
        A::SignalExternalWorkflowExecutionInitiatedEventAttributes(a) => format!(
            "signal {} {:?} {}{}",
            a.signal_name,
            a.workflow_execution,
            a.child_workflow_only,
            values(a.input.as_ref())
        ),
        A::RequestCancelExternalWorkflowExecutionInitiatedEventAttributes(a) => format!(
            "cancel {} {}",
            a.workflow_execution.as_ref().map_or("", |other| &other.workflow_id),
            a.child_workflow_only
        ),
        A::WorkflowExecutionUpdateAcceptedEventAttributes(_) => "update accepted".into(),
        A::WorkflowExecutionUpdateCompletedEventAttributes(_) => "update completed".into(),
        A::WorkflowExecutionCompletedEventAttributes(a) => format!("complete{}", values(a.result.as_ref())),
        A::WorkflowExecutionFailedEventAttributes(a) => {
            format!(
                "fail {}",
                a.failure.as_ref().map_or("", |failure| failure_kind(failure))
            )
        }
        A::WorkflowExecutionCanceledEventAttributes(_) => "cancel".into(),
        A::WorkflowExecutionContinuedAsNewEventAttributes(a) => {
            let kind = a.workflow_type.as_ref().map_or("", |kind| &kind.name);
            format!("continue as new {kind}{}", values(a.input.as_ref()))
        }
        _ => return None,
    })
}

/// A command, as the same text.
fn issued(command: &Command) -> String {
    use command::command::Attributes as A;
    let Some(attributes) = &command.attributes else {
        return "nothing".into();
    };
    match attributes {
        A::ScheduleActivityTaskCommandAttributes(a) => {
            let kind = a.activity_type.as_ref().map_or("", |kind| &kind.name);
            format!("activity {} {kind}{}", a.activity_id, values(a.input.as_ref()))
        }
        A::RequestCancelActivityTaskCommandAttributes(a) => {
            format!("cancel activity of event {}", a.scheduled_event_id)
        }
        A::StartTimerCommandAttributes(a) => format!("timer {} {:?}", a.timer_id, a.start_to_fire_timeout),
        A::CancelTimerCommandAttributes(a) => format!("cancel timer {}", a.timer_id),
        A::RecordMarkerCommandAttributes(a) => marker(&a.marker_name, &a.details),
        A::UpsertWorkflowSearchAttributesCommandAttributes(a) => {
            format!("search attributes {:?}", a.search_attributes)
        }
        A::ModifyWorkflowPropertiesCommandAttributes(a) => format!("memo {:?}", a.upserted_memo),
        A::StartChildWorkflowExecutionCommandAttributes(a) => {
            let kind = a.workflow_type.as_ref().map_or("", |kind| &kind.name);
            format!(
                "child {} {kind}{} {:?}",
                a.workflow_id,
                values(a.input.as_ref()),
                a.task_queue.as_ref().map(|queue| &queue.name)
            )
        }
        A::SignalExternalWorkflowExecutionCommandAttributes(a) => format!(
            "signal {} {:?} {}{}",
            a.signal_name,
            a.execution,
            a.child_workflow_only,
            values(a.input.as_ref())
        ),
        // Ours names no run of a child, and no reason: those may differ.
        A::RequestCancelExternalWorkflowExecutionCommandAttributes(a) => {
            format!("cancel {} {}", a.workflow_id, a.child_workflow_only)
        }
        A::ProtocolMessageCommandAttributes(_) => "update".into(),
        A::CompleteWorkflowExecutionCommandAttributes(a) => format!("complete{}", values(a.result.as_ref())),
        A::FailWorkflowExecutionCommandAttributes(a) => {
            format!(
                "fail {}",
                a.failure.as_ref().map_or("", |failure| failure_kind(failure))
            )
        }
        A::CancelWorkflowExecutionCommandAttributes(_) => "cancel".into(),
        A::ContinueAsNewWorkflowExecutionCommandAttributes(a) => {
            let kind = a.workflow_type.as_ref().map_or("", |kind| &kind.name);
            format!("continue as new {kind}{}", values(a.input.as_ref()))
        }
        other => format!("{other:?}"),
    }
}

/// A marker as text; of a local activity's, what doesn't say when it ran.
fn marker(name: &str, details: &BTreeMap<String, Payloads>) -> String {
    let data = details.get("data").and_then(|data| data.payloads.first());
    let data = data.map(|data| serde_json::from_slice::<serde_json::Value>(&data.data).unwrap_or_default());
    match data {
        Some(data) if name == "core_local_activity" => {
            format!(
                "{LOCAL_ACTIVITY} {} {} {}",
                data["seq"], data["activity_id"], data["activity_type"]
            )
        }
        _ => format!("marker {name} {details:?}"),
    }
}

fn values(payloads: Option<&Payloads>) -> String {
    let payloads = payloads
        .map(|payloads| payloads.payloads.as_slice())
        .unwrap_or_default();
    payloads
        .iter()
        .map(|payload| format!(" {}", String::from_utf8_lossy(&payload.data)))
        .collect()
}

fn failure_kind(failure: &steadfast_proto::failure::Failure) -> &str {
    use steadfast_proto::failure::failure::FailureInfo;
    match &failure.failure_info {
        Some(FailureInfo::ApplicationFailureInfo(info)) => &info.r#type,
        Some(FailureInfo::ActivityFailureInfo(_)) => "activity",
        _ => "other",
    }
}
