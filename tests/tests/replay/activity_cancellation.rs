//! Cancelling activities: the three types, before sending, and a body that doesn't give in.

use crate::{
    activities::{greet, hold, hold_on},
    recorded::replays,
};
use steadfast::{activity::ActivityCancellation, prelude::*};
use tests::{Outcome, millis};

fn outcome(result: Result<String, ActivityFailure>) -> String {
    match result {
        Ok(text) => text,
        Err(failure) if failure.is_cancelled() => "cancelled".into(),
        Err(_) => "failed".into(),
    }
}

#[derive(Default)]
struct ActivityCancelled;

#[workflow]
impl ActivityCancelled {
    #[run]
    async fn run(ctx: WorkflowContext<Self>, kind: String) -> WorkflowResult<String> {
        let cancellation = match kind.as_str() {
            "try" => ActivityCancellation::TryCancel,
            "wait" => ActivityCancellation::WaitCancellationCompleted,
            _ => ActivityCancellation::Abandon,
        };
        let holding = ctx.activity::<hold>(()).cancellation_type(cancellation).start();
        ctx.sleep(millis(300)).await?;
        holding.cancel();
        let ended = outcome(holding.await);
        ctx.sleep(millis(100)).await?;
        Ok(ctx.activity::<greet>(ended).await?)
    }
}

#[test]
fn cancelling_and_going_on() -> Outcome {
    replays::<ActivityCancelled>("activity_cancelled_try")
}

#[test]
fn cancelling_and_waiting() -> Outcome {
    replays::<ActivityCancelled>("activity_cancelled_wait")
}

#[test]
fn abandoning() -> Outcome {
    replays::<ActivityCancelled>("activity_cancelled_abandon")
}

#[derive(Default)]
struct ActivityCancelIgnored;

#[workflow]
impl ActivityCancelIgnored {
    #[run]
    async fn run(ctx: WorkflowContext<Self>) -> WorkflowResult<String> {
        let waiting = ActivityCancellation::WaitCancellationCompleted;
        let holding = ctx.activity::<hold_on>(()).cancellation_type(waiting).start();
        ctx.sleep(millis(300)).await?;
        holding.cancel();
        Ok(outcome(holding.await))
    }
}

#[test]
fn waiting_for_one_that_succeeds_all_the_same() -> Outcome {
    replays::<ActivityCancelIgnored>("activity_cancel_ignored")
}

#[derive(Default)]
struct ActivityCancelledUnsent;

#[workflow]
impl ActivityCancelledUnsent {
    #[run]
    async fn run(ctx: WorkflowContext<Self>) -> WorkflowResult<String> {
        let holding = ctx.activity::<hold>(()).start();
        holding.cancel();
        let ended = outcome(holding.await);
        Ok(ctx.activity::<greet>(ended).await?)
    }
}

#[test]
fn what_is_cancelled_before_it_is_sent_leaves_no_event_but_counts() -> Outcome {
    replays::<ActivityCancelledUnsent>("activity_cancelled_unsent")
}

#[derive(Default)]
struct ActivityCancelledLate;

#[workflow]
impl ActivityCancelledLate {
    #[run]
    async fn run(ctx: WorkflowContext<Self>) -> WorkflowResult<String> {
        let greeting = ctx.activity::<greet>("early".to_owned()).start();
        ctx.sleep(secs(1)).await?;
        greeting.cancel();
        Ok(outcome(greeting.await))
    }
}

#[test]
fn cancelling_what_is_done_changes_nothing() -> Outcome {
    replays::<ActivityCancelledLate>("activity_cancelled_late")
}
