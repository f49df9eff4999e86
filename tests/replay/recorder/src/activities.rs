//! The activities that all scenarios share.

use std::time::Duration;
use temporalio_common::RetryPolicy;
use temporalio_macros::activities;
use temporalio_sdk::{
    ActivityOptions, ApplicationFailure,
    activities::{ActivityContext, ActivityError},
};

/// The activities that all scenarios share.
pub struct Activities;

#[activities]
impl Activities {
    /// Greets.
    #[activity(name = "greet")]
    pub async fn greet(_context: ActivityContext, name: String) -> Result<String, ActivityError> {
        Ok(format!("Hello, {name}!"))
    }

    /// Doubles.
    #[activity(name = "double")]
    pub async fn double(_context: ActivityContext, number: u64) -> Result<u64, ActivityError> {
        Ok(number * 2)
    }

    /// Fails that many times, then tells which attempt it was.
    #[activity(name = "flaky")]
    pub async fn flaky(context: ActivityContext, failures: u32) -> Result<u32, ActivityError> {
        let attempt = context.info().attempt;
        if attempt <= failures {
            return Err(ActivityError::application(ApplicationFailure::new(anyhow::anyhow!(
                "attempt {attempt}"
            ))));
        }
        Ok(attempt)
    }

    /// Fails for good, with an error of that type.
    #[activity(name = "refuse")]
    pub async fn refuse(_context: ActivityContext, kind: String) -> Result<String, ActivityError> {
        let failure = ApplicationFailure::builder(anyhow::anyhow!("refused"));
        Err(ActivityError::application(
            failure.type_name(kind).non_retryable(true).details(7u32).build(),
        ))
    }

    /// Takes that many milliseconds.
    #[activity(name = "pause")]
    pub async fn pause(_context: ActivityContext, milliseconds: u64) -> Result<u64, ActivityError> {
        tokio::time::sleep(Duration::from_millis(milliseconds)).await;
        Ok(milliseconds)
    }

    /// Heartbeats until it is cancelled.
    #[activity(name = "hold")]
    pub async fn hold(context: ActivityContext) -> Result<String, ActivityError> {
        while !context.is_cancelled() {
            context
                .record_heartbeat("holding".to_owned())
                .await
                .map_err(ApplicationFailure::new)?;
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Err(ActivityError::cancelled())
    }

    /// Heartbeats until it is cancelled, and then succeeds all the same.
    #[activity(name = "hold-on")]
    pub async fn hold_on(context: ActivityContext) -> Result<String, ActivityError> {
        while !context.is_cancelled() {
            context
                .record_heartbeat("holding".to_owned())
                .await
                .map_err(ApplicationFailure::new)?;
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Ok("done all the same".into())
    }
}

/// Ten seconds from start to close.
pub fn options() -> ActivityOptions {
    ActivityOptions::start_to_close_timeout(Duration::from_secs(10))
}

/// Ten seconds from start to close, retried quickly, up to five times.
pub fn quick_retries() -> ActivityOptions {
    let policy = RetryPolicy::builder()
        .initial_interval(Duration::from_millis(20))
        .maximum_attempts(5)
        .build();
    ActivityOptions::with_start_to_close_timeout(Duration::from_secs(10))
        .retry_policy(policy)
        .build()
}
