//! Continuing as new.

use steadfast::{client::ResultError, prelude::*};
use tests::{Environment, Outcome, RunningWorker};

struct Countdown {
    noted: Vec<String>,
}

#[workflow]
impl Countdown {
    #[init]
    fn new(_left: u32, noted: Vec<String>) -> Self {
        Self { noted }
    }

    #[run]
    async fn run(ctx: WorkflowContext<Self>, left: u32, _noted: Vec<String>) -> WorkflowResult<Vec<String>> {
        let noted = ctx.state_mut(|s| {
            s.noted.push(format!("{left} left"));
            s.noted.clone()
        });
        if left > 0 {
            ctx.continue_as_new((left - 1, noted))
        } else {
            Ok(noted)
        }
    }
}

#[tokio::test]
async fn a_workflow_goes_on_in_new_runs_and_its_result_is_the_last_ones() -> Outcome {
    let environment = Environment::connect().await?;
    let _worker = RunningWorker::start(environment.worker().workflow::<Countdown>());
    let countdown = environment.start::<Countdown>((2, Vec::new())).await?;
    assert_eq!(countdown.result().await?, ["2 left", "1 left", "0 left"]);
    environment.check_history("continue_as_new_first", &countdown).await?;

    let last = environment.client().workflow::<Countdown>(countdown.id());
    assert_eq!(last.result().await?.len(), 3);
    environment.check_history("continue_as_new_last", &last).await
}

#[tokio::test]
async fn one_runs_result_can_be_asked_for() -> Outcome {
    let environment = Environment::connect().await?;
    let _worker = RunningWorker::start(environment.worker().workflow::<Countdown>());
    let countdown = environment.start::<Countdown>((1, Vec::new())).await?;
    let first = countdown.result().follow_runs(false).await;
    let Err(ResultError::ContinuedAsNew(next)) = first else {
        panic!("the run was continued as new, got {first:?}")
    };
    assert_ne!(Some(next.run_id()), countdown.run_id());
    assert_eq!(countdown.with_run_id(next.run_id()).result().await?.len(), 2);
    Ok(())
}

/// Another workflow takes over, with options.
#[derive(Default)]
struct Caterpillar;

#[workflow]
impl Caterpillar {
    #[run]
    async fn run(ctx: WorkflowContext<Self>) -> WorkflowResult<Vec<String>> {
        ctx.continue_as::<Countdown>((0, vec!["pupated".to_owned()]))
            .run_timeout(secs(30))
            .into()
    }
}

#[tokio::test]
async fn a_workflow_goes_on_as_another_one() -> Outcome {
    let environment = Environment::connect().await?;
    let _worker = RunningWorker::start(environment.worker().workflow::<Countdown>().workflow::<Caterpillar>());
    let caterpillar = environment.start::<Caterpillar>(()).await?;
    assert_eq!(caterpillar.result().await?, ["pupated", "0 left"]);
    environment.check_history("continue_as_another", &caterpillar).await
}
