//! Overlap policies: what becomes of an action whose time has come while another one runs.

use super::{Schedule, more, spec::ActionTime};
use crate::engine::{
    error::{Error, Result},
    time::Time,
};
use steadfast_proto::enums::ScheduleOverlapPolicy as Overlaps;

/// What becomes of an action while another one runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Overlap {
    Skip,
    BufferOne,
    BufferAll,
    CancelOther,
    TerminateOther,
    AllowAll,
}

impl Overlap {
    /// Reads a policy; `otherwise` if none is given.
    pub(super) fn read(wire: i32, otherwise: Self) -> Result<Self> {
        Ok(match Overlaps::try_from(wire) {
            Ok(Overlaps::Unspecified) => otherwise,
            Ok(Overlaps::Skip) => Self::Skip,
            Ok(Overlaps::BufferOne) => Self::BufferOne,
            Ok(Overlaps::BufferAll) => Self::BufferAll,
            Ok(Overlaps::CancelOther) => Self::CancelOther,
            Ok(Overlaps::TerminateOther) => Self::TerminateOther,
            Ok(Overlaps::AllowAll) => Self::AllowAll,
            Err(_) => {
                return Err(Error::invalid(format!(
                    "{wire} is no overlap policy: expected one of 1 to 6"
                )));
            }
        })
    }

    /// Reads a policy that may be left to the schedule.
    pub(super) fn own(wire: i32) -> Result<Option<Self>> {
        if wire == 0 {
            Ok(None)
        } else {
            Self::read(wire, Self::Skip).map(Some)
        }
    }

    pub(super) fn wire(self) -> i32 {
        let policy = match self {
            Self::Skip => Overlaps::Skip,
            Self::BufferOne => Overlaps::BufferOne,
            Self::BufferAll => Overlaps::BufferAll,
            Self::CancelOther => Overlaps::CancelOther,
            Self::TerminateOther => Overlaps::TerminateOther,
            Self::AllowAll => Overlaps::AllowAll,
        };
        policy.into()
    }
}

/// An action whose time has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct WaitingAction {
    pub(super) time: ActionTime,
    /// Asked for by a user: by hand or as a backfill.
    pub(super) is_manual: bool,
    /// None of its own is the schedule's at the time.
    pub(super) overlap: Option<Overlap>,
}

/// Times that are made up for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Backfill {
    /// After this one.
    pub(super) after: Time,
    pub(super) end: Time,
    pub(super) overlap: Option<Overlap>,
}

/// What is to be done now.
#[derive(Debug, Default)]
pub(super) struct Decision {
    /// To start whatever runs.
    pub(super) beside: Vec<WaitingAction>,
    /// To start as the one that others must not overlap.
    pub(super) start: Option<WaitingAction>,
    /// What to do to the one that runs.
    pub(super) stop: Option<Stop>,
}

/// How room is made for an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stop {
    Cancel,
    Terminate,
}

impl Schedule {
    /// Goes through the actions that wait, in their order; some wait on.
    pub(super) fn decide(&mut self) -> Decision {
        let mut decision = Decision::default();
        let is_running = self.running.is_some();
        for action in std::mem::take(&mut self.waiting) {
            let overlap = action.overlap.unwrap_or(self.plan.overlap);
            if overlap == Overlap::AllowAll {
                decision.beside.push(action);
                continue;
            }
            if !is_running && decision.start.is_none() {
                decision.start = Some(action);
                continue;
            }
            match overlap {
                Overlap::Skip => more(&mut self.counts.skipped),
                Overlap::BufferOne if !self.waiting.is_empty() => more(&mut self.counts.skipped),
                Overlap::BufferOne | Overlap::BufferAll => self.waiting.push_back(action),
                Overlap::CancelOther | Overlap::TerminateOther if is_running => {
                    let stop = match overlap {
                        Overlap::TerminateOther => Stop::Terminate,
                        _ => Stop::Cancel,
                    };
                    decision.stop = decision.stop.max(Some(stop));
                    self.waiting.push_back(action);
                }
                // The other one did not even start.
                Overlap::CancelOther | Overlap::TerminateOther | Overlap::AllowAll => decision.start = Some(action),
            }
        }
        decision
    }
}
