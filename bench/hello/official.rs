use std::{str::FromStr, time::Duration};
use temporalio_client::{Client, ClientOptions, Connection, ConnectionOptions, Url, WorkflowStartOptions};
use temporalio_macros::{activities, workflow, workflow_methods};
use temporalio_sdk::{
    ActivityOptions, Runtime, Worker, WorkerOptions, WorkflowContext, WorkflowResult,
    activities::{ActivityContext, ActivityError},
};

struct Greetings;

#[activities]
impl Greetings {
    #[activity(name = "greet")]
    async fn greet(_: ActivityContext, name: String) -> Result<String, ActivityError> {
        Ok(format!("Hello, {name}"))
    }
}

#[workflow]
#[derive(Default)]
struct Greeting;

#[workflow_methods]
impl Greeting {
    #[run]
    async fn run(ctx: &mut WorkflowContext<Self>, name: String) -> WorkflowResult<String> {
        let options = ActivityOptions::start_to_close_timeout(Duration::from_secs(10));
        Ok(ctx.execute_activity(Greetings::greet, name, options).await?)
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let url = Url::from_str("http://localhost:7233")?;
    let connection = Connection::connect(ConnectionOptions::new(url).build()).await?;
    let client = Client::new(connection, ClientOptions::new("default").build())?;
    let options = WorkerOptions::new("hello")
        .register_activities(Greetings)
        .register_workflow::<Greeting>()?
        .build();
    let runtime = Runtime::from_current_tokio(Default::default())?;
    let mut worker = Worker::new(&runtime, client.clone(), options)?;
    let stop = worker.shutdown_handle();
    let start = async {
        let options = WorkflowStartOptions::new("hello", "hello").build();
        let handle = client
            .start_workflow(Greeting::run, "world".to_owned(), options)
            .await?;
        println!("{}", handle.get_result(Default::default()).await?);
        stop();
        Ok::<_, Box<dyn std::error::Error>>(())
    };
    let (worked, started) = tokio::join!(worker.run(), start);
    started?;
    Ok(worked?)
}
