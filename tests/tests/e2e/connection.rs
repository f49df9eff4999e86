//! Connections that break.

use steadfast::{
    client::{Client, SignalError},
    prelude::*,
    worker::Worker,
};
use tests::{Environment, Outcome, RunningWorker};

#[activity(start_to_close_timeout = "10s")]
async fn double(number: u32) -> Result<u32, ActivityError> {
    Ok(number * 2)
}

#[derive(Default)]
struct Sum {
    sum: u32,
    done: bool,
}

#[workflow]
impl Sum {
    #[run]
    async fn run(ctx: WorkflowContext<Self>) -> WorkflowResult<u32> {
        ctx.wait_condition(|s| s.done).await?;
        let sum = ctx.state(|s| s.sum);
        Ok(ctx.activity::<double>(sum).await?)
    }

    #[signal]
    fn add(&mut self, number: u32) {
        self.sum += number;
    }

    #[signal]
    fn finish(&mut self) {
        self.done = true;
    }

    #[query]
    fn sum(&self) -> u32 {
        self.sum
    }
}

#[tokio::test]
async fn a_worker_whose_connection_breaks_goes_on_over_a_new_one() -> Outcome {
    let environment = Environment::connect().await?;
    let proxy = environment.proxy().await?;
    let far = Client::connect(proxy.address()).await?;
    let worker = Worker::new(&far, environment.queue())
        .workflow::<Sum>()
        .activity::<double>();
    let _worker = RunningWorker::start(worker);

    let near = environment.network_client().await?;
    let sum = near
        .start::<Sum>(())
        .id(environment.name("workflow"))
        .task_queue(environment.queue())
        .await?;
    assert_eq!(sum.sum().await?, 0, "the worker works");
    assert!(proxy.cut() > 0, "the worker was connected");
    sum.add(4).await?;
    assert_eq!(sum.sum().await?, 4, "the worker is back");
    proxy.cut();
    sum.finish().await?;
    assert_eq!(sum.result().await?, 8);
    Ok(())
}

#[tokio::test]
async fn a_client_whose_connection_breaks_goes_on_over_a_new_one() -> Outcome {
    let environment = Environment::connect().await?;
    let proxy = environment.proxy().await?;
    let far = Client::connect(proxy.address()).await?;
    let near = environment.network_client().await?;
    let worker = Worker::new(&near, environment.queue())
        .workflow::<Sum>()
        .activity::<double>();
    let _worker = RunningWorker::start(worker);

    let sum = far
        .start::<Sum>(())
        .id(environment.name("workflow"))
        .task_queue(environment.queue())
        .await?;
    for number in 1..=3 {
        assert!(proxy.cut() > 0, "the client was connected");
        sum.add(number).await?;
    }
    sum.finish().await?;
    let waiting = sum.result();
    proxy.cut();
    assert_eq!(waiting.await?, 12);
    Ok(())
}

#[tokio::test]
async fn a_server_that_is_gone_is_told_with_a_typed_error() -> Outcome {
    let environment = Environment::connect().await?;
    let proxy = environment.proxy().await?;
    let far = Client::connect(proxy.address()).await?;
    drop(proxy);
    let answer = far.workflow::<Sum>("any").finish().await;
    assert!(matches!(answer, Err(SignalError::Rpc(_))), "{answer:?}");
    Ok(())
}
