use steadfast::prelude::*;

#[activity(start_to_close_timeout = "10s")]
async fn greet(name: String) -> Result<String, ActivityError> {
    Ok(format!("Hello, {name}"))
}

#[derive(Default)]
struct Greeting;

#[workflow]
impl Greeting {
    #[run]
    async fn run(ctx: WorkflowContext<Self>, name: String) -> WorkflowResult<String> {
        Ok(ctx.activity::<greet>(name).await?)
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let client = Client::connect("localhost:7233").await?;
    let worker = Worker::new(&client, "hello")
        .workflow::<Greeting>()
        .activity::<greet>()
        .start();
    println!(
        "{}",
        client
            .execute::<Greeting>("world".to_owned())
            .task_queue("hello")
            .await?
    );
    Ok(worker.shutdown().await?)
}
