//! Errors with types: what an activity or a workflow fails with is, on the other side, the same variant again.

use examples::Outcome;
use steadfast::{
    client::{ExecuteError, ResultError},
    prelude::*,
};

#[derive(Debug, PartialEq, Serialize, Deserialize, ApplicationError)]
enum PaymentError {
    #[error("the card was declined: {reason}", non_retryable)]
    Declined { reason: String },
    #[error("the gateway is busy", next_retry_delay = "50ms")]
    Busy,
}

#[activity(start_to_close_timeout = "5s")]
async fn charge(ctx: ActivityContext, cents: u64) -> Result<u64, PaymentError> {
    match (cents, ctx.info().attempt) {
        (_, 1) => Err(PaymentError::Busy),
        (1_000.., _) => Err(PaymentError::Declined {
            reason: "over the limit".to_owned(),
        }),
        _ => Ok(cents),
    }
}

#[derive(Debug, PartialEq, Serialize, Deserialize, ApplicationError)]
#[error("nobody sells {0}")]
struct NotForSale(String);

#[derive(Default)]
struct Purchase;

#[workflow]
impl Purchase {
    #[run]
    async fn run(ctx: WorkflowContext<Self>, item: String, cents: u64) -> WorkflowResult<String> {
        if item == "the moon" {
            return Err(NotForSale(item).into());
        }
        match ctx.activity::<charge>(cents).await {
            Ok(paid) => Ok(format!("{item} for {paid}")),
            Err(failure) => match failure.application() {
                Some(PaymentError::Declined { reason }) => Ok(format!("no {item}: {reason}")),
                // Anything else fails the workflow: a time-out, say.
                Some(PaymentError::Busy) | None => Err(failure.into()),
            },
        }
    }
}

#[tokio::main]
async fn main() -> Outcome {
    run(&examples::connect().await?).await
}

pub async fn run(client: &Client) -> Outcome {
    let worker = Worker::new(client, "errors")
        .workflow::<Purchase>()
        .activity::<charge>()
        .start();
    let buy = |item: &str, cents| {
        client
            .execute::<Purchase>((item.to_owned(), cents))
            .task_queue("errors")
    };
    for (item, cents, expected) in [("tea", 3, "tea for 3"), ("a car", 9_000, "no a car: over the limit")] {
        let answer = buy(item, cents).await?;
        println!("{answer}");
        assert_eq!(answer, expected);
    }
    match buy("the moon", 1).await {
        Err(ExecuteError::Result(ResultError::Failed(failure))) => {
            println!("{failure}");
            assert_eq!(failure.application(), Some(NotForSale("the moon".to_owned())));
        }
        other => return Err(format!("nobody sells it, got {other:?}").into()),
    }
    Ok(worker.shutdown().await?)
}
