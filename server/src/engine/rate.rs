//! How fast queues hand out tasks, and whose share is how large: as an operator said, or else as a worker asked for when
//! it polled.

use super::{
    error::{Code, Error, Result},
    limits,
    task_queue::{QueueKey, TaskQueue, TaskQueues, Work},
    time::Time,
};
use std::{collections::BTreeMap, time::Duration};
use steadfast_proto::{
    enums::RateLimitSource,
    taskqueue::{ConfigMetadata, RateLimitConfig, TaskQueueConfig},
    workflowservice::{
        UpdateTaskQueueConfigRequest, describe_task_queue_response::EffectiveRateLimit,
        update_task_queue_config_request::RateLimitUpdate,
    },
};

/// A rate, spread evenly over virtual time.
#[derive(Debug)]
pub(super) struct Rate {
    pub(super) per_second: f64,
    interval: Duration,
    next: Time,
}

impl Rate {
    pub(super) fn new(per_second: f64, next: Time) -> Self {
        Self {
            per_second,
            interval: interval(per_second),
            // Without a rate there is no next one.
            next: if per_second > 0.0 { next } else { Time::END },
        }
    }
}

pub(super) fn interval(per_second: f64) -> Duration {
    Duration::try_from_secs_f64(1.0 / per_second).unwrap_or(Duration::MAX)
}

/// What an operator changes about a queue.
#[derive(Default)]
pub(super) struct ConfigUpdate {
    rate: Option<RateLimitConfig>,
    key_rate: Option<RateLimitConfig>,
    weights: BTreeMap<String, f32>,
    without_weights: Vec<String>,
}

impl ConfigUpdate {
    pub(super) fn read(request: UpdateTaskQueueConfigRequest, work: Work, now: Time) -> Result<Self> {
        let limit = |update: Option<RateLimitUpdate>, name: &str, what: &str| -> Result<Option<RateLimitConfig>> {
            let Some(update) = update else { return Ok(None) };
            if work == Work::Workflow {
                return Err(Error::invalid(format!(
                    "Setting {what} on workflow task queues is not allowed."
                )));
            }
            let rate = update.rate_limit.map(|rate| rate.requests_per_second);
            if rate.is_some_and(|rate| !rate.is_finite() || rate < 0.0) {
                return Err(Error::invalid(format!(
                    "RequestsPerSecond for {name} rate limit must be non-negative."
                )));
            }
            Ok(Some(RateLimitConfig {
                rate_limit: update.rate_limit,
                metadata: Some(ConfigMetadata {
                    reason: update.reason,
                    update_identity: request.identity.clone(),
                    update_time: now.wire(),
                }),
            }))
        };
        let rate = limit(request.update_queue_rate_limit, "UpdateQueueRateLimit", "rate limit")?;
        let key_rate = limit(
            request.update_fairness_key_rate_limit_default,
            "UpdateFairnessKeyRateLimitDefault",
            "fairness key rate limit",
        )?;
        let (weights, without_weights) = (
            request.set_fairness_weight_overrides,
            request.unset_fairness_weight_overrides,
        );
        check_weights(&weights, &without_weights)?;
        Ok(Self {
            rate,
            key_rate,
            weights,
            without_weights,
        })
    }

    fn change(&self, config: &mut TaskQueueConfig) -> Result<()> {
        for key in &self.without_weights {
            config.fairness_weight_overrides.remove(key);
        }
        let added = self.weights.iter().map(|(key, weight)| (key.clone(), *weight));
        config.fairness_weight_overrides.extend(added);
        if config.fairness_weight_overrides.len() > limits::FAIRNESS_WEIGHTS_MAX {
            return Err(Error::invalid(
                "fairness weight overrides update rejected: exceeding maximum key size",
            ));
        }
        if let Some(rate) = &self.rate {
            config.queue_rate_limit = Some(rate.clone());
        }
        if let Some(rate) = &self.key_rate {
            config.fairness_keys_rate_limit_default = Some(rate.clone());
        }
        Ok(())
    }
}

fn check_weights(set: &BTreeMap<String, f32>, unset: &[String]) -> Result<()> {
    let count = set.len().saturating_add(unset.len());
    if count > limits::FAIRNESS_WEIGHTS_MAX {
        return Err(Error::invalid(format!(
            "too many fairness weight overrides in request: got {count}, maximum {}",
            limits::FAIRNESS_WEIGHTS_MAX
        )));
    }
    for key in set.keys().chain(unset) {
        if key.is_empty() {
            return Err(Error::invalid("fairness weight override key must not be empty"));
        }
        if key.len() > limits::FAIRNESS_KEY_BYTES_MAX {
            return Err(Error::invalid("fairness key length exceeds limit"));
        }
    }
    for (key, weight) in set {
        if weight.is_nan() || *weight <= 0.0 {
            return Err(Error::invalid(format!(
                "invalid fairness weight weight for key {key:?}: must be greater than zero"
            )));
        }
    }
    match unset.iter().find(|key| set.contains_key(*key)) {
        None => Ok(()),
        Some(key) => Err(Error::invalid(format!(
            "fairness weight override key {key:?} present in both set and unset lists"
        ))),
    }
}

impl TaskQueue {
    /// What operators said about the queue.
    pub(super) fn config(&self) -> Option<TaskQueueConfig> {
        self.configured.as_deref().cloned()
    }

    /// Whether the queue may hand out no task yet.
    pub(super) fn is_held_back(&self, now: Time) -> bool {
        self.turn(now).is_some()
    }

    /// When the queue may hand out its next task, if that is not now.
    fn turn(&self, now: Time) -> Option<Time> {
        let by_rate = self.rate.as_ref().map(|rate| rate.next);
        by_rate.max(self.tasks.turn()).filter(|turn| *turn > now)
    }

    pub(super) fn configured_rate(&self) -> Option<f32> {
        let rate = self.configured.as_ref()?.queue_rate_limit.as_ref()?.rate_limit?;
        Some(rate.requests_per_second)
    }

    /// What each fairness key may have in a second; of nothing the original takes no notice.
    pub(super) fn configured_key_rate(&self) -> Option<f64> {
        let config = self.configured.as_ref()?.fairness_keys_rate_limit_default.as_ref()?;
        let rate = f64::from(config.rate_limit?.requests_per_second);
        (rate > 0.0).then_some(rate)
    }

    pub(super) fn configured_weight(&self, key: &str) -> Option<f32> {
        self.configured.as_ref()?.fairness_weight_overrides.get(key).copied()
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
    /// An operator says how a queue hands out its tasks.
    pub(super) fn configure(&mut self, key: QueueKey, update: &ConfigUpdate, now: Time) -> Result<()> {
        let config = self.get(key).and_then(TaskQueue::config);
        let count = self.all().filter(|queue| queue.configured.is_some()).count();
        if config.is_none() && count >= limits::QUEUE_RATES_MAX {
            return Err(Error::new(
                Code::ResourceExhausted,
                format!(
                    "{} task queues are configured already, no more are possible",
                    limits::QUEUE_RATES_MAX
                ),
            ));
        }
        let mut config = config.unwrap_or_default();
        update.change(&mut config)?;
        let parts: Vec<QueueKey> = self.parts(key).chain([key]).collect();
        for part in parts {
            let Some(queue) = self.at(part) else { continue };
            queue.configured = Some(Box::new(config.clone()));
            if update.rate.is_some() {
                queue.rate = queue.configured_rate().map(|rate| Rate::new(rate.into(), now));
            }
            if update.key_rate.is_some() {
                let rate = queue.configured_key_rate();
                queue.tasks.set_key_rate(rate);
            }
            self.look_again(part);
        }
        Ok(())
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
    pub(super) fn handed_out(&mut self, key: QueueKey, now: Time, real: Time) {
        let Some(queue) = self.at(key) else { return };
        queue.tasks.dispatched(real);
        if let Some(rate) = &mut queue.rate {
            rate.next = rate.next.max(now).plus(rate.interval);
        }
    }

    /// Whether the queue may hand out no task yet.
    pub(super) fn is_held_back(&self, key: QueueKey, now: Time) -> bool {
        self.get(key).is_some_and(|queue| queue.is_held_back(now))
    }

    /// When the queue may hand out its next task, if that time comes and nobody waits for it yet; from now on somebody
    /// does.
    pub(super) fn await_turn(&mut self, key: QueueKey, now: Time) -> Option<Time> {
        let queue = self.at(key).filter(|queue| !queue.tasks.is_empty())?;
        let turn = queue.turn(now).filter(|turn| *turn < Time::END)?;
        if queue.awaited.is_some_and(|awaited| awaited <= turn) {
            return None;
        }
        queue.awaited = Some(turn);
        Some(turn)
    }

    /// That time has come.
    pub(super) fn turn_has_come(&mut self, key: QueueKey) {
        if let Some(queue) = self.at(key) {
            queue.awaited = None;
        }
    }
}
