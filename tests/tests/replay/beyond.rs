//! What can't be replayed yet is refused cleanly: at its first event, by a typed error.

use crate::recorded::recorded;
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
