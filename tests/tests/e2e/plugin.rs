//! Plugins: settings of clients, workers and replayers that belong together.

use std::sync::{Arc, Mutex};
use steadfast::{
    Worker, client::ClientBuilder, interceptor::*, plugin::Plugin, prelude::*, replay::Replayer, worker::WorkerError,
};
use tests::{Environment, Outcome, RunningWorker};

/// Sends a name along with everything, and stamps what workflows do with it.
#[derive(Clone)]
struct Stamp(&'static str);

impl ClientInterceptor for Stamp {
    fn headers(&self, headers: &mut Headers) {
        headers.set("stamp", &self.0.to_owned()).expect("text is JSON");
    }
}

impl WorkflowInterceptor for Stamp {
    fn headers(&self, ctx: &InterceptorContext, headers: &mut Headers) {
        headers.copy_from(&ctx.info().headers(), "stamp");
    }

    fn start_timer(&self, _: &InterceptorContext, duration: &mut std::time::Duration) {
        *duration = tests::millis(1);
    }
}

impl Plugin for Stamp {
    fn name(&self) -> String {
        "stamp".to_owned()
    }

    fn client(&self, builder: ClientBuilder) -> ClientBuilder {
        builder.interceptor(self.clone())
    }

    fn worker(&self, worker: Worker) -> Worker {
        worker.workflow_interceptor(self.clone()).activity::<stamped>()
    }

    fn replayer(&self, replayer: Replayer) -> Replayer {
        replayer.workflow_interceptor(self.clone()).workflow::<Parcel>()
    }
}

#[activity(start_to_close_timeout = "10s")]
async fn stamped(ctx: ActivityContext) -> Result<String, ActivityError> {
    Ok(ctx.headers().get("stamp")?.unwrap_or_default())
}

#[derive(Default)]
struct Parcel;

#[workflow]
impl Parcel {
    #[run]
    async fn run(ctx: WorkflowContext<Self>) -> WorkflowResult<String> {
        ctx.sleep(hours(1_000)).await?;
        Ok(ctx.activity::<stamped>(()).await?)
    }
}

#[tokio::test]
async fn a_plugin_of_a_client_is_one_of_its_workers_and_one_of_a_replayer() -> Outcome {
    let environment = Environment::connect().await?;
    let builder = Client::builder().plugin(Stamp("red"));
    let client = match std::env::var("STEADFAST_TEST_ADDRESS") {
        Ok(address) => builder.address(address).connect().await?,
        Err(_) => builder.embedded()?,
    };
    let _worker = RunningWorker::start(Worker::new(&client, environment.queue()).workflow::<Parcel>());
    let parcel = client
        .start::<Parcel>(())
        .id(environment.name("workflow"))
        .task_queue(environment.queue())
        .await?;
    assert_eq!(parcel.result().await?, "red");
    let replayer = Replayer::new().plugin(Stamp("any"));
    replayer.replay(parcel.fetch_history().await?)?;
    Ok(())
}

#[tokio::test]
async fn a_worker_says_why_it_could_not_start() -> Outcome {
    let environment = Environment::connect().await?;
    let told = Arc::new(Mutex::new(None));
    let worker = environment
        .worker()
        .workflow::<Parcel>()
        .workflow::<Parcel>()
        .on_fatal_error({
            let told = Arc::clone(&told);
            move |error: &WorkerError| *told.lock().unwrap() = Some(error.to_string())
        });
    let running = worker.start();
    let error = running.await.expect_err("two workflows have one name");
    assert_eq!(*told.lock().unwrap(), Some(error.to_string()));
    let running = environment.worker().workflow::<Parcel>().start();
    assert!(running.is_running());
    running.shutdown().await?;
    Ok(())
}
