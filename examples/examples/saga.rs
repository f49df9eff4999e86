//! A saga: when a step fails for good, what was done before is undone, last step first.

use examples::Outcome;
use steadfast::prelude::*;

#[derive(Debug, Serialize, Deserialize, ApplicationError)]
#[error("no {0} is free", non_retryable)]
struct FullyBooked(String);

#[activity(start_to_close_timeout = "5s")]
async fn book(what: String) -> Result<String, FullyBooked> {
    if what == "flight to the moon" {
        return Err(FullyBooked(what));
    }
    println!("  booked     {what}");
    Ok(format!("booking of a {what}"))
}

#[activity(start_to_close_timeout = "5s")]
async fn cancel(booking: String) -> Result<(), ActivityError> {
    println!("  cancelled  {booking}");
    Ok(())
}

#[derive(Default)]
struct Trip;

#[workflow]
impl Trip {
    #[run]
    async fn run(ctx: WorkflowContext<Self>, parts: Vec<String>) -> WorkflowResult<String> {
        let mut saga = ctx.saga();
        for part in parts {
            match ctx.activity::<book>(part).await {
                // A call is a value: it happens when it is awaited, if ever.
                Ok(booking) => saga.add_compensation(ctx.activity::<cancel>(booking)),
                Err(failure) => {
                    let undone = saga.compensate().await?;
                    return match failure.application() {
                        Some(FullyBooked(what)) => Ok(format!("no {what}, {undone} undone")),
                        None => Err(failure.into()),
                    };
                }
            }
        }
        Ok(format!("{} bookings", saga.len()))
    }
}

#[tokio::main]
async fn main() -> Outcome {
    run(&examples::connect().await?).await
}

pub async fn run(client: &Client) -> Outcome {
    let worker = Worker::new(client, "saga")
        .workflow::<Trip>()
        .activity::<book>()
        .activity::<cancel>()
        .start();
    for (parts, expected) in [
        (["hotel", "car", "flight to Bern"], "3 bookings"),
        (
            ["hotel", "car", "flight to the moon"],
            "no flight to the moon, 2 undone",
        ),
    ] {
        let parts = parts.map(str::to_owned).to_vec();
        let trip = client.execute::<Trip>(parts).task_queue("saga").await?;
        println!("{trip}");
        assert_eq!(trip, expected);
    }
    Ok(worker.shutdown().await?)
}
