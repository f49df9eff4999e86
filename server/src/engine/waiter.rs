//! Callers that wait for an answer.

use super::{
    clock::SleepKind, counter::Counter, error::Error, id::Uuid, namespace::NamespaceKey, poller::Poller,
    request::Reply, run::RunKey, standalone_activity::Awaited, standalone_operation, task_queue::QueueKey, time::Time,
};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use steadfast_proto::enums::UpdateWorkflowExecutionLifecycleStage as Stage;

/// Names a caller that waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WaiterId(pub(crate) u64);

/// An answer for a caller that waited.
#[derive(Debug)]
pub struct Output {
    /// The caller.
    pub waiter: WaiterId,
    /// The answer.
    pub reply: Result<Reply, Error>,
}

/// What a caller waits for.
#[derive(Debug)]
pub(crate) enum Wait {
    WorkflowTask {
        queue: QueueKey,
        poller: Poller,
    },
    ActivityTask {
        queue: QueueKey,
        poller: Poller,
    },
    NexusTask {
        queue: QueueKey,
        poller: Poller,
    },
    /// Events from `next_event_id` on, or the close event alone.
    History {
        run: RunKey,
        next_event_id: i64,
        close_only: bool,
    },
    Update {
        run: RunKey,
        update_id: String,
        stage: Stage,
        is_poll: bool,
        started: Option<Box<StartedBefore>>,
    },
    Query {
        run: RunKey,
        query: u64,
    },
    /// The end of a standalone activity, or a change of it.
    Activity {
        run: RunKey,
        awaited: Awaited,
    },
    /// A stage of a standalone Nexus operation, or a change of it.
    Operation {
        run: RunKey,
        awaited: standalone_operation::Awaited,
    },
    /// A workflow's time is to reach a moment.
    FastForward {
        run: RunKey,
        workflow: (NamespaceKey, Arc<str>),
        id: String,
    },
    Sleep {
        until: Time,
        kind: SleepKind,
        relock: bool,
    },
}

/// What the start half of an update-with-start already has to say.
pub(crate) type StartedBefore = steadfast_proto::workflowservice::StartWorkflowExecutionResponse;

#[derive(Debug)]
pub(crate) struct Waiter {
    pub(crate) wait: Wait,
    /// In real time.
    expires: Time,
}

/// All callers that wait, and the answers that are ready for them.
#[derive(Debug, Default)]
pub(crate) struct Waiters {
    waiting: BTreeMap<WaiterId, Waiter>,
    expiries: BTreeSet<(Time, WaiterId)>,
    outputs: VecDeque<Output>,
    sleepers: BTreeSet<(Time, WaiterId)>,
    /// Runs that a client waits for, and how many do.
    awaited: BTreeMap<RunKey, usize>,
    count: Counter,
}

impl Waiters {
    pub(crate) fn add(&mut self, wait: Wait, expires: Time) -> WaiterId {
        let id = WaiterId(self.count.next());
        match &wait {
            Wait::Sleep { until, .. } => {
                self.sleepers.insert((*until, id));
            }
            Wait::History { run, .. }
            | Wait::Update { run, .. }
            | Wait::Query { run, .. }
            | Wait::Activity { run, .. }
            | Wait::Operation { run, .. }
            | Wait::FastForward { run, .. } => {
                let count = self.awaited.entry(*run).or_default();
                *count = count.saturating_add(1);
            }
            Wait::WorkflowTask { .. } | Wait::ActivityTask { .. } | Wait::NexusTask { .. } => {}
        }
        self.expiries.insert((expires, id));
        self.waiting.insert(id, Waiter { wait, expires });
        id
    }

    pub(crate) fn remove(&mut self, id: WaiterId) -> Option<Wait> {
        let Waiter { wait, expires } = self.waiting.remove(&id)?;
        self.expiries.remove(&(expires, id));
        match &wait {
            Wait::Sleep { until, .. } => {
                self.sleepers.remove(&(*until, id));
            }
            Wait::History { run, .. }
            | Wait::Update { run, .. }
            | Wait::Query { run, .. }
            | Wait::Activity { run, .. }
            | Wait::Operation { run, .. }
            | Wait::FastForward { run, .. } => {
                if let Some(count) = self.awaited.get_mut(run) {
                    *count = count.saturating_sub(1);
                    if *count == 0 {
                        self.awaited.remove(run);
                    }
                }
            }
            Wait::WorkflowTask { .. } | Wait::ActivityTask { .. } | Wait::NexusTask { .. } => {}
        }
        Some(wait)
    }

    pub(crate) fn get(&self, id: WaiterId) -> Option<&Wait> {
        self.waiting.get(&id).map(|waiter| &waiter.wait)
    }

    /// Who polls, if a caller does.
    pub(crate) fn poller(&mut self, id: WaiterId) -> Option<&mut Poller> {
        match &mut self.waiting.get_mut(&id)?.wait {
            Wait::WorkflowTask { poller, .. } | Wait::ActivityTask { poller, .. } | Wait::NexusTask { poller, .. } => {
                Some(poller)
            }
            _ => None,
        }
    }

    /// Answers a caller, which no longer waits.
    pub(crate) fn answer(&mut self, waiter: WaiterId, reply: Result<Reply, Error>) {
        if self.remove(waiter).is_some() {
            self.outputs.push_back(Output { waiter, reply });
        }
    }

    pub(crate) fn outputs(&mut self) -> &mut VecDeque<Output> {
        &mut self.outputs
    }

    pub(crate) fn first_expiry(&self) -> Option<Time> {
        self.expiries.first().map(|(expires, _)| *expires)
    }

    pub(crate) fn expired(&self, real: Time) -> Option<WaiterId> {
        self.expiries
            .first()
            .filter(|(expires, _)| *expires <= real)
            .map(|(_, id)| *id)
    }

    pub(crate) fn first_sleeper(&self) -> Option<(Time, WaiterId)> {
        self.sleepers.first().copied()
    }

    /// The runs that clients wait for.
    pub(crate) fn awaited(&self) -> impl Iterator<Item = RunKey> {
        self.awaited.keys().copied()
    }

    /// The polls of a worker.
    pub(crate) fn of_worker(&self, worker: &str) -> Vec<WaiterId> {
        let polls = self.waiting.iter().filter(|(_, waiter)| match &waiter.wait {
            Wait::WorkflowTask { poller, .. } | Wait::ActivityTask { poller, .. } | Wait::NexusTask { poller, .. } => {
                poller.worker == worker
            }
            _ => false,
        });
        polls.map(|(id, _)| *id).collect()
    }

    pub(crate) fn is_awaited(&self) -> bool {
        !self.awaited.is_empty()
    }
}

/// A stamp for a request id that a caller left out.
pub(crate) fn or_drawn(request_id: &str, drawn: Uuid) -> String {
    if request_id.is_empty() {
        drawn.text()
    } else {
        request_id.to_owned()
    }
}
