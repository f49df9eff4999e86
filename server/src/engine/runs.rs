//! All runs of an engine, and the ways to find one.

use super::{
    Engine,
    error::{Error, Result},
    id::Uuid,
    namespace::NamespaceKey,
    run::{Run, RunKey, RunKind},
};
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use steadfast_proto::common;

/// All runs of an engine.
#[derive(Debug, Default)]
pub(crate) struct Runs {
    slots: Vec<Slot>,
    /// Slots whose runs are gone.
    free: Vec<u32>,
    by_id: BTreeMap<Uuid, RunKey>,
    /// The latest run of each id, by a digest of it: numbers are compared where they lie, while each text would be fetched
    /// from elsewhere. Ids of the same digest are told apart by their runs.
    latest: BTreeSet<(NamespaceKey, u64, RunKey)>,
    /// Runs whose tasks are in workers' hands.
    pub(crate) held: BTreeSet<RunKey>,
    touched: Vec<RunKey>,
}

/// A place for a run, which may have been another one's.
#[derive(Debug, Default)]
struct Slot {
    generation: u32,
    run: Option<Box<Run>>,
}

impl Runs {
    /// The key of the run that is inserted next.
    pub(crate) fn vacant(&self) -> RunKey {
        match self.free.last() {
            Some(slot) => {
                let generation = usize::try_from(*slot)
                    .ok()
                    .and_then(|slot| self.slots.get(slot))
                    .map_or(0, |slot| slot.generation);
                RunKey::of(*slot, generation)
            }
            None => RunKey::of(u32::try_from(self.slots.len()).unwrap_or(u32::MAX), 0),
        }
    }

    pub(crate) fn insert(&mut self, run: Run) {
        let key = run.is.key;
        self.by_id.insert(run.is.run_id, key);
        let (namespace, digest) = (run.is.namespace, digest(run.kind(), &run.is.workflow_id));
        if let Some(before) = self.latest(namespace, digest, run.kind(), &run.is.workflow_id) {
            self.latest.remove(&(namespace, digest, before));
        }
        self.latest.insert((namespace, digest, key));
        self.touched.push(key);
        match self.slots.get_mut(key.slot()) {
            Some(slot) => {
                self.free.pop();
                slot.run = Some(Box::new(run));
            }
            None => self.slots.push(Slot {
                generation: 0,
                run: Some(Box::new(run)),
            }),
        }
    }

    /// Takes a run away; its key never names another one.
    pub(crate) fn remove(&mut self, key: RunKey) -> Option<Box<Run>> {
        let slot = self
            .slots
            .get_mut(key.slot())
            .filter(|slot| slot.generation == key.parts().1)?;
        let run = slot.run.take()?;
        slot.generation = slot.generation.wrapping_add(1);
        self.free.push(key.parts().0);
        self.by_id.remove(&run.is.run_id);
        let digest = digest(run.kind(), &run.is.workflow_id);
        self.latest.remove(&(run.is.namespace, digest, key));
        self.held.remove(&key);
        Some(run)
    }

    fn slot(&mut self, key: RunKey) -> Option<&mut Run> {
        let slot = self.slots.get_mut(key.slot())?;
        slot.run.as_deref_mut().filter(|run| run.is.key == key)
    }

    pub(crate) fn by_id(&self, id: Uuid) -> Option<RunKey> {
        self.by_id.get(&id).copied()
    }

    /// The latest run of a workflow.
    pub(crate) fn current(&self, namespace: NamespaceKey, workflow_id: &str) -> Option<RunKey> {
        self.latest_of(namespace, RunKind::Workflow, workflow_id)
    }

    /// The latest standalone activity of an id.
    pub(crate) fn current_activity(&self, namespace: NamespaceKey, activity_id: &str) -> Option<RunKey> {
        self.latest_of(namespace, RunKind::Activity, activity_id)
    }

    /// The latest standalone Nexus operation of an id.
    pub(crate) fn current_operation(&self, namespace: NamespaceKey, operation_id: &str) -> Option<RunKey> {
        self.latest_of(namespace, RunKind::Operation, operation_id)
    }

    fn latest_of(&self, namespace: NamespaceKey, kind: RunKind, id: &str) -> Option<RunKey> {
        self.latest(namespace, digest(kind, id), kind, id)
    }

    fn latest(&self, namespace: NamespaceKey, digest: u64, kind: RunKind, id: &str) -> Option<RunKey> {
        let with = |key| (namespace, digest, key);
        let mut alike = self
            .latest
            .range(with(RunKey::FIRST)..=with(RunKey::LAST))
            .map(|(_, _, key)| *key);
        alike.find(|key| {
            self.get(*key)
                .is_some_and(|run| run.kind() == kind && *run.is.workflow_id == *id)
        })
    }

    /// A run that may change: what follows from that is seen to when the request is done.
    pub(crate) fn touch(&mut self, key: RunKey) -> Result<&mut Run> {
        if self.touched.last() != Some(&key) {
            self.touched.push(key);
        }
        self.slot(key)
            .ok_or_else(|| Error::not_found("workflow execution not found"))
    }

    pub(crate) fn get(&self, key: RunKey) -> Option<&Run> {
        let slot = self.slots.get(key.slot())?;
        slot.run.as_deref().filter(|run| run.is.key == key)
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &Run> {
        self.slots.iter().filter_map(|slot| slot.run.as_deref())
    }

    /// A run whose own state does not change.
    pub(crate) fn peek_mut(&mut self, key: RunKey) -> Option<&mut Run> {
        self.slot(key)
    }

    /// All runs of a namespace.
    pub(crate) fn of_namespace(&self, namespace: NamespaceKey) -> Vec<RunKey> {
        let runs = self.slots.iter().filter_map(|slot| slot.run.as_deref());
        runs.filter(|run| run.is.namespace == namespace)
            .map(|run| run.is.key)
            .collect()
    }

    pub(crate) fn next_touched(&mut self) -> Option<RunKey> {
        self.touched.pop()
    }
}

/// The same for the same id, in this process.
fn digest(kind: RunKind, id: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    (kind, id).hash(&mut hasher);
    hasher.finish()
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
                .filter(|run| run.kind() == RunKind::Workflow)
                .is_some_and(|run| run.is.namespace == namespace && *run.is.workflow_id == **workflow_id)
        });
        found.ok_or_else(|| {
            Error::not_found(format!(
                "workflow execution not found for workflow ID {workflow_id:?} and run ID {run_id:?}"
            ))
        })
    }
}
