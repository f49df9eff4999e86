//! Patch markers: what a call answers, and how a recorded marker meets the code.

use crate::history::event::{PATCH_DETAILS, PATCH_MARKER, PatchMarker};
use std::collections::BTreeMap;
use steadfast_proto::{
    command::RecordMarkerCommandAttributes,
    common::{Payload, Payloads},
};

/// What is known of one patch in one run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Patch {
    /// A marker is recorded, in the past or by the task that is being replayed.
    pub(crate) recorded: bool,
    /// A marker command was issued; there is one per patch and run.
    pub(crate) issued: bool,
    /// What calls were told; it never changes within a run.
    pub(crate) answer: Option<bool>,
}

/// Which call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Call {
    Patched,
    DeprecatePatch,
}

/// What a call does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) value: bool,
    /// Issue a marker command.
    pub(crate) issue: bool,
}

impl Patch {
    pub(crate) fn call(&mut self, call: Call, replaying: bool) -> Answer {
        let value = match (self.answer, call) {
            (Some(answer), Call::Patched) => answer,
            (None, Call::Patched) => !replaying || self.recorded,
            // Old code can't be there any more where a patch is deprecated.
            (_, Call::DeprecatePatch) => true,
        };
        if call == Call::Patched {
            self.answer = Some(value);
        }
        let issue = !self.issued && (self.recorded || (!replaying && value));
        self.issued |= issue;
        Answer { value, issue }
    }
}

/// How a recorded marker meets the next command of the code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Meeting {
    /// They belong together.
    Match,
    /// The marker is deprecated and the code no longer calls: pass over the event, and its search attribute.
    SkipEvent,
    /// The code calls and nothing is recorded: pass over the command, and its search attribute.
    SkipCommand,
    /// The code must have changed.
    Differ,
    /// Neither is a patch.
    NoPatch,
}

/// The marker at this place of history, if the event is one, against the patch call at this place of the code.
pub(crate) fn meet(marker: Option<&PatchMarker>, call: Option<&str>) -> Meeting {
    match (marker, call) {
        (Some(marker), Some(id)) if marker.id == id => Meeting::Match,
        (Some(marker), _) if marker.deprecated => Meeting::SkipEvent,
        (Some(_), _) => Meeting::Differ,
        (None, Some(_)) => Meeting::SkipCommand,
        (None, None) => Meeting::NoPatch,
    }
}

/// The command that records a marker.
pub(crate) fn marker(id: &str, deprecated: bool) -> RecordMarkerCommandAttributes {
    let marker = PatchMarker {
        id: id.to_owned(),
        deprecated,
    };
    // A struct of a string and a bool always has a JSON form.
    let data = serde_json::to_vec(&marker).unwrap_or_default();
    let payloads = Payloads {
        payloads: vec![Payload::encoded("json/plain", data)],
    };
    RecordMarkerCommandAttributes {
        marker_name: PATCH_MARKER.to_owned(),
        details: BTreeMap::from([(PATCH_DETAILS.to_owned(), payloads)]),
        ..RecordMarkerCommandAttributes::default()
    }
}
