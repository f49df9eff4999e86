//! Heartbeats: a long activity tells how far it came, and the next attempt goes on there.

use examples::Outcome;
use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};
use steadfast::prelude::*;

/// What activities share is a value of their own: a pool of connections, say. Here it counts.
#[derive(Default)]
struct Import {
    rows: Arc<AtomicU32>,
}

#[activities]
impl Import {
    #[activity(start_to_close_timeout = "1h", heartbeat_timeout = "5s")]
    async fn import(&self, ctx: ActivityContext, rows: u32) -> Result<u32, ActivityError> {
        let done = ctx.heartbeat_details::<u32>()?.unwrap_or(0);
        println!("  attempt {} begins at row {done}", ctx.info().attempt);
        for row in done..rows {
            if row == 60 && ctx.info().attempt == 1 {
                return Err(ActivityError::new("the connection broke"));
            }
            self.rows.fetch_add(1, Ordering::Relaxed);
            ctx.heartbeat(&(row + 1))?; // cheap: the SDK sends as many as are needed
        }
        Ok(ctx.info().attempt)
    }
}

#[derive(Default)]
struct Night;

#[workflow]
impl Night {
    #[run]
    async fn run(ctx: WorkflowContext<Self>, rows: u32) -> WorkflowResult<u32> {
        let quick = RetryPolicy::default().initial_interval(std::time::Duration::from_millis(50));
        let import = ctx.activities::<Import>();
        Ok(import.import(rows).retry_policy(quick).await?)
    }
}

#[tokio::main]
async fn main() -> Outcome {
    run(&examples::connect().await?).await
}

pub async fn run(client: &Client) -> Outcome {
    let import = Import::default();
    let rows = Arc::clone(&import.rows);
    let worker = Worker::new(client, "heartbeat")
        .workflow::<Night>()
        .activities(import)
        .start();
    let attempts = client.execute::<Night>(100).task_queue("heartbeat").await?;
    let rows = rows.load(Ordering::Relaxed);
    println!("{rows} rows in {attempts} attempts");
    assert_eq!((rows, attempts), (100, 2));
    Ok(worker.shutdown().await?)
}
