//! Updates: done at once, with an activity inside, rejected and then accepted, failed, several at a time.

use crate::{
    activities::{double, greet, pause},
    recorded::replays,
};
use steadfast::prelude::*;
use tests::{Outcome, millis};

#[derive(Default)]
struct UpdateSum {
    sum: i64,
}

#[workflow]
impl UpdateSum {
    #[run]
    async fn run(ctx: WorkflowContext<Self>, target: i64) -> WorkflowResult<i64> {
        ctx.wait_condition(|state| state.sum >= target).await?;
        Ok(ctx.state(|state| state.sum))
    }

    #[update]
    fn add(&mut self, number: i64) -> Result<i64, UpdateError> {
        if number > 1_000 {
            return Err(UpdateError::new("too much"));
        }
        self.sum += number;
        Ok(self.sum)
    }

    #[validator(add)]
    fn check_add(&self, number: &i64) -> Result<(), Rejection> {
        if *number < 0 {
            Err("must not be negative".into())
        } else {
            Ok(())
        }
    }

    #[update]
    async fn add_double(ctx: WorkflowContext<Self>, number: u64) -> Result<i64, UpdateError> {
        let doubled = ctx.activity::<double>(number).await?;
        ctx.sleep(millis(30)).await?;
        Ok(ctx.state_mut(|state| {
            state.sum += i64::try_from(doubled).unwrap_or_default();
            state.sum
        }))
    }

    #[signal]
    fn bump(&mut self) {
        self.sum += 1;
    }
}

#[test]
fn updates_that_are_done_at_once() -> Outcome {
    replays::<UpdateSum>("update_at_once")
}

#[test]
fn an_update_in_the_first_task() -> Outcome {
    replays::<UpdateSum>("update_before_first_task")
}

#[test]
fn updates_with_an_activity_inside() -> Outcome {
    replays::<UpdateSum>("update_with_activity")
}

#[test]
fn rejected_updates_leave_no_trace() -> Outcome {
    replays::<UpdateSum>("update_rejected_then_accepted")
}

#[test]
fn a_failed_update() -> Outcome {
    replays::<UpdateSum>("update_failed")
}

#[test]
fn overlapping_updates() -> Outcome {
    replays::<UpdateSum>("update_several_at_once")
}

#[test]
fn updates_of_a_run_that_was_not_cached() -> Outcome {
    replays::<UpdateSum>("update_after_eviction")
}

#[derive(Default)]
struct UpdateAmid {
    open: bool,
    names: Vec<String>,
}

#[workflow]
impl UpdateAmid {
    #[run]
    async fn run(ctx: WorkflowContext<Self>) -> WorkflowResult<usize> {
        let mut rounds = 0;
        while !ctx.state(|state| state.open) {
            let timer = ctx.sleep(millis(200)).start();
            let pausing = ctx.activity::<pause>(50).start();
            timer.await?;
            pausing.await?;
            rounds += 1;
        }
        ctx.all_handlers_finished().await?;
        Ok(rounds)
    }

    #[signal]
    async fn note(ctx: WorkflowContext<Self>, name: String) {
        if let Ok(greeting) = ctx.activity::<greet>(name).await {
            ctx.state_mut(|state| state.names.push(greeting));
        }
    }

    #[update]
    async fn greet(ctx: WorkflowContext<Self>, name: String) -> Result<usize, UpdateError> {
        let greeting = ctx.activity::<greet>(name).await?;
        Ok(ctx.state_mut(|state| {
            state.names.push(greeting);
            state.names.len()
        }))
    }

    #[update]
    fn open(&mut self) -> usize {
        self.open = true;
        self.names.len()
    }
}

#[test]
fn main_routine_signals_and_updates_all_issue_commands() -> Outcome {
    replays::<UpdateAmid>("update_amid_everything")
}
