//! Fan-out and fan-in: a thousand activities side by side, some at a time, and the sum of what they find.

use examples::Outcome;
use steadfast::{prelude::*, workflow::FuturesUnordered};

#[activity(start_to_close_timeout = "10s")]
async fn square(number: u64) -> Result<u64, ActivityError> {
    Ok(number * number)
}

#[derive(Default)]
struct Sum {
    done: usize,
}

#[workflow]
impl Sum {
    #[run]
    async fn run(ctx: WorkflowContext<Self>, count: u64, at_once: usize) -> WorkflowResult<u64> {
        let mut waiting = (1..=count).map(|number| ctx.activity::<square>(number));
        let mut running = FuturesUnordered::new();
        for call in waiting.by_ref().take(at_once) {
            running.push(call);
        }
        let mut sum = 0;
        while let Some(found) = running.next().await {
            sum += found?;
            ctx.state_mut(|s| s.done += 1);
            if let Some(call) = waiting.next() {
                running.push(call);
            }
        }
        Ok(sum)
    }

    #[query]
    fn done(&self) -> usize {
        self.done
    }
}

#[tokio::main]
async fn main() -> Outcome {
    run(&examples::connect().await?).await
}

pub async fn run(client: &Client) -> Outcome {
    let worker = Worker::new(client, "fan_out")
        .workflow::<Sum>()
        .activity::<square>()
        .start();
    let sum = client.start::<Sum>((1000, 200)).task_queue("fan_out").await?;
    let total = sum.result().await?;
    println!("{} squares, their sum is {total}", sum.done().await?);
    assert_eq!(total, 1000 * 1001 * 2001 / 6);
    assert_eq!(sum.done().await?, 1000);
    Ok(worker.shutdown().await?)
}
