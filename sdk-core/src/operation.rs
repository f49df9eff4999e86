//! What workflow code waits for.

use crate::{
    ActivityCancellation, ChildCancellation, LocalActivityAttributes, NexusCancellation, OperationId, Resolution,
    ScopeId,
    machines::{activity, child, external, local_activity, nexus, timer},
};
use std::{
    panic::Location,
    sync::Arc,
    task::Waker,
    time::{Duration, SystemTime},
};
use steadfast_proto::sdk::UserMetadata;

/// Names a routine of workflow code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum RoutineId {
    /// A signal's or update's handler, in the order of creation.
    Handler(u32),
    /// The main routine, which is polled last.
    Main,
}

/// One operation: what it is, whether it ended, and who waits.
#[derive(Debug)]
pub(crate) struct Operation {
    generation: u32,
    /// The order in which operations were asked for.
    pub(crate) sequence: u64,
    pub(crate) kind: Kind,
    pub(crate) location: &'static Location<'static>,
    /// The scope it was asked for in.
    pub(crate) scope: Option<ScopeId>,
    pub(crate) resolution: Option<Resolution>,
    pub(crate) waiter: Option<(Waker, RoutineId)>,
    /// Code has its resolution, or lost interest.
    pub(crate) forgotten: bool,
    /// What its commands show in tools.
    pub(crate) user_metadata: Option<Box<UserMetadata>>,
}

/// What an operation is.
#[derive(Debug)]
pub(crate) enum Kind {
    Wait,
    Timer {
        state: timer::State,
        number: u64,
        /// The place of its start command among those issued.
        issued: u64,
        started_event_id: i64,
        /// The local activity that waits for its next attempt; code doesn't see the timer then.
        owner: Option<OperationId>,
    },
    Activity(Box<Activity>),
    LocalActivity(Box<LocalActivity>),
    Child(Box<Child>),
    Signal(Box<Signal>),
    Cancellation(Box<Cancellation>),
    Nexus(Box<NexusOperation>),
}

/// An activity operation.
#[derive(Debug)]
pub(crate) struct Activity {
    pub(crate) state: activity::State,
    pub(crate) identity: activity::Identity,
    pub(crate) cancellation: ActivityCancellation,
    /// The place of its schedule command among those issued.
    pub(crate) issued: u64,
}

/// A local activity operation. Attempts that a timer parts have numbers of their own.
#[derive(Debug)]
pub(crate) struct LocalActivity {
    pub(crate) state: local_activity::State,
    pub(crate) number: u32,
    pub(crate) identity: activity::Identity,
    pub(crate) attributes: Arc<LocalActivityAttributes>,
    pub(crate) cancellation: ActivityCancellation,
    /// What its marker shows in tools.
    pub(crate) user_metadata: Option<UserMetadata>,
    pub(crate) attempt: u32,
    /// The worker's time when the first attempt was asked for.
    pub(crate) original_schedule_time: SystemTime,
    /// The workflow's and the worker's time when this number was asked for.
    pub(crate) asked_at: (SystemTime, SystemTime),
    pub(crate) retry: Retry,
}

/// Where a local activity is between two attempts that a timer parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Retry {
    /// It isn't.
    None,
    /// A timer of this length is to be started.
    Wait(Duration),
    /// The timer in this slot runs.
    Timer(u32),
    /// The timer has fired.
    Begin,
}

/// A child workflow operation.
#[derive(Debug)]
pub(crate) struct Child {
    pub(crate) state: child::State,
    pub(crate) identity: child::Identity,
    pub(crate) cancellation: ChildCancellation,
    /// The place of its start command among those issued.
    pub(crate) issued: u64,
    /// How it ended, while code hasn't seen yet that it started.
    pub(crate) result: Option<Resolution>,
}

/// A Nexus operation.
#[derive(Debug)]
pub(crate) struct NexusOperation {
    pub(crate) state: nexus::State,
    pub(crate) identity: nexus::Identity,
    pub(crate) cancellation: NexusCancellation,
    /// The place of its schedule command among those issued.
    pub(crate) issued: u64,
    /// How it ended, while code hasn't seen yet that it started.
    pub(crate) result: Option<Resolution>,
}

/// A signal to another workflow.
#[derive(Debug)]
pub(crate) struct Signal {
    pub(crate) state: external::State,
    /// The place of its command among those issued.
    pub(crate) issued: u64,
    pub(crate) workflow_id: String,
    pub(crate) name: String,
}

/// The cancellation of another workflow.
#[derive(Debug)]
pub(crate) struct Cancellation {
    pub(crate) state: external::State,
    /// The place of its command among those issued.
    pub(crate) issued: u64,
    pub(crate) workflow_id: String,
    /// The child that it cancels; code doesn't see its resolution then.
    pub(crate) child: Option<OperationId>,
}

impl Kind {
    fn is_over(&self) -> bool {
        match self {
            Self::Wait => true,
            Self::Timer { state, .. } => state.is_over(),
            Self::Activity(activity) => activity.state.is_over(),
            Self::LocalActivity(activity) => activity.state.is_over(),
            Self::Child(child) => child.state.is_over(),
            Self::Signal(signal) => signal.state.is_over(),
            Self::Cancellation(cancellation) => cancellation.state.is_over(),
            Self::Nexus(operation) => operation.state.is_over(),
        }
    }

    /// Where the end is kept of what is resolved twice, while code hasn't seen its start yet.
    pub(crate) fn second_resolution(&mut self) -> Option<&mut Option<Resolution>> {
        match self {
            Self::Child(child) => Some(&mut child.result),
            Self::Nexus(operation) => Some(&mut operation.result),
            Self::Wait
            | Self::Timer { .. }
            | Self::Activity(_)
            | Self::LocalActivity(_)
            | Self::Signal(_)
            | Self::Cancellation(_) => None,
        }
    }
}

impl Operation {
    /// Code still waits for how it ends.
    pub(crate) fn is_pending(&self) -> bool {
        let is_open = match (&self.resolution, &self.kind) {
            (None, _) => true,
            (Some(Resolution::Started { .. }), Kind::Child(child)) => child.result.is_none(),
            (Some(Resolution::OperationStarted { .. }), Kind::Nexus(operation)) => operation.result.is_none(),
            (Some(_), _) => false,
        };
        is_open && !self.forgotten
    }

    /// Whether cancelling it now comes to anything. What goes to other workflows can't be stopped on its way.
    pub(crate) fn can_be_cancelled(&self) -> bool {
        match &self.kind {
            Kind::Signal(signal) => signal.state == external::State::Created,
            Kind::Cancellation(cancellation) => cancellation.state == external::State::Created,
            Kind::Wait
            | Kind::Timer { .. }
            | Kind::Activity(_)
            | Kind::LocalActivity(_)
            | Kind::Nexus(_)
            | Kind::Child(_) => true,
        }
    }

    /// What there is for code. After the last of it, the operation is forgotten.
    pub(crate) fn take_resolution(&mut self) -> Option<Resolution> {
        let resolution = self.resolution.take()?;
        let starts = matches!(
            resolution,
            Resolution::Started { .. } | Resolution::OperationStarted { .. }
        );
        match self.kind.second_resolution() {
            Some(second) if starts => self.resolution = second.take(),
            _ => self.forgotten = true,
        }
        Some(resolution)
    }
}

/// The operations of a run. Slots are reused; a generation tells an old name from a new one.
#[derive(Debug, Default)]
pub(crate) struct Operations {
    slots: Vec<Slot>,
    free: Vec<u32>,
    sequence: u64,
}

#[derive(Debug)]
enum Slot {
    Free { generation: u32 },
    Taken(Operation),
}

impl Operations {
    pub(crate) fn insert(&mut self, kind: Kind, location: &'static Location<'static>) -> OperationId {
        self.sequence = self.sequence.saturating_add(1);
        let slot = self.free.pop().unwrap_or_else(|| {
            // Most runs that wait in a cache wait for one thing.
            if self.slots.capacity() == 0 {
                self.slots.reserve_exact(1);
            }
            self.slots.push(Slot::Free { generation: 0 });
            u32::try_from(self.slots.len().saturating_sub(1)).unwrap_or(u32::MAX)
        });
        let generation = match self.slots.get(slot as usize) {
            Some(Slot::Free { generation }) => *generation,
            Some(Slot::Taken(operation)) => operation.generation,
            None => 0,
        };
        let operation = Operation {
            generation,
            sequence: self.sequence,
            kind,
            location,
            scope: None,
            resolution: None,
            waiter: None,
            forgotten: false,
            user_metadata: None,
        };
        if let Some(place) = self.slots.get_mut(slot as usize) {
            *place = Slot::Taken(operation);
        }
        OperationId { slot, generation }
    }

    /// What the commands of the operation in a slot show in tools.
    pub(crate) fn user_metadata(&mut self, slot: u32) -> Option<UserMetadata> {
        self.at(slot)?.user_metadata.as_deref().cloned()
    }

    /// The operation in a slot, whoever named it.
    pub(crate) fn at(&mut self, slot: u32) -> Option<&mut Operation> {
        match self.slots.get_mut(slot as usize)? {
            Slot::Taken(operation) => Some(operation),
            Slot::Free { .. } => None,
        }
    }

    /// The name of the operation in a slot.
    pub(crate) fn id_at(&mut self, slot: u32) -> Option<OperationId> {
        let generation = self.at(slot)?.generation;
        Some(OperationId { slot, generation })
    }

    /// The operation that code names, unless it has its resolution or lost interest.
    pub(crate) fn named(&mut self, id: OperationId) -> Option<&mut Operation> {
        self.at(id.slot)
            .filter(|operation| operation.generation == id.generation && !operation.forgotten)
    }

    /// Frees a slot whose operation neither code nor history will speak of again.
    pub(crate) fn collect(&mut self, slot: u32) {
        let Some(place) = self.slots.get_mut(slot as usize) else {
            return;
        };
        let generation = match place {
            Slot::Taken(operation) if operation.forgotten && operation.kind.is_over() => operation.generation,
            _ => return,
        };
        *place = Slot::Free {
            generation: generation.wrapping_add(1),
        };
        self.free.push(slot);
    }

    /// Slots of what code waits for, in the order in which it was asked.
    pub(crate) fn pending(&self) -> Vec<u32> {
        let mut pending: Vec<(u64, u32)> = (0_u32..)
            .zip(&self.slots)
            .filter_map(|(index, slot)| match slot {
                Slot::Taken(operation) if operation.is_pending() => Some((operation.sequence, index)),
                _ => None,
            })
            .collect();
        pending.sort_unstable();
        pending.into_iter().map(|(_, slot)| slot).collect()
    }

    /// All wakers, to be dropped where nothing is locked.
    pub(crate) fn take_wakers(&mut self) -> Vec<Waker> {
        self.slots
            .iter_mut()
            .filter_map(|slot| match slot {
                Slot::Taken(operation) => operation.waiter.take().map(|(waker, _)| waker),
                Slot::Free { .. } => None,
            })
            .collect()
    }

    /// How many slots are in use.
    pub(crate) fn len(&self) -> usize {
        self.slots.len().saturating_sub(self.free.len())
    }
}
