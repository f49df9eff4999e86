//! Timers.

use steadfast::prelude::*;
use tests::{Environment, Outcome, RunningWorker, millis};

#[derive(Default)]
struct Timers {
    woken: bool,
}

#[workflow]
impl Timers {
    #[run]
    async fn run(ctx: WorkflowContext<Self>, case: String) -> WorkflowResult<String> {
        Ok(match case.as_str() {
            "sleep" => {
                let before = ctx.now();
                ctx.sleep(millis(50)).await?;
                let slept = ctx.now().duration_since(before)?;
                if slept >= millis(50) {
                    "slept".to_owned()
                } else {
                    format!("woke after {slept:?}")
                }
            }
            "wait in vain" => match ctx.wait_condition(|s| s.woken).timeout(millis(50)).await? {
                Some(()) => "woken".to_owned(),
                None => "gave up".to_owned(),
            },
            "wait" => match ctx.wait_condition(|s| s.woken).timeout(hours(1)).await? {
                Some(()) => "woken".to_owned(),
                None => "gave up".to_owned(),
            },
            "first of two" => {
                let (long, short) = (ctx.sleep(hours(1)), ctx.sleep(millis(50)));
                select! {
                    woken = long => { woken?; "the long one".to_owned() }
                    woken = short => { woken?; "the short one".to_owned() }
                }
            }
            _ => {
                ctx.sleep(millis(0)).await?;
                "at once".to_owned()
            }
        })
    }

    #[signal]
    fn wake(&mut self) {
        self.woken = true;
    }

    #[query]
    fn is_woken(&self) -> bool {
        self.woken
    }
}

async fn timers(case: &str, expected: &str, history: &str) -> Outcome {
    let environment = Environment::connect().await?;
    let _worker = RunningWorker::start(environment.worker().workflow::<Timers>());
    let workflow = environment.start::<Timers>(case.to_owned()).await?;
    if case == "wait" {
        assert!(!workflow.is_woken().await?, "the first task is done");
        workflow.wake().await?;
    }
    assert_eq!(workflow.result().await?, expected);
    environment.check_history(history, &workflow).await
}

#[tokio::test]
async fn a_workflow_sleeps() -> Outcome {
    timers("sleep", "slept", "timer_sleep").await
}

#[tokio::test]
async fn a_wait_gives_up_after_its_time() -> Outcome {
    timers("wait in vain", "gave up", "timer_wait_times_out").await
}

#[tokio::test]
async fn a_fulfilled_wait_cancels_its_timer() -> Outcome {
    timers("wait", "woken", "timer_wait_fulfilled").await
}

#[tokio::test]
async fn the_timer_that_lost_is_cancelled() -> Outcome {
    timers("first of two", "the short one", "timer_first_of_two").await
}

#[tokio::test]
async fn a_sleep_of_no_time_is_a_timer_too() -> Outcome {
    timers("zero", "at once", "timer_zero").await
}
