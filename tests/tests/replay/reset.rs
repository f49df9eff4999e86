//! A run that was reset to an earlier task: the new run begins with the old one's events.

use crate::{activities::greet, recorded::replays};
use steadfast::prelude::*;
use tests::Outcome;

#[derive(Default)]
struct ResetRun {
    words: Vec<String>,
}

#[workflow]
impl ResetRun {
    #[run]
    async fn run(ctx: WorkflowContext<Self>) -> WorkflowResult<String> {
        ctx.activity::<greet>(ctx.random().to_string()).await?;
        ctx.wait_condition(|state| state.words.len() >= 2).await?;
        ctx.activity::<greet>(ctx.random().to_string()).await?;
        Ok(ctx.state(|state| state.words.join(" ")))
    }

    #[signal]
    fn word(&mut self, word: String) {
        self.words.push(word);
    }
}

#[test]
fn a_reset_run_draws_other_numbers_from_where_it_was_reset() -> Outcome {
    replays::<ResetRun>("reset_run")
}
