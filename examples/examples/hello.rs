//! The smallest whole: one activity, one workflow, a worker and a client.

use examples::Outcome;
use steadfast::prelude::*;

#[activity(start_to_close_timeout = "5s")]
async fn compose(name: String) -> Result<String, ActivityError> {
    Ok(format!("Hello, {name}!"))
}

#[derive(Default)]
struct Greeting;

#[workflow]
impl Greeting {
    #[run]
    async fn run(ctx: WorkflowContext<Self>, name: String) -> WorkflowResult<String> {
        Ok(ctx.activity::<compose>(name).await?)
    }
}

#[tokio::main]
async fn main() -> Outcome {
    run(&examples::connect().await?).await
}

pub async fn run(client: &Client) -> Outcome {
    let worker = Worker::new(client, "hello")
        .workflow::<Greeting>()
        .activity::<compose>()
        .start();
    let greeting = client.execute::<Greeting>("Ada".to_owned()).task_queue("hello").await?;
    println!("{greeting}");
    assert_eq!(greeting, "Hello, Ada!");
    Ok(worker.shutdown().await?)
}
