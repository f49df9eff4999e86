//! Cancelling a workflow: with clean-up, swallowed, while waiting for this or that, everything at once.

use crate::{
    activities::{greet, hold},
    recorded::replays,
};
use steadfast::{activity::ActivityCancellation, prelude::*};
use tests::{Outcome, millis};

#[derive(Default)]
struct CancelWithCleanUp;

#[workflow]
impl CancelWithCleanUp {
    #[run]
    async fn run(ctx: WorkflowContext<Self>) -> WorkflowResult<String> {
        let waiting = ActivityCancellation::WaitCancellationCompleted;
        let ended = ctx.activity::<hold>(()).cancellation_type(waiting).await;
        ctx.activity::<greet>("clean-up".to_owned()).await?;
        ctx.sleep(millis(20)).await?;
        Ok(ended?)
    }
}

#[test]
fn a_cancelled_workflow_cleans_up() -> Outcome {
    replays::<CancelWithCleanUp>("cancel_with_clean_up")
}

#[derive(Default)]
struct CancelSwallowed;

#[workflow]
impl CancelSwallowed {
    #[run]
    async fn run(ctx: WorkflowContext<Self>) -> WorkflowResult<String> {
        match ctx.sleep(hours(1)).await {
            Err(_) => Ok("swallowed".into()),
            Ok(()) => Ok("an hour passed".into()),
        }
    }
}

#[test]
fn a_cancelled_workflow_completes_all_the_same() -> Outcome {
    replays::<CancelSwallowed>("cancel_swallowed")
}

#[derive(Default)]
struct CancelCondition {
    never: bool,
}

#[workflow]
impl CancelCondition {
    #[run]
    async fn run(ctx: WorkflowContext<Self>) -> WorkflowResult<()> {
        ctx.wait_condition(|state| state.never).await?;
        Ok(())
    }
}

#[test]
fn a_wait_is_cancelled() -> Outcome {
    replays::<CancelCondition>("cancel_condition")
}

#[test]
fn a_workflow_is_cancelled_before_its_first_task() -> Outcome {
    replays::<CancelCondition>("cancel_before_first_task")
}

#[derive(Default)]
struct CancelEverything;

#[workflow]
impl CancelEverything {
    #[run]
    async fn run(ctx: WorkflowContext<Self>) -> WorkflowResult<String> {
        let early = join_all([60, 61].map(|seconds| ctx.sleep(secs(seconds))));
        let holding = join_all(
            [
                ActivityCancellation::TryCancel,
                ActivityCancellation::WaitCancellationCompleted,
            ]
            .map(|kind| ctx.activity::<hold>(()).cancellation_type(kind)),
        );
        let late = ctx.sleep(secs(62));
        let (early, holding, late) = join!(early, holding, late);
        let cancelled = early.iter().filter(|result| result.is_err()).count()
            + holding.iter().filter(|result| result.is_err()).count()
            + usize::from(late.is_err());
        Ok(format!("{cancelled} cancelled"))
    }
}

#[test]
fn all_that_is_pending_is_cancelled_in_the_same_order() -> Outcome {
    replays::<CancelEverything>("cancel_everything")
}
