//! Cancellation: whoever is told to stop cleans up first, activity and workflow alike.

use examples::Outcome;
use std::time::Duration;
use steadfast::{activity::ActivityCancellation, client::ResultError, prelude::*};

/// A cancellation reaches an activity by its heartbeats.
#[activity(start_to_close_timeout = "1h", heartbeat_timeout = "2s")]
async fn bake(ctx: ActivityContext) -> Result<(), ActivityError> {
    let mut beat = tokio::time::interval(Duration::from_millis(20));
    loop {
        beat.tick().await;
        if let Err(cancelled) = ctx.heartbeat(&()) {
            println!("  oven off");
            return Err(cancelled.into());
        }
    }
}

#[activity(start_to_close_timeout = "5s")]
async fn clean(what: String) -> Result<(), ActivityError> {
    println!("  {what} cleaned");
    Ok(())
}

#[derive(Default)]
struct Cake {
    cleaned: bool,
    baking: bool,
}

#[workflow]
impl Cake {
    #[run]
    async fn run(ctx: WorkflowContext<Self>) -> WorkflowResult<String> {
        ctx.state_mut(|s| s.baking = true);
        // Otherwise the workflow would go on at once, with the oven still on.
        let baking = ctx
            .activity::<bake>(())
            .cancellation_type(ActivityCancellation::WaitCancellationCompleted);
        let Err(failure) = baking.await else {
            return Ok("a cake".to_owned());
        };
        // What begins after the cancellation is not affected by it.
        ctx.activity::<clean>("kitchen".to_owned()).await?;
        ctx.state_mut(|s| s.cleaned = true);
        Err(failure.into())
    }

    #[query]
    fn is_baking(&self) -> bool {
        self.baking
    }

    #[query]
    fn is_clean(&self) -> bool {
        self.cleaned
    }
}

#[tokio::main]
async fn main() -> Outcome {
    run(&examples::connect().await?).await
}

pub async fn run(client: &Client) -> Outcome {
    let worker = Worker::new(client, "cancellation")
        .workflow::<Cake>()
        .activity::<bake>()
        .activity::<clean>()
        .start();
    let cake = client.start::<Cake>(()).task_queue("cancellation").await?;
    assert!(cake.is_baking().await?);
    cake.cancel().reason("guests are not coming").await?;
    match cake.result().await {
        Err(error @ ResultError::Cancelled(_)) => println!("{error}"),
        other => return Err(format!("expected a cancelled workflow, got {other:?}").into()),
    }
    assert!(cake.is_clean().await?);
    Ok(worker.shutdown().await?)
}
