//! All runs of an engine, and the ways to find one.

use super::{
    Engine,
    error::{Error, Result},
    id::Uuid,
    namespace::NamespaceKey,
    run::{Run, RunKey, RunKind},
};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use steadfast_proto::common;

/// All runs of an engine.
#[derive(Debug, Default)]
pub(crate) struct Runs {
    slots: Vec<Slot>,
    /// Slots whose runs are gone.
    free: Vec<u32>,
    by_id: BTreeMap<Uuid, RunKey>,
    /// The latest run of each workflow id.
    current: BTreeMap<NamespaceKey, BTreeMap<Arc<str>, RunKey>>,
    /// The latest standalone activity of each id.
    activities: BTreeMap<NamespaceKey, BTreeMap<Arc<str>, RunKey>>,
    /// The latest standalone Nexus operation of each id.
    operations: BTreeMap<NamespaceKey, BTreeMap<Arc<str>, RunKey>>,
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
        self.latest_of(&run)
            .entry(run.is.namespace)
            .or_default()
            .insert(run.is.workflow_id.clone(), key);
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
        if let Some(current) = self.latest_of(&run).get_mut(&run.is.namespace)
            && current.get(&run.is.workflow_id) == Some(&key)
        {
            current.remove(&run.is.workflow_id);
        }
        self.held.remove(&key);
        Some(run)
    }

    /// Where a run is found by its id: activities and operations are no workflows.
    fn latest_of(&mut self, run: &Run) -> &mut BTreeMap<NamespaceKey, BTreeMap<Arc<str>, RunKey>> {
        match run.kind() {
            RunKind::Workflow => &mut self.current,
            RunKind::Activity => &mut self.activities,
            RunKind::Operation => &mut self.operations,
        }
    }

    fn slot(&mut self, key: RunKey) -> Option<&mut Run> {
        let slot = self.slots.get_mut(key.slot())?;
        slot.run.as_deref_mut().filter(|run| run.is.key == key)
    }

    pub(crate) fn by_id(&self, id: Uuid) -> Option<RunKey> {
        self.by_id.get(&id).copied()
    }

    pub(crate) fn current(&self, namespace: NamespaceKey, workflow_id: &str) -> Option<RunKey> {
        self.current.get(&namespace)?.get(workflow_id).copied()
    }

    pub(crate) fn current_activity(&self, namespace: NamespaceKey, activity_id: &str) -> Option<RunKey> {
        self.activities.get(&namespace)?.get(activity_id).copied()
    }

    pub(crate) fn current_operation(&self, namespace: NamespaceKey, operation_id: &str) -> Option<RunKey> {
        self.operations.get(&namespace)?.get(operation_id).copied()
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
