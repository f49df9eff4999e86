//! The activities that all workflows share. Replay never runs them: only their names and types matter.

use steadfast::prelude::*;

/// Greets.
#[activity(start_to_close_timeout = "10s")]
pub(crate) async fn greet(name: String) -> Result<String, ActivityError> {
    Ok(format!("Hello, {name}!"))
}

/// Doubles.
#[activity(start_to_close_timeout = "10s")]
pub(crate) async fn double(number: u64) -> Result<u64, ActivityError> {
    Ok(number * 2)
}

/// Fails that many times, then tells which attempt it was.
#[activity(start_to_close_timeout = "10s")]
pub(crate) async fn flaky(failures: u32) -> Result<u32, ActivityError> {
    Ok(failures + 1)
}

/// Fails for good, with an error of that type.
#[activity(start_to_close_timeout = "10s")]
pub(crate) async fn refuse(kind: String) -> Result<String, ActivityError> {
    Err(ActivityError::new("refused").type_name(kind).non_retryable())
}

/// Takes that many milliseconds.
#[activity(start_to_close_timeout = "10s")]
pub(crate) async fn pause(milliseconds: u64) -> Result<u64, ActivityError> {
    Ok(milliseconds)
}

/// Heartbeats until it is cancelled.
#[activity(start_to_close_timeout = "20s", heartbeat_timeout = "500ms")]
pub(crate) async fn hold() -> Result<String, ActivityError> {
    Ok("held".into())
}

/// Heartbeats until it is cancelled, and then succeeds all the same.
#[activity(name = "hold-on", start_to_close_timeout = "20s", heartbeat_timeout = "500ms")]
pub(crate) async fn hold_on() -> Result<String, ActivityError> {
    Ok("done all the same".into())
}
