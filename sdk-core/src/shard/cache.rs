//! Runs by id, with the idle ones in the order of their last use. Every operation is O(1).

use super::{Slot, TaskInfo, local_activity::AlarmKey, task::Task};
use crate::Run;
use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
};
use steadfast_proto::{SmallMap, workflowservice::PollWorkflowTaskQueueResponse};

/// One run, and what is under way for it.
pub(super) struct Entry {
    pub(super) run_id: Arc<str>,
    pub(super) run: Option<Run>,
    pub(super) stage: Stage,
    /// The newest task that waits for the outstanding one.
    pub(super) buffered: Option<(Box<PollWorkflowTaskQueueResponse>, Slot)>,
    /// Queries that came as tasks of their own, and wait too.
    pub(super) buffered_queries: VecDeque<(Box<PollWorkflowTaskQueueResponse>, Slot)>,
    /// Local activities by number: their ids within the shard.
    pub(super) locals: SmallMap<u32, u64>,
    /// Attempts made in this task at local activities that began in an earlier one.
    pub(super) nonfirst_attempts: u32,
    /// Its next task goes to another worker.
    pub(super) is_handed_off: bool,
    older: u32,
    newer: u32,
    is_idle: bool,
}

/// What is under way for a run.
#[derive(Default)]
pub(super) enum Stage {
    /// Nothing: it can be evicted.
    #[default]
    Idle,
    /// A task is worked on, in this very call.
    Working,
    /// A page of history is awaited.
    Fetching(Box<Task>),
    /// A task is kept open for local activities, until they are over or a heartbeat is due.
    LocalActivities(Box<Task>, Option<AlarmKey>),
    /// A task was completed; the server's word is awaited.
    Completing(Arc<TaskInfo>, Slot),
    /// A task was failed; the server's word is awaited.
    Failing { _slot: Slot },
}

/// Marks the ends of the list of idle runs.
const NONE: u32 = u32::MAX;

/// Runs by id.
pub(super) struct Cache {
    /// Looked up, never iterated.
    slots: HashMap<Arc<str>, u32>,
    /// In boxes, since a list that grows has room for twice as many.
    entries: Vec<Option<Box<Entry>>>,
    free: Vec<u32>,
    oldest: u32,
    newest: u32,
    runs: usize,
}

impl Default for Cache {
    fn default() -> Self {
        Self {
            slots: HashMap::new(),
            entries: Vec::new(),
            free: Vec::new(),
            oldest: NONE,
            newest: NONE,
            runs: 0,
        }
    }
}

impl Cache {
    pub(super) fn find(&self, run_id: &str) -> Option<u32> {
        self.slots.get(run_id).copied()
    }

    /// The slot of a run, made if there is none.
    pub(super) fn slot(&mut self, run_id: &str) -> u32 {
        if let Some(slot) = self.find(run_id) {
            return slot;
        }
        let run_id: Arc<str> = run_id.into();
        let entry = Box::new(Entry {
            run_id: Arc::clone(&run_id),
            run: None,
            stage: Stage::Idle,
            buffered: None,
            buffered_queries: VecDeque::new(),
            locals: SmallMap::new(),
            nonfirst_attempts: 0,
            is_handed_off: false,
            older: NONE,
            newer: NONE,
            is_idle: false,
        });
        let slot = self.free.pop().unwrap_or_else(|| {
            self.entries.push(None);
            u32::try_from(self.entries.len().saturating_sub(1)).unwrap_or(NONE)
        });
        if let Some(place) = self.entries.get_mut(slot as usize) {
            *place = Some(entry);
        }
        self.slots.insert(run_id, slot);
        slot
    }

    pub(super) fn at(&mut self, slot: u32) -> Option<&mut Entry> {
        self.entries.get_mut(slot as usize)?.as_deref_mut()
    }

    pub(super) fn put_run(&mut self, slot: u32, run: Run) {
        if let Some(entry) = self.at(slot)
            && entry.run.replace(run).is_none()
        {
            self.runs = self.runs.saturating_add(1);
        }
    }

    /// A run was taken out of its entry.
    pub(super) fn count_dropped(&mut self) {
        self.runs = self.runs.saturating_sub(1);
    }

    pub(super) fn runs(&self) -> usize {
        self.runs
    }

    pub(super) fn remove(&mut self, slot: u32) -> Option<Box<Entry>> {
        self.unlink(slot);
        let entry = self.entries.get_mut(slot as usize)?.take()?;
        self.slots.remove(&entry.run_id);
        self.free.push(slot);
        if entry.run.is_some() {
            self.count_dropped();
        }
        Some(entry)
    }

    /// The run that was idle longest.
    pub(super) fn oldest_idle(&self) -> Option<u32> {
        (self.oldest != NONE).then_some(self.oldest)
    }

    pub(super) fn set_busy(&mut self, slot: u32) {
        self.unlink(slot);
        if let Some(entry) = self.at(slot) {
            entry.stage = Stage::Working;
        }
    }

    /// Puts a run at the young end of the idle ones.
    pub(super) fn set_idle(&mut self, slot: u32) {
        self.unlink(slot);
        let newest = self.newest;
        let Some(entry) = self.at(slot) else { return };
        entry.stage = Stage::Idle;
        entry.is_idle = true;
        entry.older = newest;
        match self.at(newest) {
            Some(before) => before.newer = slot,
            None => self.oldest = slot,
        }
        self.newest = slot;
    }

    fn unlink(&mut self, slot: u32) {
        let Some(entry) = self.at(slot) else { return };
        if !std::mem::take(&mut entry.is_idle) {
            return;
        }
        let older = std::mem::replace(&mut entry.older, NONE);
        let newer = std::mem::replace(&mut entry.newer, NONE);
        match self.at(older) {
            Some(entry) => entry.newer = newer,
            None => self.oldest = newer,
        }
        match self.at(newer) {
            Some(entry) => entry.older = older,
            None => self.newest = older,
        }
    }
}
