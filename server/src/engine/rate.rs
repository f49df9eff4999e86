//! How fast queues hand out tasks: as an operator said, or else as a worker asked for when it polled.

use super::{
    error::{Error, Result},
    limits,
    task_queue::{QueueKey, TaskQueue, TaskQueues},
    time::Time,
};
use std::time::Duration;
use steadfast_proto::{
    enums::RateLimitSource,
    taskqueue::{ConfigMetadata, RateLimit, RateLimitConfig, TaskQueueConfig},
    workflowservice::{
        describe_task_queue_response::EffectiveRateLimit, update_task_queue_config_request::RateLimitUpdate,
    },
};

/// A rate, spread evenly over virtual time.
#[derive(Debug)]
pub(super) struct Rate {
    pub(super) per_second: f64,
    interval: Duration,
    next: Time,
    /// A deadline is set for the next one.
    is_awaited: bool,
}

impl Rate {
    pub(super) fn new(per_second: f64, next: Time) -> Self {
        Self {
            per_second,
            interval: interval(per_second),
            // Without a rate there is no next one.
            next: if per_second > 0.0 { next } else { Time::END },
            is_awaited: false,
        }
    }
}

fn interval(per_second: f64) -> Duration {
    Duration::try_from_secs_f64(1.0 / per_second).unwrap_or(Duration::MAX)
}

/// What an operator said about the rate of a queue: `None` takes it back.
pub(super) struct RateUpdate {
    rate: Option<f32>,
    metadata: ConfigMetadata,
}

impl RateUpdate {
    pub(super) fn read(update: RateLimitUpdate, identity: String, now: Time) -> Result<Self> {
        let rate = update.rate_limit.map(|rate| rate.requests_per_second);
        if rate.is_some_and(|rate| !rate.is_finite() || rate < 0.0) {
            return Err(Error::invalid(
                "RequestsPerSecond for UpdateQueueRateLimit rate limit must be non-negative.",
            ));
        }
        Ok(Self {
            rate,
            metadata: ConfigMetadata {
                reason: update.reason,
                update_identity: identity,
                update_time: now.wire(),
            },
        })
    }
}

impl TaskQueue {
    /// What operators said about the queue.
    pub(super) fn config(&self) -> Option<TaskQueueConfig> {
        Some(TaskQueueConfig {
            queue_rate_limit: Some((**self.configured.as_ref()?).clone()),
            ..TaskQueueConfig::default()
        })
    }

    /// Whether the queue may hand out no task yet.
    pub(super) fn is_held_back(&self, now: Time) -> bool {
        self.rate.as_ref().is_some_and(|rate| rate.next > now)
    }

    pub(super) fn configured_rate(&self) -> Option<f32> {
        let rate = self.configured.as_ref()?.rate_limit.as_ref()?;
        Some(rate.requests_per_second)
    }
}

/// The rate that is in force, and by whose word.
pub(super) fn effective(queue: Option<&TaskQueue>) -> EffectiveRateLimit {
    let configured = queue.and_then(TaskQueue::configured_rate);
    let asked = queue.and_then(|queue| queue.rate.as_ref());
    #[expect(clippy::cast_possible_truncation, reason = "the wire has rates in single precision")]
    let (requests_per_second, source) = match (configured, asked) {
        (Some(rate), _) => (rate, RateLimitSource::Api),
        (None, Some(asked)) => (asked.per_second as f32, RateLimitSource::Worker),
        (None, None) => (limits::QUEUE_RATE, RateLimitSource::System),
    };
    EffectiveRateLimit {
        requests_per_second,
        rate_limit_source: source.into(),
    }
}

impl TaskQueues {
    /// An operator says how fast a queue hands out its tasks. Whether there is room for one more such queue.
    pub(super) fn set_rate(&mut self, key: QueueKey, update: &RateUpdate, now: Time) -> bool {
        let count = self.all().filter(|queue| queue.configured.is_some()).count();
        let parts: Vec<QueueKey> = self.parts(key).chain([key]).collect();
        if count >= limits::QUEUE_RATES_MAX && self.get(key).is_none_or(|queue| queue.configured.is_none()) {
            return false;
        }
        for part in parts {
            let Some(queue) = self.at(part) else { continue };
            queue.configured = Some(Box::new(RateLimitConfig {
                rate_limit: update.rate.map(|requests_per_second| RateLimit { requests_per_second }),
                metadata: Some(update.metadata.clone()),
            }));
            queue.rate = update.rate.map(|rate| Rate::new(rate.into(), now));
            self.look_again(part);
        }
        true
    }

    /// A worker asks that from now on the queue hands out no more than so many tasks in a second. What an operator said
    /// goes before.
    pub(super) fn limit(&mut self, key: QueueKey, per_second: f64) {
        let Some(queue) = self.at(key).filter(|queue| queue.configured_rate().is_none()) else {
            return;
        };
        match &mut queue.rate {
            Some(rate) => {
                rate.per_second = per_second;
                rate.interval = interval(per_second);
            }
            None => queue.rate = Some(Rate::new(per_second, Time::default())),
        }
    }

    /// A task was handed out at that time (virtual).
    pub(super) fn handed_out(&mut self, key: QueueKey, now: Time) {
        if let Some(rate) = self.at(key).and_then(|queue| queue.rate.as_mut()) {
            rate.next = rate.next.max(now).plus(rate.interval);
        }
    }

    /// Whether the queue may hand out no task yet.
    pub(super) fn is_held_back(&self, key: QueueKey, now: Time) -> bool {
        self.get(key).is_some_and(|queue| queue.is_held_back(now))
    }

    /// When the queue may hand out its next task, if that time comes and nobody waits for it yet; from now on somebody
    /// does.
    pub(super) fn await_turn(&mut self, key: QueueKey) -> Option<Time> {
        let rate = self.at(key)?.rate.as_mut()?;
        let is_new = rate.next < Time::END && !std::mem::replace(&mut rate.is_awaited, true);
        is_new.then_some(rate.next)
    }

    /// That time has come.
    pub(super) fn turn_has_come(&mut self, key: QueueKey) {
        if let Some(rate) = self.at(key).and_then(|queue| queue.rate.as_mut()) {
            rate.is_awaited = false;
        }
    }
}
