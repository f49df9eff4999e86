//! Everything in one process.

use crate::{load::Load, worker};
use bench_harness::{Arguments, Outcome};
use steadfast::Client;
use steadfast_server::{Server, Time};

/// Runs a scenario with server, worker and load in this process.
///
/// # Errors
/// Something fails.
pub async fn in_process(arguments: &Arguments) -> Outcome {
    let scenario = arguments.word(1);
    let time = match scenario {
        "month" | "year" => Time::Virtual,
        _ => Time::Real,
    };
    let server = Server::builder().time(time).start()?;
    let client = Client::in_process(server.services());
    let worker = worker::worker(&client, arguments)?.start();
    Load::new(client, arguments)?.run(scenario).await?;
    Ok(worker.shutdown().await?)
}
