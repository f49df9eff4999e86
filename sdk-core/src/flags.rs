//! Flags that history records, so that old histories replay under the rules they were made with.

use std::collections::BTreeSet;
use steadfast_proto::sdk::WorkflowTaskCompletedMetadata;

/// Rules that came later than the first histories. The numbers and meanings are those of the official core.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Flag {
    /// Ids and types of activities are compared on replay.
    ComparesIdsAndTypes = 1,
    /// A patch sets the search attribute `TemporalChangeVersion`.
    UpsertsChangeVersion = 2,
    /// A command that ends the run goes last instead of cutting off those after it.
    MovesTerminalCommand = 3,
}

/// The rules by which tasks are completed here.
const FOLLOWED: [Flag; 3] = [
    Flag::ComparesIdsAndTypes,
    Flag::UpsertsChangeVersion,
    Flag::MovesTerminalCommand,
];

/// Other cores merge tasks that were only heartbeats when they replay, and say with this which way of doing so they follow.
/// Here none are merged, so histories with it and without it replay alike, and nobody has to be told of it.
const MERGES_FEWER_HEARTBEATS: u32 = 4;

/// The flags of one run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Flags {
    /// Whether the server records flags at all.
    recordable: bool,
    recorded: BTreeSet<u32>,
    sdk_name: String,
    sdk_version: String,
}

impl Flags {
    pub(crate) fn new(recordable: bool) -> Self {
        Self {
            recordable,
            ..Self::default()
        }
    }

    /// Takes in what a `WorkflowTaskCompleted` event recorded.
    pub(crate) fn observe(&mut self, metadata: &WorkflowTaskCompletedMetadata) {
        self.recorded.extend(&metadata.core_used_flags);
        if !metadata.sdk_name.is_empty() {
            self.sdk_name.clone_from(&metadata.sdk_name);
        }
        if !metadata.sdk_version.is_empty() {
            self.sdk_version.clone_from(&metadata.sdk_version);
        }
    }

    /// Whether the rule holds: on replay if history says so, else if it can be recorded.
    pub(crate) fn holds(&self, flag: Flag, replaying: bool) -> bool {
        if replaying {
            self.recorded.contains(&(flag as u32))
        } else {
            self.recordable
        }
    }

    /// A flag of a later core than this one.
    pub(crate) fn unknown(&self) -> Option<u32> {
        self.recorded
            .iter()
            .copied()
            .find(|number| *number != MERGES_FEWER_HEARTBEATS && FOLLOWED.iter().all(|flag| *flag as u32 != *number))
    }

    /// Whether a task's completion has anything to say that history doesn't have yet.
    pub(crate) fn has_news(&self, name: &str, version: &str) -> bool {
        let has_flags = FOLLOWED.iter().any(|flag| !self.recorded.contains(&(*flag as u32)));
        self.recordable && (has_flags || self.sdk_name != name || self.sdk_version != version)
    }

    /// What a task's completion says: the flags and names that history doesn't have yet.
    pub(crate) fn record(&mut self, name: &str, version: &str) -> Option<WorkflowTaskCompletedMetadata> {
        if !self.recordable {
            return None;
        }
        let changed = |old: &str, new: &str| if old == new { String::new() } else { new.to_owned() };
        let metadata = WorkflowTaskCompletedMetadata {
            core_used_flags: FOLLOWED
                .iter()
                .map(|flag| *flag as u32)
                .filter(|number| !self.recorded.contains(number))
                .collect(),
            lang_used_flags: Vec::new(),
            sdk_name: changed(&self.sdk_name, name),
            sdk_version: changed(&self.sdk_version, version),
        };
        self.observe(&metadata);
        Some(metadata)
    }
}
