use std::time::Duration;
use steadfast::prelude::*;

#[derive(Default)]
pub struct Rounds;

#[workflow]
impl Rounds {
    #[run]
    async fn run(ctx: WorkflowContext<Self>, round: u32, rounds: u32) -> WorkflowResult<String> {
        ctx.sleep(Duration::from_millis(100)).await?;
        if round < rounds {
            return ctx.continue_as_new((round + 1, rounds));
        }
        Ok(format!("done after {rounds} rounds"))
    }
}
