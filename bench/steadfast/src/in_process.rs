//! Everything in one process.

use crate::{load::Load, worker};
use bench_harness::{Arguments, Outcome};
use steadfast::Client;

/// Runs a scenario with server, worker and load in this process.
///
/// # Errors
/// Something fails.
pub async fn in_process(arguments: &Arguments) -> Outcome {
    let client = Client::embedded()?;
    let worker = worker::worker(&client, arguments)?.start();
    Load::new(client, arguments)?.run(arguments.word(1)).await?;
    Ok(worker.shutdown().await?)
}
