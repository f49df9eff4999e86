//! What the replayer itself says.

use crate::{activities::greet, recorded::recorded};
use steadfast::{
    convert::Converter,
    prelude::*,
    replay::{ReplayError, Replayer},
};
use tests::Outcome;

/// As it was recorded, but for one more activity.
#[derive(Default)]
struct ActivitySequence;

#[workflow]
impl ActivitySequence {
    #[run]
    async fn run(ctx: WorkflowContext<Self>, _count: u64) -> WorkflowResult<String> {
        Ok(ctx.activity::<greet>(ctx.info().namespace().to_owned()).await?)
    }
}

#[test]
fn a_mismatch_tells_the_event_and_the_line_of_code() -> Outcome {
    let error = Replayer::new()
        .workflow::<ActivitySequence>()
        .replay(recorded("activity_sequence")?)
        .expect_err("another activity is called");
    let mismatch = error.mismatch().ok_or("no mismatch")?;
    assert_eq!(mismatch.event_id, 5);
    let location = mismatch.location.clone().unwrap_or_default();
    assert!(location.contains("replayer.rs"), "{location}");
    for name in ["double", "greet"] {
        assert!(error.to_string().contains(name), "{error}");
    }
    Ok(())
}

#[test]
fn workflow_code_sees_the_namespace() -> Outcome {
    let mut history = recorded("activity_sequence")?;
    history.events.truncate(3);
    let replayer = Replayer::new().workflow::<ActivitySequence>();
    let named = replayer.namespace("elsewhere").converter(Converter::default());
    let replayed = named.replay(history)?;
    let command = format!("{:?}", replayed.commands);
    assert!(command.contains("elsewhere"), "{command}");
    Ok(())
}

#[test]
fn a_workflow_that_is_not_registered_is_named_beside_those_that_are() -> Outcome {
    let replayer = Replayer::new().workflow::<ActivitySequence>();
    let error = replayer
        .replay(recorded("timer_fired")?)
        .expect_err("it isn't registered");
    for name in ["TimerFired", "ActivitySequence"] {
        assert!(error.to_string().contains(name), "{error}");
    }
    assert!(error.mismatch().is_none());
    Ok(())
}

#[test]
fn what_is_no_history_is_refused() {
    let error = Replayer::default()
        .replay_json("{ \"events\": 7 }")
        .expect_err("seven is no list");
    assert!(matches!(error, ReplayError::Json(_)), "{error}");
    let error = Replayer::new().replay_json("{}").expect_err("there are no events");
    assert!(matches!(error, ReplayError::Replay(_)), "{error}");
}
