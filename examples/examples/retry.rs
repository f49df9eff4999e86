//! Retries: activities have them unless told otherwise, workflows when they are told to.

use examples::Outcome;
use std::time::Duration;
use steadfast::{error::RetryState, prelude::*};

#[activity(start_to_close_timeout = "5s")]
async fn call_them(ctx: ActivityContext, answers_at: u32) -> Result<String, ActivityError> {
    let attempt = ctx.info().attempt;
    println!("  attempt {attempt}");
    if attempt < answers_at {
        return Err(ActivityError::new("nobody answers"));
    }
    Ok(format!("answered at attempt {attempt}"))
}

#[derive(Default)]
struct Call;

#[workflow]
impl Call {
    #[run]
    async fn run(ctx: WorkflowContext<Self>, answers_at: u32) -> WorkflowResult<String> {
        let policy = RetryPolicy::default()
            .initial_interval(Duration::from_millis(20))
            .backoff_coefficient(2.0) // 20, 40 ms
            .maximum_interval(secs(1))
            .maximum_attempts(3);
        match ctx.activity::<call_them>(answers_at).retry_policy(policy).await {
            Ok(answer) => Ok(answer),
            Err(failure) if failure.retry_state() == RetryState::MaximumAttemptsReached => {
                Ok(format!("given up: {}", failure.message()))
            }
            Err(failure) => Err(failure.into()),
        }
    }
}

/// Fails as a whole, and is started again as a whole.
#[derive(Default)]
struct Stubborn;

#[workflow]
impl Stubborn {
    #[run]
    async fn run(ctx: WorkflowContext<Self>) -> WorkflowResult<u32> {
        match ctx.info().attempt() {
            1 => Err(WorkflowError::new("once more")),
            attempt => Ok(attempt),
        }
    }
}

#[tokio::main]
async fn main() -> Outcome {
    run(&examples::connect().await?).await
}

pub async fn run(client: &Client) -> Outcome {
    let worker = Worker::new(client, "retry")
        .workflow::<Call>()
        .workflow::<Stubborn>()
        .activity::<call_them>()
        .start();
    for (answers_at, expected) in [(3, "answered at attempt 3"), (4, "given up: nobody answers")] {
        let answer = client.execute::<Call>(answers_at).task_queue("retry").await?;
        println!("{answer}");
        assert_eq!(answer, expected);
    }
    let policy = RetryPolicy::default().initial_interval(Duration::from_millis(20));
    let stubborn = client.execute::<Stubborn>(()).task_queue("retry").retry_policy(policy);
    assert_eq!(stubborn.await?, 2);
    Ok(worker.shutdown().await?)
}
