//! The tasks that wait on a queue: the more urgent ones first; among equally urgent ones each fairness key gets its share,
//! and within a key the one that came first goes first. Keys that have a rate wait for it.

use super::{
    counter::Counter,
    flow::Flow,
    limits,
    rate::interval,
    task_queue::Task,
    time::{self, Time},
};
use std::{collections::BTreeMap, sync::Arc};
use steadfast_proto::{SmallMap, common, taskqueue};

/// How urgent a task is, and whose share of its queue it takes.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Urgency<'a> {
    priority_key: i32,
    fairness_key: &'a str,
    /// Zero says nothing.
    weight: f32,
}

impl<'a> Urgency<'a> {
    pub(crate) fn of(priority: &'a common::Priority) -> Self {
        Self {
            priority_key: priority.priority_key,
            fairness_key: &priority.fairness_key,
            weight: priority.fairness_weight,
        }
    }

    /// What an activity does not say is taken from its workflow.
    pub(crate) fn or(self, of_workflow: &'a common::Priority) -> Self {
        let whole = Self::of(of_workflow);
        Self {
            priority_key: if self.priority_key == 0 {
                whole.priority_key
            } else {
                self.priority_key
            },
            fairness_key: if self.fairness_key.is_empty() {
                whole.fairness_key
            } else {
                self.fairness_key
            },
            weight: if self.weight == 0.0 { whole.weight } else { self.weight },
        }
    }

    /// Whose share it takes, if anything was said of that.
    pub(crate) fn key(&self) -> Option<&'a str> {
        (!self.fairness_key.is_empty()).then_some(self.fairness_key)
    }

    /// An operator knows better how much the key weighs.
    pub(crate) fn weighing(self, weight: Option<f32>) -> Self {
        Self {
            weight: weight.unwrap_or(self.weight),
            ..self
        }
    }

    fn is_plain(&self) -> bool {
        self.fairness_key.is_empty() && matches!(self.weight, 0.0 | 1.0)
    }

    fn weight(&self) -> f32 {
        match self.weight {
            weight if weight > 0.0 => weight.clamp(limits::FAIRNESS_WEIGHT_MIN, limits::FAIRNESS_WEIGHT_MAX),
            _ => 1.0,
        }
    }
}

/// Where a task stands: by priority, then by how much its key has had, then by when it came.
type Place = (i32, u64, u64);

#[derive(Debug)]
struct Waiting {
    task: Task,
    /// Since when (in real time).
    since: Time,
    /// Of no key and of the usual weight if it has none.
    share: Option<Box<Share>>,
}

#[derive(Debug)]
struct Share {
    key: Arc<str>,
    weight: f32,
}

/// What the keys of one priority have had: a key's next task stands one over its weight behind the one before, but not
/// before what has been handed out.
#[derive(Debug, Default)]
struct Lane {
    level: u64,
    passes: SmallMap<Arc<str>, u64>,
}

impl Lane {
    fn place(&mut self, key: &str, weight: f32) -> (Arc<str>, u64) {
        let known = self.passes.get_key_value(key);
        let (key, last) = known.map_or_else(|| (Arc::from(key), 0), |(key, last)| (key.clone(), *last));
        let pass = last.max(self.level).saturating_add(stride(weight));
        self.passes.insert(key.clone(), pass);
        (key, pass)
    }
}

/// One over a weight or a rate, in billionths.
fn stride(weight: f32) -> u64 {
    u64::try_from(interval(weight.into()).as_nanos()).unwrap_or(u64::MAX)
}

/// How fast each key is handed out, and the tasks whose key has had what it may have for now.
#[derive(Debug)]
struct KeyRates {
    per_second: f64,
    /// When each key may have its next task. Keys that may have it now need not be here.
    next: SmallMap<Arc<str>, Time>,
    /// How many keys there may be before they are looked through.
    prune_at: usize,
    /// Each task is put here once, with the time that is kept for it.
    held: BTreeMap<(Time, Place), Waiting>,
}

impl KeyRates {
    fn new(per_second: f64) -> Self {
        Self {
            per_second,
            next: SmallMap::new(),
            prune_at: limits::FAIRNESS_KEYS_MIN,
            held: BTreeMap::new(),
        }
    }

    /// The time for the next task of a key, which is taken by that.
    fn take_turn(&mut self, share: Option<&Share>, now: Time) -> Time {
        let weight = share.map_or(1.0, |share| share.weight);
        let key = share.map_or_else(|| Arc::from(""), |share| share.key.clone());
        let turn = self.next.get(&key).map_or(now, |next| (*next).max(now));
        self.next
            .insert(key, turn.plus(interval(self.per_second * f64::from(weight))));
        if self.next.len() > self.prune_at {
            self.next.retain(|_, next| *next > now);
            while self.next.len() > limits::FAIRNESS_KEYS_MAX {
                self.next.pop_first();
            }
            self.prune_at = self.next.len().saturating_mul(2).max(limits::FAIRNESS_KEYS_MIN);
        }
        turn
    }
}

/// The tasks of a queue.
#[derive(Debug, Default)]
pub(crate) struct Backlog {
    tasks: BTreeMap<Place, Waiting>,
    count: Counter,
    /// Since a task came that has a key, until none waits; else the order is that in which tasks came.
    lanes: Option<SmallMap<i32, Lane>>,
    rates: Option<Box<KeyRates>>,
    /// How fast tasks come and go, by priority.
    flows: SmallMap<i32, (Flow, Flow)>,
    /// The priority of the task that was taken last.
    taken: i32,
}

impl Backlog {
    pub(super) fn push(&mut self, task: Task, urgency: Urgency<'_>, real: Time) {
        let priority_key = match urgency.priority_key {
            1.. => urgency.priority_key,
            _ => limits::PRIORITY_KEY,
        };
        if self.lanes.is_none() && !urgency.is_plain() {
            self.begin_fairness();
        }
        self.flows.entry(priority_key).or_default().0.count(real);
        let len = self.len();
        let mut pass = 0;
        let mut share = None;
        if let Some(lanes) = &mut self.lanes {
            let lane = lanes.entry(priority_key).or_default();
            let weight = urgency.weight();
            let key;
            (key, pass) = lane.place(urgency.fairness_key, weight);
            share = (!urgency.is_plain()).then(|| Box::new(Share { key, weight }));
            // Who has no more than what was handed out is as good as unknown.
            if lane.passes.len() > len.saturating_mul(2).max(limits::FAIRNESS_KEYS_MIN) {
                let level = lane.level;
                lane.passes.retain(|_, pass| *pass > level);
            }
        }
        let since = real;
        self.tasks
            .insert((priority_key, pass, self.count.next()), Waiting { task, since, share });
    }

    /// The first task with a key has come: those that wait without one are a key like others.
    fn begin_fairness(&mut self) {
        let mut lanes: SmallMap<i32, Lane> = SmallMap::new();
        let plain = std::mem::take(&mut self.tasks).into_iter();
        self.tasks = plain
            .map(|((priority_key, _, number), waiting)| {
                let (_, pass) = lanes.entry(priority_key).or_default().place("", 1.0);
                ((priority_key, pass, number), waiting)
            })
            .collect();
        self.lanes = Some(lanes);
    }

    /// The next task, whatever the rates are.
    pub(super) fn pop(&mut self) -> Option<Task> {
        let popped = self.tasks.pop_first();
        let popped = popped.or_else(|| {
            let ((_, place), waiting) = self.rates.as_mut()?.held.pop_first()?;
            Some((place, waiting))
        });
        let (place, waiting) = popped?;
        self.handed_out(place);
        Some(waiting.task)
    }

    /// The task that was taken last has been given to a worker.
    pub(super) fn dispatched(&mut self, real: Time) {
        self.flows.entry(self.taken).or_default().1.count(real);
    }

    fn handed_out(&mut self, (priority_key, pass, _): Place) {
        self.taken = priority_key;
        if let Some(lanes) = &mut self.lanes {
            if let Some(lane) = lanes.get_mut(&priority_key) {
                lane.level = lane.level.max(pass);
            }
            if self.is_empty() {
                self.lanes = None;
            }
        }
    }

    /// The next task whose key may have one.
    pub(super) fn pop_ready(&mut self, now: Time) -> Option<Task> {
        if self.rates.is_none() {
            return self.pop();
        }
        loop {
            let rates = self.rates.as_mut()?;
            let first = self
                .tasks
                .first_key_value()
                .map(|((priority_key, ..), _)| *priority_key);
            let held = rates.held.first_entry().filter(|held| {
                let (turn, (priority_key, ..)) = held.key();
                *turn <= now && first.is_none_or(|first| *priority_key <= first)
            });
            if let Some(held) = held {
                let ((_, place), waiting) = held.remove_entry();
                self.handed_out(place);
                return Some(waiting.task);
            }
            let (place, waiting) = self.tasks.pop_first()?;
            let turn = rates.take_turn(waiting.share.as_deref(), now);
            if turn <= now {
                self.handed_out(place);
                return Some(waiting.task);
            }
            rates.held.insert((turn, place), waiting);
        }
    }

    /// When the first task may be handed out, if all of them wait for the rates of their keys.
    pub(super) fn turn(&self) -> Option<Time> {
        let rates = self.rates.as_ref().filter(|_| self.tasks.is_empty())?;
        rates.held.keys().next().map(|(turn, _)| *turn)
    }

    /// How many tasks of each key may be handed out in a second; times are kept anew for those that wait.
    pub(super) fn set_key_rate(&mut self, per_second: Option<f64>) {
        let rates = per_second.map(|per_second| Box::new(KeyRates::new(per_second)));
        if let Some(before) = std::mem::replace(&mut self.rates, rates) {
            let held = before.held.into_iter();
            self.tasks.extend(held.map(|((_, place), waiting)| (place, waiting)));
        }
    }

    fn held(&self) -> Option<&BTreeMap<(Time, Place), Waiting>> {
        self.rates.as_ref().map(|rates| &rates.held)
    }

    pub(crate) fn front(&self) -> Option<&Task> {
        self.first().map(|waiting| &waiting.task)
    }

    /// Since when (in real time) the next task waits.
    pub(super) fn front_since(&self) -> Option<Time> {
        self.first().map(|waiting| waiting.since)
    }

    fn first(&self) -> Option<&Waiting> {
        let held = || self.held().and_then(|held| held.values().next());
        self.tasks.values().next().or_else(held)
    }

    pub(crate) fn len(&self) -> usize {
        self.tasks.len().saturating_add(self.held().map_or(0, BTreeMap::len))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Counts the tasks that wait, and those that came and went.
    fn count_into(&self, stats: &mut Stats, real: Time) {
        for (priority_key, (added, dispatched)) in &self.flows {
            let level = stats.0.entry(*priority_key).or_default();
            level.added += added.per_second(real);
            level.dispatched += dispatched.per_second(real);
        }
        let held = self.held().into_iter().flatten();
        let held = held.map(|((_, place), waiting)| (place, waiting));
        for ((priority_key, ..), waiting) in self.tasks.iter().chain(held) {
            let level = stats.0.entry(*priority_key).or_default();
            level.count = level.count.saturating_add(1);
            level.oldest = Some(level.oldest.map_or(waiting.since, |oldest| oldest.min(waiting.since)));
        }
    }
}

/// How many tasks of a priority wait and since when, and how many come and go in a second; all in real time.
#[derive(Clone, Copy, Debug, Default)]
struct Level {
    count: i64,
    oldest: Option<Time>,
    added: f32,
    dispatched: f32,
}

/// The tasks of some queues at a time, by priority.
#[derive(Debug)]
pub(super) struct Stats(SmallMap<i32, Level>, Time);

impl Stats {
    pub(super) fn of<'a>(backlogs: impl IntoIterator<Item = &'a Backlog>, real: Time) -> Self {
        // The usual priority is always told.
        let mut stats = Self(SmallMap::from([(limits::PRIORITY_KEY, Level::default())]), real);
        for backlog in backlogs {
            backlog.count_into(&mut stats, real);
        }
        stats
    }

    pub(super) fn count(&self) -> i64 {
        self.0.values().map(|level| level.count).sum()
    }

    pub(super) fn total(&self) -> taskqueue::TaskQueueStats {
        let levels = || self.0.values();
        self.wire(Level {
            count: self.count(),
            oldest: levels().filter_map(|level| level.oldest).min(),
            added: levels().map(|level| level.added).sum(),
            dispatched: levels().map(|level| level.dispatched).sum(),
        })
    }

    pub(super) fn by_priority(&self) -> BTreeMap<i32, taskqueue::TaskQueueStats> {
        let levels = self.0.iter();
        levels.map(|(key, level)| (*key, self.wire(*level))).collect()
    }

    fn wire(&self, level: Level) -> taskqueue::TaskQueueStats {
        let now = self.1;
        taskqueue::TaskQueueStats {
            approximate_backlog_count: level.count,
            approximate_backlog_age: time::wire(now.since(level.oldest.unwrap_or(now))),
            tasks_add_rate: level.added,
            tasks_dispatch_rate: level.dispatched,
            ..taskqueue::TaskQueueStats::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::run::RunKey;
    use std::time::Duration;

    /// A backlog and the keys of its tasks, by number.
    #[derive(Default)]
    struct Tasks {
        backlog: Backlog,
        keys: Vec<&'static str>,
    }

    impl Tasks {
        fn add(&mut self, count: usize, key: &'static str, weight: f32, priority_key: i32) {
            for _ in 0..count {
                let task = Task::Query {
                    run: RunKey::FIRST,
                    query: u64::try_from(self.keys.len()).unwrap(),
                };
                self.keys.push(key);
                let urgency = Urgency {
                    priority_key,
                    fairness_key: key,
                    weight,
                };
                self.backlog.push(task, urgency, Time::default());
            }
        }

        fn taken(&mut self, now: Time) -> String {
            let mut taken = Vec::new();
            while let Some(task) = self.backlog.pop_ready(now) {
                let Task::Query { query, .. } = task else { continue };
                taken.push(self.keys[usize::try_from(query).unwrap()]);
            }
            taken.join(" ")
        }
    }

    const NOW: Time = Time::from_nanos(1_000_000_000);

    #[test]
    fn keys_take_turns_in_proportion_to_their_weights() {
        let mut tasks = Tasks::default();
        tasks.add(9, "a", 3.0, 0);
        tasks.add(3, "b", 1.0, 0);
        assert_eq!(tasks.taken(NOW), "a a a b a a a b a a a b");
    }

    #[test]
    fn tasks_of_no_key_are_a_key_among_others_also_if_they_came_first() {
        let mut plain = Tasks::default();
        for number in 0..3 {
            let task = Task::Query {
                run: RunKey::FIRST,
                query: number,
            };
            plain.keys.push("-");
            plain.backlog.push(task, Urgency::default(), Time::default());
        }
        plain.add(3, "a", 0.0, 0);
        assert_eq!(plain.taken(NOW), "- a - a - a");
    }

    #[test]
    fn what_is_more_urgent_goes_before_whoever_it_is() {
        let mut tasks = Tasks::default();
        tasks.add(2, "a", 0.0, 3);
        tasks.add(2, "b", 0.0, 3);
        tasks.add(2, "b", 0.001, 1);
        assert_eq!(tasks.taken(NOW), "b b a b a b");
    }

    #[test]
    fn who_comes_later_does_not_make_up_for_the_time_before() {
        let mut tasks = Tasks::default();
        tasks.add(100, "a", 0.0, 0);
        for _ in 0..50 {
            tasks.backlog.pop();
        }
        tasks.add(2, "b", 0.0, 0);
        assert!(tasks.taken(NOW).starts_with("a b a b a a"));
    }

    #[test]
    fn a_key_that_has_had_its_share_waits_and_others_go_on() {
        let mut tasks = Tasks::default();
        tasks.backlog.set_key_rate(Some(1.0));
        tasks.add(3, "a", 0.0, 0);
        tasks.add(2, "b", 2.0, 0);
        assert_eq!(tasks.taken(NOW), "b a");
        assert_eq!(tasks.backlog.turn(), Some(NOW.plus(Duration::from_millis(500))));
        assert_eq!(tasks.backlog.len(), 3);
        assert_eq!(tasks.taken(NOW.plus(Duration::from_secs(1))), "b a");
        // Without a rate nothing waits.
        tasks.backlog.set_key_rate(None);
        assert_eq!(tasks.taken(NOW.plus(Duration::from_secs(1))), "a");
        assert!(tasks.backlog.is_empty() && tasks.backlog.lanes.is_none());
    }

    #[test]
    fn keys_that_are_gone_are_forgotten() {
        let mut tasks = Tasks::default();
        tasks.backlog.set_key_rate(Some(1_000.0));
        tasks.add(1, "kept", 0.001, 5);
        let mut now = NOW;
        for number in 0..10_000_u64 {
            let key = number.to_string();
            let task = Task::Query {
                run: RunKey::FIRST,
                query: 0,
            };
            let urgency = Urgency {
                fairness_key: &key,
                ..Urgency::default()
            };
            tasks.backlog.push(task, urgency, now);
            now = now.plus(Duration::from_secs(1));
            assert!(tasks.backlog.pop_ready(now).is_some());
        }
        let lanes: usize = tasks
            .backlog
            .lanes
            .unwrap()
            .values()
            .map(|lane| lane.passes.len())
            .sum();
        assert!(lanes < 3 * limits::FAIRNESS_KEYS_MIN, "{lanes}");
        let next = tasks.backlog.rates.unwrap().next.len();
        assert!(next < 3 * limits::FAIRNESS_KEYS_MIN, "{next}");
    }
}
