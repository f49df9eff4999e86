//! How long a server takes until it answers.

use crate::connect;
use bench_harness::{Arguments, Outcome, Phase};
use std::time::Instant;
use steadfast::{Client, proto::workflowservice::GetSystemInfoRequest};

/// Servers in this process, one after the other, each until its first answer.
pub async fn start(arguments: &Arguments) -> Outcome {
    let count = arguments.number("n", 1)?;
    let (mut last, mut latencies) = (None, Vec::new());
    let phase = Phase::begin("run")?;
    for _ in 0..count {
        let begin = Instant::now();
        let client = Client::embedded()?;
        client.call(GetSystemInfoRequest::default()).await?;
        latencies.push(begin.elapsed());
        last = Some(client);
    }
    // The last one is there while the driver looks how much memory it takes.
    phase.end(count, latencies)?;
    drop(last);
    Ok(())
}

/// Ends as soon as the server answers.
pub async fn ping(arguments: &Arguments) -> Outcome {
    loop {
        match connect(arguments).await {
            Ok(_) => return Ok(()),
            Err(_) => tokio::time::sleep(std::time::Duration::from_millis(2)).await,
        }
    }
}
