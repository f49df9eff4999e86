//! A workflow with a clock of its own, on any server: it sleeps for a month in a moment, and nobody else notices.
//!
//! A real server must be told to: `temporal server start-dev --dynamic-config-value frontend.WorkflowTimeSkippingEnabled=true`.

use examples::Outcome;
use steadfast::{client::TimeSkipping, prelude::*};

#[derive(Default)]
struct Subscription {
    months: u32,
}

#[workflow]
impl Subscription {
    #[run]
    async fn run(ctx: WorkflowContext<Self>, months: u32) -> WorkflowResult<u32> {
        while ctx.state(|s| s.months) < months {
            ctx.sleep(days(30)).await?;
            ctx.state_mut(|s| s.months += 1);
        }
        Ok(months)
    }

    #[query]
    fn months(&self) -> u32 {
        self.months
    }
}

#[tokio::main]
async fn main() -> Outcome {
    run(&examples::connect().await?).await
}

pub async fn run(client: &Client) -> Outcome {
    let worker = Worker::new(client, "time_skipping").workflow::<Subscription>().start();

    // Its clock is turned forward as far as somebody says..
    let subscription = client.start::<Subscription>(12).task_queue("time_skipping").await?;
    if let Err(error) = subscription.fast_forward(days(95)).await {
        println!("this server turns no clocks: {error}");
        subscription.terminate("it would sleep for years").await?;
        return Ok(worker.shutdown().await?);
    }
    println!("after 95 days: {} months", subscription.months().await?);
    assert_eq!(subscription.months().await?, 3);

    // ..or whenever it only waits.
    subscription.update_options().time_skipping(TimeSkipping::new()).await?;
    assert_eq!(subscription.result().await?, 12);
    Ok(worker.shutdown().await?)
}
