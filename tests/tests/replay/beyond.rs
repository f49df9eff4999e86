//! What can't be replayed yet is refused cleanly: at its first event, by a typed error.

use crate::recorded::{recorded, replays};
use steadfast::{
    prelude::*,
    replay::{ReplayError, Replayer},
};
use steadfast_proto::enums::EventType;
use tests::Outcome;

/// Workflows that wait, in place of those that do what isn't supported yet.
macro_rules! waiting {
    ($($name:ident)*) => {
        $(
            #[derive(Default)]
            struct $name;

            #[workflow]
            impl $name {
                #[run]
                async fn run(ctx: WorkflowContext<Self>) -> WorkflowResult<()> {
                    ctx.wait_condition(|_| false).await?;
                    Ok(())
                }
            }
        )*

        fn replayer() -> Replayer {
            Replayer::new()$(.workflow::<$name>())*
        }
    };
}

waiting! {
    LocalSequence LocalParallel LocalRetry LocalFailure LocalLong LocalMixed LocalCancelled
    ChildCompleted ChildrenParallel ChildCancelled ChildAbandoned ChildSignalled ChildRefused
    ExternalSignal ExternalCancel UpsertSearchAttributes UpsertMemo
}

/// Replay ends at the first event of that type, and says so.
fn is_refused(name: &str, event_type: EventType) -> Outcome {
    let history = recorded(name)?;
    let first = history.events.iter().find(|event| event.event_type() == event_type);
    let event_id = first.ok_or_else(|| format!("{name} has no {event_type:?}"))?.event_id;
    let error = match replayer().replay(history) {
        Ok(replayed) => panic!("{name} replays: {replayed:?}"),
        Err(error) => error,
    };
    assert!(error.mismatch().is_none(), "the code is not to blame: {error}");
    assert!(matches!(error, ReplayError::Replay(_)));
    let text = error.to_string();
    assert!(
        text.starts_with(&format!("event {event_id} is {event_type:?}: ")),
        "{name}: {text}"
    );
    assert!(text.contains("this version doesn't replay"), "{name}: {text}");
    Ok(())
}

#[test]
fn local_activities() -> Outcome {
    for name in [
        "",
        "_sequence",
        "_parallel",
        "_retry",
        "_retry_by_timer",
        "_failure",
        "_heartbeat",
    ] {
        is_refused(&format!("local_activity{name}"), EventType::MarkerRecorded)?;
    }
    is_refused("local_activity_heartbeat_and_signals", EventType::MarkerRecorded)
}

#[test]
fn child_workflows() -> Outcome {
    for name in ["completed", "failed", "parallel", "abandoned", "signalled", "refused"] {
        is_refused(
            &format!("child_{name}"),
            EventType::StartChildWorkflowExecutionInitiated,
        )?;
    }
    for kind in ["try", "wait", "requested", "abandon"] {
        is_refused(
            &format!("child_cancelled_{kind}"),
            EventType::StartChildWorkflowExecutionInitiated,
        )?;
    }
    Ok(())
}

#[test]
fn other_workflows() -> Outcome {
    for name in ["external_signal", "external_signal_missing"] {
        is_refused(name, EventType::SignalExternalWorkflowExecutionInitiated)?;
    }
    for name in ["external_cancel", "external_cancel_missing"] {
        is_refused(name, EventType::RequestCancelExternalWorkflowExecutionInitiated)?;
    }
    Ok(())
}

#[test]
fn search_attributes_and_memo() -> Outcome {
    is_refused("upsert_search_attributes", EventType::UpsertWorkflowSearchAttributes)?;
    is_refused("upsert_memo", EventType::WorkflowPropertiesModified)
}

#[derive(Default)]
struct ExternalTarget {
    words: Vec<String>,
}

#[workflow]
impl ExternalTarget {
    #[run]
    async fn run(ctx: WorkflowContext<Self>) -> WorkflowResult<String> {
        ctx.wait_condition(|state| state.words.len() >= 2).await?;
        Ok(ctx.state(|state| state.words.join(" ")))
    }

    #[signal]
    fn word(&mut self, word: String) {
        self.words.push(word);
    }
}

#[test]
fn what_another_workflow_signals_and_cancels_replays() -> Outcome {
    replays::<ExternalTarget>("external_signal_target")?;
    replays::<ExternalTarget>("external_cancel_target")
}

#[derive(Default)]
struct Child {
    word: Option<String>,
}

#[workflow]
impl Child {
    #[run]
    async fn run(ctx: WorkflowContext<Self>, what: String) -> WorkflowResult<String> {
        if what == "word" {
            return Ok(ctx.wait_some(|state| state.word.clone()).await?);
        }
        ctx.wait_condition(|_| false).await?;
        Ok("never".into())
    }

    #[signal]
    fn word(&mut self, word: String) {
        self.word = Some(word);
    }
}

#[test]
fn a_child_replays() -> Outcome {
    replays::<Child>("child_cancelled_wait_child")?;
    replays::<Child>("child_abandoned_child")
}
