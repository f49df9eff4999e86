//! Workflows with clocks of their own, which the server turns forward.
//!
//! A real server does so only if it is told to: `docs/testing.md` has its command line.

use steadfast::{
    client::{FastForwarded, TimeSkipping},
    days,
    prelude::*,
};
use tests::{Environment, Outcome, RunningWorker};

#[derive(Default)]
struct Sleeper {
    is_woken: bool,
}

#[workflow]
impl Sleeper {
    #[run]
    async fn run(ctx: WorkflowContext<Self>, nights: u64) -> WorkflowResult<u64> {
        let began = ctx.now();
        for _ in 0..nights {
            ctx.sleep(days(1)).await?;
        }
        ctx.wait_condition(|s| s.is_woken).await?;
        Ok(ctx
            .now()
            .duration_since(began)
            .map_or(0, |slept| slept.as_secs() / days(1).as_secs()))
    }

    #[signal]
    fn wake(&mut self) {
        self.is_woken = true;
    }
}

#[tokio::test]
async fn a_workflow_whose_clock_is_turned_forward_sleeps_for_days_in_a_moment() -> Outcome {
    let environment = Environment::connect().await?;
    let _worker = RunningWorker::start(environment.worker().workflow::<Sleeper>());
    let start = environment.start::<Sleeper>(3).time_skipping(TimeSkipping::new());
    let sleeper = start.await?;
    sleeper.wake().await?;
    assert_eq!(sleeper.result().await?, 3);
    let description = sleeper.describe().await?;
    let (began, now) = (description.start_time(), description.virtual_time());
    let slept = now
        .ok_or("it has a clock of its own")?
        .duration_since(began.ok_or("it began")?)?;
    assert!(slept >= days(3), "{slept:?}");
    Ok(())
}

#[tokio::test]
async fn a_running_workflow_is_fast_forwarded_as_far_as_somebody_says() -> Outcome {
    let environment = Environment::connect().await?;
    let _worker = RunningWorker::start(environment.worker().workflow::<Sleeper>());
    let sleeper = environment.start::<Sleeper>(3).await?;
    assert_eq!(
        sleeper.describe().await?.virtual_time(),
        None,
        "its clock is everybody's"
    );
    assert_eq!(sleeper.fast_forward(days(2)).await?, FastForwarded::Arrived);
    assert!(sleeper.describe().await?.virtual_time().is_some());
    sleeper.update_options().time_skipping(TimeSkipping::new()).await?;
    sleeper.wake().await?;
    assert_eq!(sleeper.result().await?, 3);
    assert!(sleeper.fast_forward(days(1)).await.is_err(), "it has ended");
    Ok(())
}
