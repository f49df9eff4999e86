//! Local activities: for what takes moments, run in the worker within the workflow's task, without a round trip.

use examples::Outcome;
use steadfast::prelude::*;

#[activity(start_to_close_timeout = "2s")]
async fn price(ctx: ActivityContext, item: String) -> Result<u32, ActivityError> {
    assert!(ctx.info().is_local);
    match item.as_str() {
        "tea" => Ok(3),
        "pot" => Ok(17),
        _ => Err(ActivityError::new(format!("{item} has no price")).non_retryable()),
    }
}

#[derive(Default)]
struct Bill;

#[workflow]
impl Bill {
    #[run]
    async fn run(ctx: WorkflowContext<Self>, items: Vec<String>) -> WorkflowResult<u32> {
        let mut total = 0;
        for item in items {
            total += ctx.local_activity::<price>(item).await?;
        }
        Ok(total)
    }
}

#[tokio::main]
async fn main() -> Outcome {
    run(&examples::connect().await?).await
}

pub async fn run(client: &Client) -> Outcome {
    let worker = Worker::new(client, "local_activity")
        .workflow::<Bill>()
        .activity::<price>()
        .start();
    let items = ["tea", "pot", "tea"].map(str::to_owned).to_vec();
    let bill = client.start::<Bill>(items).task_queue("local_activity").await?;
    let total = bill.result().await?;
    let events = bill.fetch_history().await?.events.len();
    println!("{total}, with a history of {events} events");
    assert_eq!(total, 23);
    assert!(events < 10, "one task for all of them");
    Ok(worker.shutdown().await?)
}
