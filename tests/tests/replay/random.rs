//! Random numbers and identifiers.

use crate::{activities::greet, recorded::replays};
use steadfast::prelude::*;
use tests::{Outcome, millis};

#[derive(Default)]
struct RandomValues;

#[workflow]
impl RandomValues {
    #[run]
    async fn run(ctx: WorkflowContext<Self>) -> WorkflowResult<String> {
        ctx.activity::<greet>(ctx.random().to_string()).await?;
        ctx.activity::<greet>(ctx.uuid4()).await?;
        ctx.sleep(millis(ctx.random() % 50)).await?;
        // A smaller number is the lower part of a larger one.
        Ok(ctx.activity::<greet>((ctx.random() as u32).to_string()).await?)
    }
}

#[test]
fn the_numbers_are_those_that_were_recorded() -> Outcome {
    replays::<RandomValues>("random_values")
}
