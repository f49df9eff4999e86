//! Blocking activities: ordinary functions that compute or wait, on threads of their own.

use examples::Outcome;
use std::time::Duration;
use steadfast::{activity::BlockingThreads, prelude::*};

/// Not `async`, so it may block: nothing else waits for it.
#[activity(start_to_close_timeout = "1m", heartbeat_timeout = "5s")]
fn count_primes(ctx: ActivityContext, below: u32) -> Result<usize, ActivityError> {
    let mut count = 0;
    for number in 2..below {
        if (2..).take_while(|n| n * n <= number).all(|n| number % n != 0) {
            count += 1;
        }
        if number % 1_000 == 0 {
            ctx.heartbeat(&number)?; // how it hears of a cancellation
        }
    }
    std::thread::sleep(Duration::from_millis(10)); // even that is allowed here
    Ok(count)
}

#[activity(start_to_close_timeout = "5s")]
fn read_manifest() -> std::io::Result<usize> {
    Ok(std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"))?.len())
}

#[derive(Default)]
struct Primes;

#[workflow]
impl Primes {
    #[run]
    async fn run(ctx: WorkflowContext<Self>, below: u32) -> WorkflowResult<(usize, usize)> {
        let (primes, bytes) = join!(ctx.activity::<count_primes>(below), ctx.activity::<read_manifest>(()));
        Ok((primes?, bytes?))
    }
}

#[tokio::main]
async fn main() -> Outcome {
    run(&examples::connect().await?).await
}

pub async fn run(client: &Client) -> Outcome {
    let worker = Worker::new(client, "blocking_activity")
        .workflow::<Primes>()
        .activity::<count_primes>()
        .activity::<read_manifest>()
        .blocking_pool(BlockingThreads::new(2)?) // without it, on the threads that the runtime has for this
        .start();
    let (primes, bytes) = client.execute::<Primes>(10_000).task_queue("blocking_activity").await?;
    println!("{primes} primes, and a manifest of {bytes} bytes");
    assert_eq!(primes, 1229);
    assert!(bytes > 0);
    Ok(worker.shutdown().await?)
}
