//! The histories that a test has made, against the code that made them.

use super::TestEnv;
use crate::{
    client::{RpcError, WorkflowSummary},
    worker::{RegisteredPrograms, Registry},
    workflow::STACK_TRACE_QUERY,
};
use std::sync::Arc;
use steadfast_core::{Mismatch, ReplayError, Replayed, TurnError};
use steadfast_proto::history::History;

/// Replays each history of the environment with the code of its workers, if it isn't a mock's.
///
/// Where workers of several versions ran, one that replays it will do.
pub(super) async fn check(env: &TestEnv) -> Result<(), String> {
    let registries = env.registries();
    for (workflow, history) in histories(env, "").await.map_err(|error| error.to_string())? {
        let mut mismatch = None;
        for registry in registries
            .iter()
            .filter(|known| known.has_code_of(workflow.workflow_type()))
        {
            match found(replay(env, registry, history.clone())) {
                Some(found) => mismatch = Some(found),
                None => {
                    mismatch = None;
                    break;
                }
            }
        }
        if let Some(mismatch) = mismatch {
            return Err(format!(
                "{} {:?} does not replay the history that it has made itself, so its code is not deterministic \
                 (`env.skip_replay()` if that is on purpose):\n{mismatch}",
                workflow.workflow_type(),
                workflow.id()
            ));
        }
    }
    Ok(())
}

/// What each open workflow waits for, with the lines of code.
pub(super) async fn pending(env: &TestEnv) -> Result<Vec<String>, RpcError> {
    let registries = env.registries();
    let mut pending = Vec::new();
    for (workflow, history) in histories(env, "ExecutionStatus = 'Running'").await? {
        let replayed = registries
            .iter()
            .find_map(|registry| replay(env, registry, history.clone()).ok());
        let waits = match replayed {
            Some(mut replayed) => waits(env, &mut replayed),
            None => "what it waits for is not known: no worker here has replayed it".to_owned(),
        };
        let (kind, id) = (workflow.workflow_type(), workflow.id());
        pending.push(format!("{kind} {id:?}: {}", waits.replace('\n', "\n    ")));
    }
    Ok(pending)
}

fn waits(env: &TestEnv, replayed: &mut Replayed) -> String {
    let answer = replayed.query(STACK_TRACE_QUERY, None).ok().flatten();
    let text = answer.and_then(|answer| env.client().converter().decode_result::<String>(Some(&answer)).ok());
    text.filter(|text| !text.is_empty())
        .unwrap_or_else(|| "it waits for nothing that is known".to_owned())
}

fn replay(env: &TestEnv, registry: &Arc<Registry>, history: History) -> Result<Replayed, ReplayError> {
    let programs = RegisteredPrograms(Arc::clone(registry));
    steadfast_core::replay(history, env.client().namespace(), &programs)
}

/// A task that fails is tried again, and no mismatch.
fn found(replayed: Result<Replayed, ReplayError>) -> Option<Mismatch> {
    match replayed {
        Err(ReplayError::Turn(TurnError::Mismatch(mismatch))) => Some(*mismatch),
        _ => None,
    }
}

async fn histories(env: &TestEnv, query: &str) -> Result<Vec<(WorkflowSummary, History)>, RpcError> {
    if env.registries().is_empty() {
        return Ok(Vec::new());
    }
    let mut list = env.client().list(query).histories();
    let mut histories = Vec::new();
    while let Some(found) = list.next().await? {
        histories.push(found);
    }
    Ok(histories)
}
