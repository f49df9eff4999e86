//! Task queues: tasks that wait for a poller, pollers that wait for a task. Who polled first is served first.

use super::{
    backlog::{Backlog, Urgency},
    counter::Counter,
    deployment::Version,
    limits,
    namespace::NamespaceKey,
    poller::{Poller, PollerHistory, Said},
    rate::Rate,
    run::RunKey,
    time::Time,
    waiter::WaiterId,
};
use std::collections::BTreeMap;
use std::{sync::Arc, time::Duration};
use steadfast_proto::{SmallMap, SmallSet, enums::TaskQueueKind, taskqueue};

/// What kind of work a queue carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Work {
    Workflow,
    Activity,
    Nexus,
}

/// Names a queue within an engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct QueueKey(u64);

/// A task on a queue. It is checked against its run when it is taken: a stale one is dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Task {
    Workflow {
        run: RunKey,
        stamp: u64,
    },
    Activity {
        run: RunKey,
        scheduled_event_id: i64,
        stamp: u64,
    },
    Query {
        run: RunKey,
        query: u64,
    },
    /// A request to a Nexus handler.
    Nexus {
        run: RunKey,
        scheduled_event_id: i64,
        stamp: u64,
    },
}

impl Task {
    pub(crate) fn run(self) -> RunKey {
        match self {
            Self::Workflow { run, .. }
            | Self::Activity { run, .. }
            | Self::Query { run, .. }
            | Self::Nexus { run, .. } => run,
        }
    }
}

#[derive(Debug)]
pub(crate) struct TaskQueue {
    namespace: NamespaceKey,
    work: Work,
    pub(crate) name: Arc<str>,
    pub(crate) tasks: Backlog,
    pub(crate) pollers: SmallSet<WaiterId>,
    /// When (in real time) somebody last polled or a poll last ended.
    pub(crate) polled: Option<Time>,
    /// When (in real time) a task was last added.
    pub(crate) added: Time,
    /// Who polled it; parts have their own.
    pub(super) seen: PollerHistory,
    pub(crate) is_shut_down: bool,
    /// The queue of which this is the part for one version.
    whole: Option<QueueKey>,
    pub(super) rate: Option<Rate>,
    /// When a deadline is set for it to be looked at again.
    pub(super) awaited: Option<Time>,
    /// When (in real time) it may ask for more pollers again.
    pub(super) next_scaling: Time,
    /// What operators said about it.
    pub(super) configured: Option<Box<taskqueue::TaskQueueConfig>>,
}

impl TaskQueue {
    /// Whether somebody polls, or did within `window`.
    pub(crate) fn polled_within(&self, window: Duration, real: Time) -> bool {
        !self.is_shut_down
            && (!self.pollers.is_empty() || self.polled.is_some_and(|polled| real.since(polled) < window))
    }

    /// Virtual time waits for a worker that takes the tasks here: one polls, polled a moment ago, or may be starting.
    pub(crate) fn is_expected_soon(&self, real: Time) -> bool {
        !self.pollers.is_empty() || self.expected_until() > real
    }

    pub(crate) fn expected_until(&self) -> Time {
        self.polled
            .unwrap_or_default()
            .max(self.added)
            .plus(limits::POLLER_ABSENCE)
    }
}

/// All queues of an engine.
#[derive(Debug, Default)]
pub(crate) struct TaskQueues {
    names: SmallMap<(NamespaceKey, Work), BTreeMap<Arc<str>, QueueKey>>,
    queues: BTreeMap<QueueKey, TaskQueue>,
    /// The parts of queues on which workers of versions wait.
    versions: SmallMap<(QueueKey, Version), QueueKey>,
    /// Queues that there ever were.
    count: Counter,
    /// How many queues there may be before idle ones are dropped.
    sweep_at: usize,
    /// Queues with tasks that nobody took.
    backlog: SmallSet<QueueKey>,
    /// Queues that may have both a task and a poller.
    ready: Vec<QueueKey>,
}

impl TaskQueues {
    pub(crate) fn key(&mut self, namespace: NamespaceKey, work: Work, name: &str, real: Time) -> QueueKey {
        if let Some(key) = self.names.get(&(namespace, work)).and_then(|names| names.get(name)) {
            return *key;
        }
        if self.queues.len() >= self.sweep_at.max(limits::IDLE_QUEUES_MIN) {
            self.drop_idle(real);
            self.sweep_at = self.queues.len().saturating_mul(2);
        }
        let key = QueueKey(self.count.next());
        let name: Arc<str> = name.into();
        self.names
            .entry((namespace, work))
            .or_default()
            .insert(name.clone(), key);
        let queue = TaskQueue {
            namespace,
            work,
            name,
            tasks: Backlog::default(),
            pollers: SmallSet::new(),
            polled: None,
            added: real,
            seen: PollerHistory::default(),
            is_shut_down: false,
            rate: None,
            awaited: None,
            next_scaling: Time::default(),
            configured: None,
            whole: None,
        };
        self.queues.insert(key, queue);
        key
    }

    /// The part of a queue on which workers of a version wait.
    pub(crate) fn version_key(&mut self, whole: QueueKey, version: &Version, real: Time) -> QueueKey {
        if let Some(key) = self.versions.get(&(whole, version.clone())) {
            return *key;
        }
        let Some(queue) = self.queues.get(&whole) else {
            return whole;
        };
        let key = QueueKey(self.count.next());
        let mut part = TaskQueue {
            namespace: queue.namespace,
            work: queue.work,
            name: queue.name.clone(),
            tasks: Backlog::default(),
            pollers: SmallSet::new(),
            polled: None,
            added: real,
            seen: PollerHistory::default(),
            is_shut_down: false,
            rate: queue
                .configured_rate()
                .map(|rate| Rate::new(rate.into(), Time::default())),
            awaited: None,
            next_scaling: Time::default(),
            configured: queue.configured.clone(),
            whole: Some(whole),
        };
        part.tasks.set_key_rate(part.configured_key_rate());
        self.queues.insert(key, part);
        self.versions.insert((whole, version.clone()), key);
        key
    }

    pub(super) fn parts(&self, whole: QueueKey) -> impl Iterator<Item = QueueKey> {
        let parts = self.versions.iter().filter(move |((of, _), _)| *of == whole);
        parts.map(|(_, key)| *key)
    }

    /// The parts of a queue on which workers of versions wait.
    pub(super) fn versions_of(
        &self,
        namespace: NamespaceKey,
        work: Work,
        name: &str,
    ) -> impl Iterator<Item = (&Version, &TaskQueue)> {
        let whole = self.names.get(&(namespace, work)).and_then(|names| names.get(name));
        let parts = self.versions.iter().filter(move |((of, _), _)| Some(of) == whole);
        parts.filter_map(|((_, version), key)| Some((version, self.queues.get(key)?)))
    }

    /// Takes everything that waits on a queue and its parts.
    pub(crate) fn take_all(&mut self, whole: QueueKey) -> Vec<Task> {
        let keys: Vec<QueueKey> = self.parts(whole).chain([whole]).collect();
        let mut tasks = Vec::new();
        for key in keys {
            while let Some(task) = self.take(key) {
                tasks.push(task);
            }
        }
        tasks
    }

    pub(crate) fn find_version(
        &self,
        namespace: NamespaceKey,
        work: Work,
        name: &str,
        version: &Version,
    ) -> Option<&TaskQueue> {
        let whole = self.names.get(&(namespace, work))?.get(name)?;
        self.queues.get(self.versions.get(&(*whole, version.clone()))?)
    }

    /// Whether tasks wait on a queue or one of its parts.
    pub(crate) fn has_backlog(&self, namespace: NamespaceKey, work: Work, name: &str) -> bool {
        let whole = self.names.get(&(namespace, work)).and_then(|names| names.get(name));
        whole.is_some_and(|whole| {
            let mut keys = self.parts(*whole).chain([*whole]);
            keys.any(|key| self.queues.get(&key).is_some_and(|queue| !queue.tasks.is_empty()))
        })
    }

    /// Forgets queues that nobody has used for as long as their pollers would be shown.
    fn drop_idle(&mut self, real: Time) {
        let names = &mut self.names;
        let versions = &mut self.versions;
        // A queue stays as long as it has parts.
        let wholes: SmallSet<QueueKey> = versions.keys().map(|(whole, _)| *whole).collect();
        self.queues.retain(|key, queue| {
            let used = queue.polled.unwrap_or_default().max(queue.added);
            let is_idle = queue.tasks.is_empty() && queue.pollers.is_empty() && real.since(used) > limits::POLLER_SHOWN;
            let is_idle = is_idle && !wholes.contains(key) && queue.configured.is_none();
            if is_idle
                && queue.whole.is_none()
                && let Some(names) = names.get_mut(&(queue.namespace, queue.work))
            {
                names.remove(&queue.name);
            }
            !is_idle
        });
        let queues = &self.queues;
        self.versions.retain(|_, part| queues.contains_key(part));
    }

    pub(crate) fn find(&self, namespace: NamespaceKey, work: Work, name: &str) -> Option<&TaskQueue> {
        let key = self.names.get(&(namespace, work))?.get(name)?;
        self.queues.get(key)
    }

    pub(crate) fn at(&mut self, key: QueueKey) -> Option<&mut TaskQueue> {
        self.queues.get_mut(&key)
    }

    pub(crate) fn get(&self, key: QueueKey) -> Option<&TaskQueue> {
        self.queues.get(&key)
    }

    pub(crate) fn add(&mut self, key: QueueKey, task: Task, urgency: Urgency<'_>, real: Time) {
        let Some(queue) = self.queues.get_mut(&key) else {
            return;
        };
        let weight = urgency.key().and_then(|key| queue.configured_weight(key));
        queue.tasks.push(task, urgency.weighing(weight), real);
        queue.added = real;
        self.backlog.insert(key);
        if !queue.pollers.is_empty() {
            self.ready.push(key);
        }
    }

    /// Tasks may be handed out that waited for something else than a poller.
    pub(crate) fn look_again(&mut self, key: QueueKey) {
        self.ready.push(key);
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &TaskQueue> {
        self.queues.values()
    }

    /// The next task, stale or not, whatever the rates are.
    pub(crate) fn take(&mut self, key: QueueKey) -> Option<Task> {
        self.take_by(key, Backlog::pop)
    }

    /// The next task, stale or not, that may be handed out now.
    pub(crate) fn take_ready(&mut self, key: QueueKey, now: Time) -> Option<Task> {
        self.take_by(key, |tasks| tasks.pop_ready(now))
    }

    fn take_by(&mut self, key: QueueKey, take: impl FnOnce(&mut Backlog) -> Option<Task>) -> Option<Task> {
        let queue = self.queues.get_mut(&key)?;
        let task = take(&mut queue.tasks);
        if queue.tasks.is_empty() {
            self.backlog.remove(&key);
        }
        task
    }

    /// Who has polled waits.
    pub(crate) fn wait(&mut self, key: QueueKey, waiter: WaiterId) {
        if let Some(queue) = self.queues.get_mut(&key) {
            queue.pollers.insert(waiter);
        }
    }

    /// Remembers that somebody polled.
    pub(crate) fn polled(&mut self, key: QueueKey, poller: &Poller, said: Said, real: Time) {
        let Some(queue) = self.queues.get_mut(&key) else {
            return;
        };
        queue.polled = Some(real);
        queue.seen.note(poller, said, real);
        // Who polls a part keeps the whole awake.
        if let Some(whole) = queue.whole.and_then(|whole| self.queues.get_mut(&whole)) {
            whole.polled = Some(real);
        }
    }

    pub(crate) fn leave(&mut self, key: QueueKey, waiter: WaiterId, real: Time) {
        if let Some(queue) = self.queues.get_mut(&key)
            && queue.pollers.remove(&waiter)
        {
            queue.polled = Some(real);
        }
    }

    /// A queue that may have both a task and a poller.
    pub(crate) fn next_ready(&mut self) -> Option<QueueKey> {
        self.ready.pop()
    }

    pub(crate) fn backlog(&self) -> impl Iterator<Item = (QueueKey, &TaskQueue)> {
        self.backlog
            .iter()
            .filter_map(|key| self.queues.get(key).map(|queue| (*key, queue)))
    }

    pub(crate) fn drop_first(&mut self, key: QueueKey) {
        let _ = self.take(key);
    }
}

/// The wire form of a normal queue.
pub(crate) fn normal(name: &str) -> taskqueue::TaskQueue {
    taskqueue::TaskQueue {
        name: name.to_owned(),
        kind: TaskQueueKind::Normal.into(),
        normal_name: String::new(),
    }
}

/// The wire form of a sticky queue.
pub(crate) fn sticky(name: &str, normal_name: &str) -> taskqueue::TaskQueue {
    taskqueue::TaskQueue {
        name: name.to_owned(),
        kind: TaskQueueKind::Sticky.into(),
        normal_name: normal_name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn queues_that_nobody_has_used_for_long_make_room() {
        let namespace = NamespaceKey::default();
        let mut queues = TaskQueues::default();
        let mut now = Time::default();
        let kept = queues.key(namespace, Work::Workflow, "kept", now);
        let task = Task::Query {
            run: RunKey::FIRST,
            query: 1,
        };
        queues.add(kept, task, Urgency::default(), now);
        for number in 0..10_000 {
            now = now.plus(Duration::from_secs(10));
            queues.key(namespace, Work::Workflow, &number.to_string(), now);
        }
        assert!(
            queues.queues.len() <= 2 * limits::IDLE_QUEUES_MIN,
            "{}",
            queues.queues.len()
        );
        assert_eq!(queues.key(namespace, Work::Workflow, "kept", now), kept);
        assert_eq!(queues.take(kept), Some(task));
        let again = queues.key(namespace, Work::Workflow, "0", now);
        assert_eq!(queues.key(namespace, Work::Workflow, "0", now), again);
    }
}
