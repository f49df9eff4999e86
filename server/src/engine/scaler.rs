//! Whether a worker should poll a queue more or less: a word that goes out with a task.

use super::{
    limits,
    task_queue::{QueueKey, TaskQueue, TaskQueues},
    time::Time,
};
use steadfast_proto::taskqueue::PollerScalingDecision;

impl TaskQueues {
    /// What whoever gets a task after it polled at `since` hears of the queue.
    pub(super) fn scaling(&mut self, key: QueueKey, since: Time, real: Time) -> Option<PollerScalingDecision> {
        let delta = self.at(key)?.poller_delta(since, real)?;
        Some(PollerScalingDecision {
            poll_request_delta_suggestion: delta,
        })
    }
}

impl TaskQueue {
    fn poller_delta(&mut self, since: Time, real: Time) -> Option<i32> {
        // More polls get no more of a queue that is held back, and those that wait there do not want for tasks.
        if self.rate.is_some() {
            return None;
        }
        if real.since(since) >= limits::POLLER_IDLE {
            return Some(-1);
        }
        let oldest = self.tasks.front_since()?;
        if real < self.next_scaling || real.since(oldest) <= limits::BACKLOG_AGE_MAX {
            return None;
        }
        let pollers = u32::try_from(self.seen.len()).unwrap_or(u32::MAX).max(1);
        self.next_scaling = real.plus(limits::SCALING_INTERVAL.checked_div(pollers).unwrap_or_default());
        Some(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{
        backlog::Urgency,
        namespace::NamespaceKey,
        poller::{Poller, Said},
        run::RunKey,
        task_queue::{Task, Work},
    };
    use std::time::Duration;

    const SECOND: Duration = Duration::from_secs(1);

    struct Queue {
        queues: TaskQueues,
        key: QueueKey,
        now: Time,
    }

    impl Queue {
        /// A queue with tasks.
        fn with_tasks(count: u64) -> Self {
            let now = Time::default().plus(SECOND);
            let mut queues = TaskQueues::default();
            let key = queues.key(NamespaceKey::default(), Work::Workflow, "queue", now);
            for query in 0..count {
                let run = RunKey::FIRST;
                queues.add(key, Task::Query { run, query }, Urgency::default(), now);
            }
            Self { queues, key, now }
        }

        fn polled_by(&mut self, identity: &str) {
            let poller = Poller {
                identity: identity.to_owned(),
                ..Poller::default()
            };
            self.queues.polled(self.key, &poller, Said::default(), self.now);
        }

        fn pass(&mut self, time: Duration) {
            self.now = self.now.plus(time);
        }

        /// What a poller that has waited for a while hears with its task.
        fn said_after(&mut self, waited: Duration) -> Option<i32> {
            let since = self.now;
            self.pass(waited);
            let said = self.queues.scaling(self.key, since, self.now);
            said.map(|said| said.poll_request_delta_suggestion)
        }
    }

    #[test]
    fn a_poll_that_waited_long_for_its_task_says_that_fewer_would_do() {
        let mut queue = Queue::with_tasks(0);
        assert_eq!(queue.said_after(SECOND), Some(-1));
        assert_eq!(queue.said_after(SECOND / 2), None);
    }

    #[test]
    fn tasks_that_wait_say_that_there_should_be_more_polls() {
        let mut queue = Queue::with_tasks(1);
        queue.pass(SECOND / 5);
        assert_eq!(queue.said_after(Duration::ZERO), None, "it has only just come");
        queue.pass(SECOND / 100);
        assert_eq!(queue.said_after(Duration::ZERO), Some(1));
        queue.queues.take(queue.key);
        queue.pass(SECOND);
        assert_eq!(queue.said_after(Duration::ZERO), None, "nothing waits any more");
    }

    #[test]
    fn each_poller_is_asked_for_more_ten_times_a_second_at_most() {
        let mut queue = Queue::with_tasks(1);
        queue.polled_by("one");
        queue.pass(SECOND);
        assert_eq!(queue.said_after(Duration::ZERO), Some(1));
        assert_eq!(queue.said_after(SECOND / 20), None);
        assert_eq!(queue.said_after(SECOND / 20), Some(1));
        queue.polled_by("another");
        queue.pass(SECOND);
        assert_eq!(queue.said_after(Duration::ZERO), Some(1));
        assert_eq!(queue.said_after(SECOND / 20), Some(1), "each of them may be");
    }

    #[test]
    fn more_polls_of_a_queue_with_a_rate_would_get_no_more() {
        let mut queue = Queue::with_tasks(1);
        queue.queues.limit(queue.key, 1.0);
        queue.pass(SECOND);
        assert_eq!(queue.said_after(Duration::ZERO), None);
        assert_eq!(queue.said_after(SECOND), None);
    }
}
