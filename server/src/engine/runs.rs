//! All runs of an engine, and the ways to find one.

use super::{
    Engine,
    error::{Error, Result},
    id::Uuid,
    namespace::NamespaceKey,
    run::{Run, RunKey},
};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use steadfast_proto::common;

/// All runs of an engine.
#[derive(Debug, Default)]
pub(crate) struct Runs {
    all: Vec<Option<Box<Run>>>,
    by_id: BTreeMap<Uuid, RunKey>,
    /// The latest run of each workflow id.
    current: BTreeMap<NamespaceKey, BTreeMap<Arc<str>, RunKey>>,
    /// Runs whose tasks are in workers' hands.
    pub(crate) held: BTreeSet<RunKey>,
    touched: Vec<RunKey>,
}

impl Runs {
    /// The key of the run that is inserted next.
    pub(crate) fn vacant(&self) -> RunKey {
        RunKey(self.all.len())
    }

    pub(crate) fn insert(&mut self, run: Run) {
        let key = run.is.key;
        self.by_id.insert(run.is.run_id, key);
        self.current
            .entry(run.is.namespace)
            .or_default()
            .insert(run.is.workflow_id.clone(), key);
        self.touched.push(key);
        self.all.push(Some(Box::new(run)));
    }

    pub(crate) fn by_id(&self, id: Uuid) -> Option<RunKey> {
        self.by_id.get(&id).copied()
    }

    pub(crate) fn current(&self, namespace: NamespaceKey, workflow_id: &str) -> Option<RunKey> {
        self.current.get(&namespace)?.get(workflow_id).copied()
    }

    /// A run that may change: what follows from that is seen to when the request is done.
    pub(crate) fn touch(&mut self, key: RunKey) -> Result<&mut Run> {
        if self.touched.last() != Some(&key) {
            self.touched.push(key);
        }
        let run = self.all.get_mut(key.0).and_then(Option::as_deref_mut);
        run.ok_or_else(|| Error::not_found("workflow execution not found"))
    }

    pub(crate) fn get(&self, key: RunKey) -> Option<&Run> {
        self.all.get(key.0).and_then(Option::as_deref)
    }

    /// A run whose own state does not change.
    pub(crate) fn peek_mut(&mut self, key: RunKey) -> Option<&mut Run> {
        self.all.get_mut(key.0).and_then(Option::as_deref_mut)
    }

    pub(crate) fn next_touched(&mut self) -> Option<RunKey> {
        self.touched.pop()
    }

    /// The runs of a namespace, newest first.
    pub(crate) fn newest_first(&self, namespace: NamespaceKey) -> impl Iterator<Item = &Run> {
        let runs = self.all.iter().rev().filter_map(Option::as_deref);
        runs.filter(move |run| run.is.namespace == namespace)
    }
}

impl Engine {
    /// The run that a request names; without a run id, the latest of the workflow id.
    pub(crate) fn find(&self, namespace: NamespaceKey, execution: &common::WorkflowExecution) -> Result<RunKey> {
        let common::WorkflowExecution { workflow_id, run_id } = execution;
        if workflow_id.is_empty() {
            return Err(Error::invalid("WorkflowId is not set on request."));
        }
        if run_id.is_empty() {
            let found = self.runs.current(namespace, workflow_id);
            return found.ok_or_else(|| Error::not_found(format!("workflow not found for ID: {workflow_id}")));
        }
        let Some(id) = Uuid::parse(run_id) else {
            return Err(Error::invalid("Invalid RunId."));
        };
        let found = self.runs.by_id(id).filter(|key| {
            self.runs
                .get(*key)
                .is_some_and(|run| run.is.namespace == namespace && *run.is.workflow_id == **workflow_id)
        });
        found.ok_or_else(|| {
            Error::not_found(format!(
                "workflow execution not found for workflow ID {workflow_id:?} and run ID {run_id:?}"
            ))
        })
    }
}
