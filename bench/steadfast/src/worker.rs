//! The worker.

use crate::workflows::*;
use bench_harness::{Arguments, Outcome};
use steadfast::prelude::*;

/// A worker as users get it (`--mode default`), or set up for much work at once (`--mode tuned`).
pub fn worker(client: &Client, arguments: &Arguments) -> Outcome<Worker> {
    let mut worker = Worker::new(client, arguments.text("tq", "bench"))
        .workflow::<Hello>()
        .workflow::<Seq>()
        .workflow::<Fanout>()
        .workflow::<Signals>()
        .workflow::<Updates>()
        .workflow::<Timers>()
        .workflow::<LocalSeq>()
        .workflow::<WaitSig>()
        .workflow::<Sleeps>()
        .activity::<echo>();
    let cached = arguments.number("cache", 0)?;
    if cached > 0 {
        worker = worker.max_cached_workflows(cached);
    }
    match arguments.text("mode", "default").as_str() {
        "default" => {}
        "tuned" => {
            let (pollers, slots) = (arguments.number("pollers", 20)?, arguments.number("slots", 500)?);
            worker = worker
                .workflow_pollers(pollers)
                .activity_pollers(pollers)
                .max_concurrent_workflow_tasks(slots)
                .max_concurrent_activities(slots)
                .max_concurrent_local_activities(slots);
        }
        other => return Err(format!("--mode {other}: it is \"default\" or \"tuned\"").into()),
    }
    Ok(worker)
}

/// Runs until it is asked to end.
pub async fn run(client: &Client, arguments: &Arguments) -> Outcome {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    let worker = worker(client, arguments)?.start();
    println!("READY {}", std::process::id());
    terminate.recv().await;
    Ok(worker.shutdown().await?)
}
