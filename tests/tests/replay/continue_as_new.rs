//! Continue-as-new, with state carried over.

use crate::{
    activities::{greet, pause},
    recorded::replays,
};
use steadfast::prelude::*;
use tests::{Outcome, millis};

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
struct Progress {
    done: u32,
    total: u32,
    log: Vec<String>,
}

#[derive(Default)]
struct ContinueAsNew;

#[workflow]
impl ContinueAsNew {
    #[run]
    async fn run(ctx: WorkflowContext<Self>, mut progress: Progress) -> WorkflowResult<Vec<String>> {
        let greeting = ctx.activity::<greet>(progress.done.to_string()).await?;
        progress.log.push(greeting);
        progress.done += 1;
        ctx.sleep(millis(10)).await?;
        if progress.done < progress.total {
            return ctx.continue_as_new_with(progress).run_timeout(secs(60)).into();
        }
        Ok(progress.log)
    }
}

#[test]
fn a_run_continues_as_new() -> Outcome {
    replays::<ContinueAsNew>("continue_as_new_first")
}

#[test]
fn a_continued_run_continues_as_new() -> Outcome {
    replays::<ContinueAsNew>("continue_as_new_second")
}

#[test]
fn a_continued_run_completes() -> Outcome {
    replays::<ContinueAsNew>("continue_as_new_last")
}

#[derive(Default)]
struct ContinueWhenTold {
    told: bool,
}

#[workflow]
impl ContinueWhenTold {
    #[run]
    async fn run(ctx: WorkflowContext<Self>, round: u32) -> WorkflowResult<u32> {
        if round == 0 {
            let _unobserved = ctx.activity::<pause>(5_000).start();
            ctx.wait_condition(|state| state.told).await?;
            return ctx.continue_as_new(round + 1);
        }
        Ok(round)
    }

    #[signal]
    fn tell(&mut self) {
        self.told = true;
    }
}

#[test]
fn a_run_continues_as_new_with_an_activity_under_way() -> Outcome {
    replays::<ContinueWhenTold>("continue_as_new_when_told")?;
    replays::<ContinueWhenTold>("continue_as_new_when_told_last")
}
