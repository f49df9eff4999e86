//! Runs that are thrown out of the worker's memory.

use steadfast::{prelude::*, worker::Worker};
use tests::{Environment, Outcome, RunningWorker, millis};

#[activity(start_to_close_timeout = "10s")]
async fn double(number: u32) -> Result<u32, ActivityError> {
    Ok(number * 2)
}

/// A little of everything, so that each replay has something to replay.
#[derive(Default)]
struct Journey {
    stops: Vec<String>,
    done: bool,
}

#[workflow]
impl Journey {
    #[run]
    async fn run(ctx: WorkflowContext<Self>, start: u32) -> WorkflowResult<Vec<String>> {
        let patched = ctx.patched("scenic-route");
        let doubled = ctx.activity::<double>(start).await?;
        ctx.state_mut(|s| s.stops.push(format!("doubled to {doubled}, scenic: {patched}")));
        ctx.sleep(millis(20)).await?;
        ctx.state_mut(|s| s.stops.push("rested".to_owned()));
        ctx.wait_condition(|s| s.done).await?;
        let again = ctx.activity::<double>(doubled).await?;
        Ok(ctx.state_mut(|s| {
            s.stops.push(format!("doubled to {again}"));
            s.stops.clone()
        }))
    }

    #[signal]
    fn stop_at(&mut self, place: String) {
        self.stops.push(place);
    }

    #[update]
    fn arrive(&mut self, place: String) -> usize {
        self.stops.push(place);
        self.done = true;
        self.stops.len()
    }

    #[query]
    fn stops(&self) -> usize {
        self.stops.len()
    }
}

/// The history of one journey; sticky queues are there only with a cache.
async fn journey(configure: impl FnOnce(Worker) -> Worker) -> Result<String, tests::Failure> {
    let environment = Environment::connect().await?;
    let worker = configure(environment.worker().workflow::<Journey>().activity::<double>());
    let journey = environment.start::<Journey>(3).await?;
    journey.stop_at("Bern".to_owned()).await?;
    let _worker = RunningWorker::start(worker);
    while journey.stops().await? < 3 {}
    assert_eq!(journey.arrive("Rome".to_owned()).await?, 4);
    assert_eq!(
        journey.result().await?,
        ["Bern", "doubled to 6, scenic: true", "rested", "Rome", "doubled to 12"]
    );
    let text = environment.rendered(&journey).await?;
    Ok(text.replace("<sticky>", "\"queue-<unique>\""))
}

#[tokio::test]
async fn a_run_that_is_evicted_after_every_task_has_the_same_history() -> Outcome {
    let cached = journey(|worker| worker).await?;
    let evicted = journey(|worker| worker.max_cached_workflows(0)).await?;
    assert_eq!(cached, evicted);
    Ok(())
}

#[derive(Default)]
struct Waiter {
    done: bool,
}

#[workflow]
impl Waiter {
    #[run]
    async fn run(ctx: WorkflowContext<Self>, number: u32) -> WorkflowResult<u32> {
        ctx.wait_condition(|s| s.done).await?;
        ctx.sleep(millis(10)).await?;
        Ok(number)
    }

    #[signal]
    fn finish(&mut self) {
        self.done = true;
    }

    #[query]
    fn is_done(&self) -> bool {
        self.done
    }
}

#[tokio::test]
async fn a_small_cache_serves_many_workflows() -> Outcome {
    let environment = Environment::connect().await?;
    let _worker = RunningWorker::start(environment.worker().workflow::<Waiter>().max_cached_workflows(2));
    let mut waiters = Vec::new();
    for number in 0..6 {
        let start = environment
            .client()
            .start::<Waiter>(number)
            .id(environment.name(&format!("waiter-{number}")));
        waiters.push(start.task_queue(environment.queue()).await?);
    }
    for waiter in &waiters {
        assert!(!waiter.is_done().await?);
    }
    for waiter in &waiters {
        waiter.finish().await?;
    }
    for (number, waiter) in (0..).zip(&waiters) {
        assert_eq!(waiter.result().await?, number);
    }
    Ok(())
}
