//! What is measured of runs.

use crate::{
    metrics::{Recorder, names::*},
    worker::metrics::is_benign,
};
use std::time::SystemTime;
use steadfast_core::{BoxFuture, Exit, Host};
use steadfast_proto::{common::Payloads, failure::failure::FailureInfo};

type Ending = Result<Option<Payloads>, Exit>;

/// The main routine; how it ends is counted once, not again on replay.
pub(super) fn measured(routine: BoxFuture<Ending>, recorder: Recorder, host: Host) -> BoxFuture<Ending> {
    Box::pin(async move {
        let ending = routine.await;
        if !host.is_replaying() {
            record(&recorder, &host, &ending);
        }
        ending
    })
}

fn record(recorder: &Recorder, host: &Host, ending: &Ending) {
    let info = host.info();
    let labels = [("workflow_type", info.workflow_type.as_str())];
    match ending {
        Ok(_) => recorder.count(WORKFLOW_COMPLETED, &labels),
        Err(Exit::ContinueAsNew(_)) => recorder.count(WORKFLOW_CONTINUE_AS_NEW, &labels),
        Err(Exit::Failed(failure)) => {
            if matches!(failure.failure_info, Some(FailureInfo::CanceledFailureInfo(_))) {
                recorder.count(WORKFLOW_CANCELED, &labels);
            } else if !is_benign(failure) {
                recorder.count(WORKFLOW_FAILED, &labels);
            }
        }
        // The task is tried again.
        Err(Exit::Task(_)) => return,
    }
    if let Some(took) = info
        .start_time
        .and_then(|start| SystemTime::now().duration_since(start).ok())
    {
        recorder.latency(WORKFLOW_ENDTOEND_LATENCY, took, &labels);
    }
}
