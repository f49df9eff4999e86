//! Runs that left the cache and came back: a worker restarted, a cache too small, no cache at all.

use crate::{activities::greet, recorded::replays};
use steadfast::prelude::*;
use tests::{Outcome, millis};

#[derive(Default)]
struct EvictedSteps {
    allowed: u32,
}

#[workflow]
impl EvictedSteps {
    #[run]
    async fn run(ctx: WorkflowContext<Self>, steps: u32) -> WorkflowResult<u32> {
        for step in 1..=steps {
            ctx.wait_condition(|state| state.allowed >= step).await?;
            let (greeting, slept) = join!(ctx.activity::<greet>(step.to_string()), ctx.sleep(millis(30)));
            greeting?;
            slept?;
        }
        Ok(steps)
    }

    #[signal]
    fn allow(&mut self) {
        self.allowed += 1;
    }
}

#[test]
fn a_worker_was_restarted() -> Outcome {
    replays::<EvictedSteps>("eviction_by_restart")
}

#[test]
fn the_cache_was_too_small() -> Outcome {
    replays::<EvictedSteps>("eviction_by_small_cache")
}

#[test]
fn there_was_no_cache() -> Outcome {
    replays::<EvictedSteps>("eviction_without_cache")
}
