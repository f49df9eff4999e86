//! Local activities: one, several, retried at once or by a timer, failing, long, cancelled.

use crate::{
    activities::{double, flaky, greet, hold, pause, refuse},
    recorded::replays,
};
use steadfast::{activity::ActivityCancellation, prelude::*};
use tests::{Outcome, millis};

#[derive(Default)]
struct LocalSequence;

#[workflow]
impl LocalSequence {
    #[run]
    async fn run(ctx: WorkflowContext<Self>, count: u64) -> WorkflowResult<u64> {
        let mut number = 1;
        for _ in 0..count {
            number = ctx.local_activity::<double>(number).await?;
        }
        Ok(number)
    }
}

#[test]
fn a_local_activity() -> Outcome {
    replays::<LocalSequence>("local_activity")
}

#[test]
fn a_sequence_of_local_activities_in_one_task() -> Outcome {
    replays::<LocalSequence>("local_activity_sequence")
}

#[derive(Default)]
struct LocalParallel;

#[workflow]
impl LocalParallel {
    #[run]
    async fn run(ctx: WorkflowContext<Self>) -> WorkflowResult<u64> {
        let mut sum = 0;
        for paused in join_all([150, 10, 80, 10, 40].map(|pauses| ctx.local_activity::<pause>(pauses))).await {
            sum += paused?;
        }
        ctx.activity::<greet>(sum.to_string()).await?;
        Ok(sum)
    }
}

#[test]
fn local_activities_that_end_in_another_order() -> Outcome {
    replays::<LocalParallel>("local_activity_parallel")
}

/// Retried after as many milliseconds as the input says; more than 500 take a timer.
#[derive(Default)]
struct LocalRetry;

#[workflow]
impl LocalRetry {
    #[run]
    async fn run(ctx: WorkflowContext<Self>, milliseconds: u64) -> WorkflowResult<u32> {
        let policy = RetryPolicy::default()
            .initial_interval(millis(milliseconds))
            .backoff_coefficient(1.0);
        let flaky = ctx.local_activity::<flaky>(2).retry_policy(policy);
        Ok(flaky.local_retry_threshold(millis(500)).await?)
    }
}

#[test]
fn a_local_activity_that_was_retried_in_its_task() -> Outcome {
    replays::<LocalRetry>("local_activity_retry")
}

#[test]
fn a_local_activity_that_was_retried_after_timers() -> Outcome {
    replays::<LocalRetry>("local_activity_retry_by_timer")
}

#[derive(Default)]
struct LocalFailure;

#[workflow]
impl LocalFailure {
    #[run]
    async fn run(ctx: WorkflowContext<Self>) -> WorkflowResult<String> {
        let text = match ctx.local_activity::<refuse>("OutOfStock".to_owned()).await {
            Err(failure) if failure.type_name() == Some("OutOfStock") => "refused",
            _ => "granted",
        };
        Ok(ctx.activity::<greet>(text.to_owned()).await?)
    }
}

#[test]
fn a_local_activity_that_failed() -> Outcome {
    replays::<LocalFailure>("local_activity_failure")
}

/// Longer than a workflow task may take: the task is kept alive by heartbeats.
#[derive(Default)]
struct LocalLong {
    bumps: u32,
}

#[workflow]
impl LocalLong {
    #[run]
    async fn run(ctx: WorkflowContext<Self>, milliseconds: u64) -> WorkflowResult<String> {
        let paused = ctx.local_activity::<pause>(milliseconds).await?;
        ctx.sleep(millis(20)).await?;
        Ok(ctx.local_activity::<greet>(paused.to_string()).await?)
    }

    #[signal]
    fn bump(&mut self) {
        self.bumps += 1;
    }
}

#[test]
fn a_local_activity_over_several_tasks() -> Outcome {
    replays::<LocalLong>("local_activity_heartbeat")
}

#[test]
fn a_local_activity_during_which_signals_came() -> Outcome {
    replays::<LocalLong>("local_activity_heartbeat_and_signals")
}

/// Local activities, activities and timers side by side; a local one's arguments are recorded.
#[derive(Default)]
struct LocalMixed;

#[workflow]
impl LocalMixed {
    #[run]
    async fn run(ctx: WorkflowContext<Self>) -> WorkflowResult<u64> {
        let mut number = 1;
        for _ in 0..3 {
            let near = ctx.local_activity::<double>(number).summary("shown");
            let (near, far, _) = join!(
                near.include_arguments_in_marker(true),
                ctx.activity::<double>(number),
                ctx.sleep(millis(10))
            );
            number = near? + far?;
        }
        Ok(number)
    }
}

#[test]
fn local_activities_beside_others() -> Outcome {
    replays::<LocalMixed>("local_activity_mixed")
}

#[derive(Default)]
struct LocalCancelled;

#[workflow]
impl LocalCancelled {
    #[run]
    async fn run(ctx: WorkflowContext<Self>, kind: String) -> WorkflowResult<String> {
        let cancellation = match kind.as_str() {
            "try" => ActivityCancellation::TryCancel,
            "wait" => ActivityCancellation::WaitCancellationCompleted,
            _ => ActivityCancellation::Abandon,
        };
        let holding = ctx.local_activity::<hold>(()).cancellation_type(cancellation).start();
        ctx.sleep(millis(100)).await?;
        holding.cancel();
        let text = match holding.await {
            Err(failure) if failure.is_cancelled() => "cancelled",
            Err(_) => "failed",
            Ok(_) => "done",
        };
        Ok(ctx.activity::<greet>(text.to_owned()).await?)
    }
}

#[test]
fn a_cancelled_local_activity() -> Outcome {
    replays::<LocalCancelled>("local_activity_cancelled_try")
}

#[test]
fn a_cancelled_local_activity_that_was_waited_for() -> Outcome {
    replays::<LocalCancelled>("local_activity_cancelled_wait")
}

#[test]
fn an_abandoned_local_activity() -> Outcome {
    replays::<LocalCancelled>("local_activity_cancelled_abandon")
}
