//! Flags that history records, so that old histories replay under the rules they were made with.

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
    /// A bit for each number up to 63. That of a later core is told, so one beyond is enough.
    recorded: u64,
    beyond: Option<u32>,
    sdk_name: Box<str>,
    sdk_version: Box<str>,
}

/// The highest number that has a bit.
const HIGHEST: u32 = 63;

fn bit(number: u32) -> u64 {
    1_u64.checked_shl(number).unwrap_or_default()
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
        for number in &metadata.core_used_flags {
            self.recorded |= bit(*number);
            if *number > HIGHEST {
                self.beyond = self.beyond.or(Some(*number));
            }
        }
        if !metadata.sdk_name.is_empty() && *self.sdk_name != *metadata.sdk_name {
            self.sdk_name = metadata.sdk_name.as_str().into();
        }
        if !metadata.sdk_version.is_empty() && *self.sdk_version != *metadata.sdk_version {
            self.sdk_version = metadata.sdk_version.as_str().into();
        }
    }

    fn has(&self, flag: Flag) -> bool {
        self.recorded & bit(flag as u32) != 0
    }

    /// Whether the rule holds: on replay if history says so, else if it can be recorded.
    pub(crate) fn holds(&self, flag: Flag, replaying: bool) -> bool {
        if replaying { self.has(flag) } else { self.recordable }
    }

    /// A flag of a later core than this one.
    pub(crate) fn unknown(&self) -> Option<u32> {
        let known = FOLLOWED
            .iter()
            .fold(bit(MERGES_FEWER_HEARTBEATS), |known, flag| known | bit(*flag as u32));
        let unknown = self.recorded & !known;
        if unknown == 0 {
            self.beyond
        } else {
            Some(unknown.trailing_zeros())
        }
    }

    /// Whether a task's completion has anything to say that history doesn't have yet.
    pub(crate) fn has_news(&self, name: &str, version: &str) -> bool {
        let has_flags = FOLLOWED.iter().any(|flag| !self.has(*flag));
        self.recordable && (has_flags || *self.sdk_name != *name || *self.sdk_version != *version)
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
                .filter(|flag| !self.has(**flag))
                .map(|flag| *flag as u32)
                .collect(),
            lang_used_flags: Vec::new(),
            sdk_name: changed(&self.sdk_name, name),
            sdk_version: changed(&self.sdk_version, version),
        };
        self.observe(&metadata);
        Some(metadata)
    }
}
