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
        let mut undo = Vec::new();
        let failure = 'booked: {
            for part in parts {
                match ctx.activity::<book>(part).await {
                    // A call is a value: it happens when it is awaited, if ever.
                    Ok(booking) => undo.push(ctx.activity::<cancel>(booking)),
                    Err(failure) => break 'booked failure,
                }
            }
            return Ok(format!("{} bookings", undo.len()));
        };
        let undone = undo.len();
        // Shielded: cancelling the workflow does not stop it half-way.
        ctx.shielded(async {
            for call in undo.into_iter().rev() {
                if let Err(failure) = call.await {
                    eprintln!("  {failure}; the others are undone nevertheless");
                }
            }
        })
        .await;
        match failure.application() {
            Some(FullyBooked(what)) => Ok(format!("no {what}, {undone} undone")),
            None => Err(failure.into()),
        }
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
