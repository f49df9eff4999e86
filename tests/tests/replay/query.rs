//! Queries leave no trace, and a replayed workflow answers them.

use crate::{
    activities::greet,
    recorded::{replay, replays},
};
use steadfast::{convert::Converter, prelude::*};
use tests::Outcome;

#[derive(Default)]
struct QueryBetween {
    steps: u32,
    go: u32,
}

#[workflow]
impl QueryBetween {
    #[run]
    async fn run(ctx: WorkflowContext<Self>, steps: u32) -> WorkflowResult<u32> {
        for step in 1..=steps {
            ctx.wait_condition(|state| state.go >= step).await?;
            ctx.activity::<greet>(step.to_string()).await?;
            ctx.state_mut(|state| state.steps = step);
        }
        Ok(steps)
    }

    #[signal]
    fn go(&mut self) {
        self.go += 1;
    }

    #[query]
    fn steps(&self) -> u32 {
        self.steps
    }
}

#[test]
fn queries_between_tasks() -> Outcome {
    replays::<QueryBetween>("query_between")
}

#[test]
fn queries_of_a_run_that_was_not_cached() -> Outcome {
    replays::<QueryBetween>("query_after_eviction")
}

#[test]
fn a_replayed_workflow_answers() -> Outcome {
    let mut replayed = replay::<QueryBetween>("query_between")?;
    let answer = replayed.query("steps", None).map_err(|failure| failure.message)?;
    assert_eq!(Converter::default().decode_result::<u32>(answer.as_ref())?, 3);
    Ok(())
}
