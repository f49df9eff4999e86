//! Replaying a history from its bytes.

use crate::workflows::*;
use bench_harness::{Arguments, Outcome, Phase};
use prost::Message as _;
use temporalio_client::WorkflowHistory;
use temporalio_common::protos::temporal::api::history::v1::History;
use temporalio_sdk::workflow_replayer::{WorkflowReplayer, WorkflowReplayerOptions};

/// Replays the history in `--file` so many times (`--n`), each time from the bytes.
pub(crate) async fn replay(arguments: &Arguments) -> Outcome {
    let bytes = std::fs::read(arguments.text("file", "history.binpb"))?;
    let times = arguments.number("n", 1)?;
    let events = History::decode(bytes.as_slice())?.events.len();
    let replayer = WorkflowReplayer::new(WorkflowReplayerOptions::new().register_workflow::<Seq>()?.build())?;
    let phase = Phase::begin("run")?;
    for _ in 0..times {
        let history = History::decode(bytes.as_slice())?;
        replayer.replay_workflow(WorkflowHistory::from(history)).await?;
    }
    phase.end(times * events, Vec::new())
}
