//! Workers come and go; the workflows stay.

use steadfast::{activity::RetryPolicy, prelude::*};
use tests::{Environment, Gate, Outcome, RunningWorker, millis};

/// Activities that the test holds.
#[derive(Clone, Default)]
struct Bench {
    started: Gate,
    release: Gate,
}

#[activities]
impl Bench {
    #[activity]
    async fn saw(&self, board: String) -> Result<String, ActivityError> {
        self.started.open();
        self.release.passed().await;
        Ok(format!("{board}, sawn"))
    }
}

#[derive(Default)]
struct Chair {
    legs: u32,
}

#[workflow]
impl Chair {
    #[run]
    async fn run(ctx: WorkflowContext<Self>, board: String) -> WorkflowResult<String> {
        let bench = ctx.activities::<Bench>().start_to_close_timeout(secs(2));
        let quick = RetryPolicy::default().initial_interval(millis(10));
        let sawn = bench.saw(board).retry_policy(quick).await?;
        ctx.sleep(millis(10)).await?;
        ctx.wait_condition(|s| s.legs >= 4).await?;
        Ok(format!("{sawn}, on {} legs", ctx.state(|s| s.legs)))
    }

    #[signal]
    fn add_legs(&mut self, legs: u32) {
        self.legs += legs;
    }

    #[query]
    fn legs(&self) -> u32 {
        self.legs
    }
}

#[tokio::test]
async fn a_run_whose_worker_is_killed_half_way_is_finished_by_another() -> Outcome {
    let environment = Environment::connect().await?;
    let bench = Bench::default();
    let first = RunningWorker::start(environment.worker().workflow::<Chair>().activities(bench.clone()));
    let chair = environment.start::<Chair>("oak".to_owned()).await?;
    chair.add_legs(3).await?;
    bench.started.passed().await;
    assert_eq!(chair.legs().await?, 3);
    first.kill().await;

    // The activity's attempt is lost with its worker: it times out, and the next attempt goes to the second one.
    let _second = RunningWorker::start(environment.worker().workflow::<Chair>().activities(bench.clone()));
    bench.started.passed().await;
    bench.release.open();
    chair.add_legs(1).await?;
    assert_eq!(chair.result().await?, "oak, sawn, on 4 legs");
    Ok(())
}

#[tokio::test]
async fn a_worker_that_is_stopped_finishes_what_it_began() -> Outcome {
    let environment = Environment::connect().await?;
    let bench = Bench::default();
    let worker = environment
        .worker()
        .workflow::<Chair>()
        .activities(bench.clone())
        .graceful_shutdown_period(secs(10));
    let worker = RunningWorker::start(worker);
    let chair = environment.start::<Chair>("oak".to_owned()).await?;
    bench.started.passed().await;
    let (stopped, ()) = tokio::join!(worker.stop(), async {
        tokio::task::yield_now().await;
        bench.release.open();
    });
    stopped?;
    let description = chair.describe().await?;
    assert!(
        description.pending_activities().len() == 0,
        "the activity was finished, not lost"
    );
    chair.terminate("enough seen").await?;
    Ok(())
}

#[tokio::test]
async fn several_workers_share_a_queue() -> Outcome {
    let environment = Environment::connect().await?;
    let bench = Bench::default();
    let workers: Vec<_> = (0..3)
        .map(|_| RunningWorker::start(environment.worker().workflow::<Chair>().activities(bench.clone())))
        .collect();
    let mut chairs = Vec::new();
    for number in 0..9 {
        bench.release.open();
        let chair = environment.client().start::<Chair>(format!("board {number}"));
        chairs.push(
            chair
                .id(environment.name(&format!("chair-{number}")))
                .task_queue(environment.queue())
                .await?,
        );
    }
    for chair in &chairs {
        chair.add_legs(4).await?;
    }
    for (number, chair) in chairs.iter().enumerate() {
        assert_eq!(chair.result().await?, format!("board {number}, sawn, on 4 legs"));
    }
    for worker in workers {
        worker.stop().await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_runs_on_several_threads() -> Outcome {
    let environment = Environment::connect().await?;
    let bench = Bench::default();
    let _worker = RunningWorker::start(environment.worker().workflow::<Chair>().activities(bench.clone()));
    bench.release.open();
    let chair = environment.start::<Chair>("ash".to_owned()).await?;
    chair.add_legs(4).await?;
    assert_eq!(chair.result().await?, "ash, sawn, on 4 legs");
    Ok(())
}
