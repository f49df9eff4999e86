//! Replaying a history from its bytes.

use crate::workflows::{Seq, echo};
use bench_harness::{Arguments, Outcome, Phase};
use prost::Message as _;
use std::hint::black_box;
use steadfast::{prelude::*, proto::history::History, replay::Replayer};

/// What an activity adds to a history, with its workflow task.
pub const EVENTS_PER_ACTIVITY: usize = 6;

/// A history of about so many events: activities one after the other, on a server in this process.
///
/// # Errors
/// Server, worker or workflow fail.
pub async fn recorded(events: usize) -> Outcome<History> {
    let client = Client::embedded()?;
    let worker = Worker::new(&client, "bench")
        .workflow::<Seq>()
        .activity::<echo>()
        .start();
    let activities = u32::try_from(events / EVENTS_PER_ACTIVITY)?;
    let handle = client.start::<Seq>(activities).task_queue("bench").await?;
    handle.result().await?;
    let history = handle.fetch_history().await?;
    worker.shutdown().await?;
    Ok(history)
}

/// Writes such a history of `--events` to `--out`.
///
/// # Errors
/// As [`recorded`], or the file can't be written.
pub async fn record(arguments: &Arguments) -> Outcome {
    let history = recorded(arguments.number("events", 1_000)?).await?;
    std::fs::write(arguments.text("out", "history.binpb"), history.encode_to_vec())?;
    println!("{}", history.events.len());
    Ok(())
}

/// Replays the history in `--file` so many times (`--n`), each time from the bytes.
pub fn replay(arguments: &Arguments) -> Outcome {
    let bytes = std::fs::read(arguments.text("file", "history.binpb"))?;
    let times = arguments.number("n", 1)?;
    let replayer = Replayer::new().workflow::<Seq>();
    let events = steadfast_core::replay_bytes(&bytes, "default", &replayer)?.events;
    let phase = Phase::begin("run")?;
    for _ in 0..times {
        black_box(steadfast_core::replay_bytes(&bytes, "default", &replayer)?.turns);
    }
    phase.end(times * usize::try_from(events)?, Vec::new())
}
