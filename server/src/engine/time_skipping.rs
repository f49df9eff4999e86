//! Time skipping of one workflow: while nothing of it is under way, its time jumps to what is due next.
//!
//! A run's time is everybody's and what it has skipped ([`Run::now`]). Everything that a run knows is in its own time;
//! only deadlines are in everybody's ([`Run::due`]). The run that follows in the chain goes on from there, and so does a
//! child, whose own jumps its parent does not share.

use super::{
    Engine,
    activity::Attempt,
    deadline::Due,
    error::{Error, Result},
    limits,
    namespace::NamespaceKey,
    request::{Handled, Reply, expiry},
    run::{Run, RunKey},
    signal::check_execution,
    time::{self, Time},
    waiter::{Wait, WaiterId},
    world::World,
};
use std::sync::Arc;
use std::time::Duration;
use steadfast_proto::{
    SmallMap, SmallSet,
    common::{
        FastForwardConfig, TimeSkippingConfig, TimeSkippingFastForwardInfo, TimeSkippingInfo,
        TimeSkippingStatePropagation,
    },
    enums::FastForwardPollingResult as Polled,
    history::WorkflowExecutionTimeSkippingTransitionedEventAttributes,
    workflowservice::{PollWorkflowExecutionTimeSkippingRequest, PollWorkflowExecutionTimeSkippingResponse},
};

/// How a run's time jumps.
#[derive(Clone, Debug, Default)]
pub(crate) struct TimeSkipping {
    config: Option<TimeSkippingConfig>,
    fast_forward: Option<FastForward>,
    /// Jumps since it was enabled.
    jumps: i32,
}

/// Once to a moment, and no further.
#[derive(Clone, Debug)]
struct FastForward {
    id: String,
    duration: Duration,
    target: Time,
    is_complete: bool,
}

/// What a run begins with.
#[derive(Clone, Debug, Default)]
pub(crate) struct Inherited {
    pub(crate) skipping: Option<TimeSkipping>,
    pub(crate) skipped: Duration,
}

/// Who waits for fast-forwards, by workflow.
pub(crate) type FastForwardWaiters = SmallMap<(NamespaceKey, Arc<str>), SmallSet<WaiterId>>;

impl TimeSkipping {
    /// What a request asks for, with what it leaves out.
    fn read(config: TimeSkippingConfig, now: Time) -> Self {
        let fast_forward = config.fast_forward_config.as_ref().map(|asked| {
            let duration = time::lasting(asked.duration.as_ref());
            FastForward {
                id: asked.id.clone(),
                duration,
                target: now.plus(duration),
                is_complete: false,
            }
        });
        let max_session_skip_count = match config.max_session_skip_count {
            0 => limits::TIME_SKIPS,
            given => given,
        };
        Self {
            config: Some(TimeSkippingConfig {
                max_session_skip_count,
                ..config
            }),
            fast_forward,
            jumps: 0,
        }
    }

    pub(crate) fn config(&self) -> Option<TimeSkippingConfig> {
        self.config.clone()
    }

    fn is_enabled(&self) -> bool {
        self.config.as_ref().is_some_and(|config| config.enabled)
    }

    fn disable(&mut self) {
        if let Some(config) = &mut self.config {
            config.enabled = false;
        }
    }

    /// Where time is to go and no further.
    fn target(&self) -> Option<Time> {
        let ahead = self.fast_forward.as_ref().filter(|forward| !forward.is_complete);
        ahead.map(|forward| forward.target)
    }

    /// One jump more; whether it was the one that fast-forward was about.
    fn count_jump(&mut self, target: Time) -> bool {
        self.jumps = self.jumps.saturating_add(1);
        let max = self.config.as_ref().map_or(0, |config| config.max_session_skip_count);
        if max > 0 && self.jumps >= max {
            self.disable();
        }
        let is_reached = self.target() == Some(target);
        if is_reached {
            self.disable();
            if let Some(forward) = &mut self.fast_forward {
                forward.is_complete = true;
            }
        }
        is_reached
    }
}

impl FastForward {
    fn wire(&self) -> TimeSkippingFastForwardInfo {
        TimeSkippingFastForwardInfo {
            fast_forward_duration: time::wire(self.duration),
            fast_forward_id: self.id.clone(),
            target_time: self.target.wire(),
            has_completed: self.is_complete,
        }
    }
}

impl Inherited {
    /// What a start asks for.
    pub(crate) fn asked(config: Option<TimeSkippingConfig>, now: Time) -> Result<Option<Box<Self>>> {
        let Some(config) = config else { return Ok(None) };
        check(&config)?;
        Ok(Some(Box::new(Self {
            skipping: Some(TimeSkipping::read(config, now)),
            skipped: Duration::ZERO,
        })))
    }

    pub(crate) fn config(&self) -> Option<TimeSkippingConfig> {
        self.skipping.as_ref()?.config()
    }

    /// What the first event says of it; nothing of a run whose time is everybody's.
    pub(crate) fn wire(&self) -> Option<TimeSkippingStatePropagation> {
        let target = self.skipping.as_ref().and_then(TimeSkipping::target);
        let jumps = self.skipping.as_ref().map_or(0, |skipping| skipping.jumps);
        (!self.skipped.is_zero()).then(|| TimeSkippingStatePropagation {
            initial_skipped_duration: time::wire(self.skipped),
            fast_forward_target_time: target.and_then(Time::wire),
            initial_skip_count: jumps,
        })
    }
}

/// Says what is wrong with a configuration.
pub(crate) fn check(config: &TimeSkippingConfig) -> Result<()> {
    let Some(FastForwardConfig { id, duration }) = &config.fast_forward_config else {
        return Ok(());
    };
    if !config.enabled {
        return Err(Error::invalid(
            "time_skipping_config: cannot set fast_forward when enabled is false",
        ));
    }
    check_id(id)?;
    if time::lasting(duration.as_ref()).is_zero() {
        return Err(Error::invalid(
            "Time skipping config invalid: fast_forward duration must be positive",
        ));
    }
    Ok(())
}

fn check_id(id: &str) -> Result<()> {
    if id.is_empty() {
        return Err(Error::invalid(
            "Time skipping config invalid: fast_forward_id must be set",
        ));
    }
    super::start::check_name("FastForwardId", id)
}

impl Run {
    /// The run's time.
    pub(crate) fn now(&self, world: &World) -> Time {
        world.now().plus(self.skipped)
    }

    /// When something of the run is due, in everybody's time.
    pub(crate) fn due(&self, at: Time) -> Time {
        at.minus(self.skipped)
    }

    /// What the run that follows begins with.
    pub(crate) fn passes_on_time(&self) -> Option<Box<Inherited>> {
        (self.skipping.is_some() || !self.skipped.is_zero()).then(|| {
            Box::new(Inherited {
                skipping: self.skipping.as_deref().cloned(),
                skipped: self.skipped,
            })
        })
    }

    /// What a child begins with: the time, and that it goes on to jump, but nobody's target.
    pub(crate) fn time_of_child(&self) -> Option<Box<Inherited>> {
        let mut inherited = self.passes_on_time()?;
        let config = inherited.skipping.take().and_then(|skipping| skipping.config);
        inherited.skipping = config
            .filter(|config| config.enabled && !config.disable_propagation)
            .map(|config| TimeSkipping {
                config: Some(TimeSkippingConfig {
                    fast_forward_config: None,
                    ..config
                }),
                ..TimeSkipping::default()
            });
        Some(inherited)
    }

    /// From now on time skips as a request says; `None` ends it.
    pub(crate) fn change_skipping(&mut self, world: &World, config: Option<TimeSkippingConfig>) {
        let now = self.now(world);
        let skipping = config.map(|config| TimeSkipping::read(config, now));
        self.skipping = Some(Box::new(skipping.unwrap_or_default()));
    }

    pub(crate) fn time_skipping_info(&self, world: &World) -> Option<TimeSkippingInfo> {
        let skipping = self.skipping.as_ref()?;
        Some(TimeSkippingInfo {
            current_time: self.now(world).wire(),
            effective_config: skipping.config(),
            ..TimeSkippingInfo::default()
        })
    }

    /// Jumps to what is due next, if nothing of the run is under way.
    fn skip_time(&mut self, world: &mut World) {
        if !self.skipping.as_ref().is_some_and(|skipping| skipping.is_enabled()) || !self.is_at_rest() {
            return;
        }
        let now = self.now(world);
        let Some(target) = self.skip_target().filter(|(target, is_last)| *target > now || *is_last) else {
            return;
        };
        let target = target.0;
        let Some(skipping) = &mut self.skipping else { return };
        let disabled_after_fast_forward = skipping.count_jump(target);
        let mut event = self.event(
            world,
            WorkflowExecutionTimeSkippingTransitionedEventAttributes {
                target_time: target.wire(),
                disabled_after_fast_forward,
                wall_clock_time: now.wire(),
            },
        );
        event.worker_may_ignore = true;
        self.happen_event(world, event);
        self.skipped = self.skipped.saturating_add(target.since(now));
        self.set_deadlines_anew(world);
    }

    /// Whether nobody has anything to do for the run.
    fn is_at_rest(&self) -> bool {
        let waits = |attempt: &Attempt| matches!(attempt, Attempt::BackingOff { .. });
        self.is_open()
            && !self.is_paused()
            && !self.is_waiting_for_parent
            && self.task.is_none()
            && self.activities.values().all(|activity| waits(&activity.state))
            && self.children.is_empty()
            && self.externals.is_empty()
            && self.operations.is_empty()
    }

    /// Where time may go, and whether it goes no further than that.
    fn skip_target(&self) -> Option<(Time, bool)> {
        let timers = self.timers.values().map(|timer| timer.fires);
        let retries = self.activities.values().filter_map(|activity| match activity.state {
            Attempt::BackingOff { until, .. } => Some(until),
            _ => None,
        });
        let first = self.backoff.map(|(at, _)| at);
        let expiration = self.is.run_expiration.filter(|_| first.is_none());
        let next = timers.chain(retries).chain(first).chain(expiration).min();
        let last = self.skipping.as_ref().and_then(|skipping| skipping.target());
        match (next, last) {
            (Some(next), Some(last)) if next < last => Some((next, false)),
            (_, Some(last)) => Some((last, true)),
            (next, None) => next.map(|next| (next, false)),
        }
    }

    /// The run's time has moved against everybody's.
    fn set_deadlines_anew(&mut self, world: &mut World) {
        let (run, skipped) = (self.is.key, self.skipped);
        for timer in self.timers.values_mut() {
            timer.set_deadline(world, run, skipped);
        }
        let retried: Vec<i64> = self.activities.keys().copied().collect();
        for event_id in retried {
            self.arm_retry(world, event_id);
        }
        if let Some((at, deadline)) = self.backoff.take() {
            world.deadlines.clear(&mut Some(deadline));
            let deadline = world.deadlines.set(self.due(at), Due::FirstWorkflowTask { run });
            self.backoff = Some((at, deadline));
        }
        world.deadlines.clear(&mut self.expiry);
        let expires = self.is.run_expiration.map(|at| self.due(at));
        self.expiry = expires.map(|at| world.deadlines.set(at, Due::RunTimeout { run }));
    }

    /// What became of a fast-forward; `None` while it is under way.
    fn fast_forwarded(&self, id: &str) -> Option<PollWorkflowExecutionTimeSkippingResponse> {
        let forward = self
            .skipping
            .as_ref()
            .and_then(|skipping| skipping.fast_forward.as_ref());
        let failed = |why: &str| (Polled::FastForwardFailed, why.to_owned());
        let (result, failed_reason) = match forward.filter(|forward| forward.id == id) {
            None => failed("the requested fast_forward_id does not match the execution's current fast-forward"),
            Some(forward) if forward.is_complete => (Polled::FastForwardCompleted, String::new()),
            Some(_) if self.is_open() => return None,
            Some(_) => failed("the execution ended before the fast-forward completed"),
        };
        Some(PollWorkflowExecutionTimeSkippingResponse {
            fast_forward_polling_result: result.into(),
            failed_reason,
            fast_forward_info: forward.map(FastForward::wire),
        })
    }
}

impl Engine {
    /// After every change of a run whose time may jump. Whoever waits for a fast-forward waits for the latest run of the
    /// chain.
    pub(super) fn look_after_time(&mut self, key: RunKey) {
        let Self { runs, world, .. } = self;
        let Some(run) = runs.peek_mut(key) else { return };
        run.skip_time(world);
        let workflow = (run.is.namespace, run.is.workflow_id.clone());
        let Some(waiters) = self.fast_forwards.get(&workflow) else {
            return;
        };
        let latest = runs.current(workflow.0, &workflow.1).and_then(|key| runs.get(key));
        for waiter in waiters.clone() {
            let reply = match (world.waiters.get(waiter), latest) {
                (Some(Wait::FastForward { id, .. }), Some(run)) => run.fast_forwarded(id),
                _ => None,
            };
            if let Some(reply) = reply {
                let reply = Reply::PollWorkflowExecutionTimeSkipping(Box::new(reply));
                world.waiters.answer(waiter, Ok(reply));
                leave(&mut self.fast_forwards, &workflow, waiter);
            }
        }
    }

    pub(super) fn poll_time_skipping(
        &mut self,
        request: PollWorkflowExecutionTimeSkippingRequest,
        patience: Option<Duration>,
    ) -> Result<Handled> {
        let namespace = self.world.namespaces.find(&request.namespace)?.key;
        let execution = request.workflow_execution.unwrap_or_default();
        check_execution(&execution)?;
        check_id(&request.fast_forward_id)?;
        let key = self.find(namespace, &execution)?;
        let Some(run) = self.runs.get(key) else {
            return Err(Error::broken("a run that was found is there"));
        };
        if let Some(reply) = run.fast_forwarded(&request.fast_forward_id) {
            return Ok(Handled::Reply(Reply::PollWorkflowExecutionTimeSkipping(Box::new(
                reply,
            ))));
        }
        let workflow = (namespace, run.is.workflow_id.clone());
        let expires = expiry(self.world.real, patience, limits::LONG_POLL_MAX);
        let wait = Wait::FastForward {
            run: key,
            workflow: workflow.clone(),
            id: request.fast_forward_id,
        };
        let waiter = self.world.waiters.add(wait, expires);
        self.fast_forwards.entry(workflow).or_default().insert(waiter);
        Ok(Handled::Wait(waiter))
    }

    pub(super) fn stop_awaiting_fast_forward(&mut self, workflow: &(NamespaceKey, Arc<str>), waiter: WaiterId) {
        leave(&mut self.fast_forwards, workflow, waiter);
    }
}

fn leave(waiters: &mut FastForwardWaiters, workflow: &(NamespaceKey, Arc<str>), waiter: WaiterId) {
    if let Some(of_workflow) = waiters.get_mut(workflow) {
        of_workflow.remove(&waiter);
        if of_workflow.is_empty() {
            waiters.remove(workflow);
        }
    }
}

/// What somebody gets whose wait was in vain.
pub(super) fn nothing_yet() -> Reply {
    Reply::PollWorkflowExecutionTimeSkipping(Box::new(PollWorkflowExecutionTimeSkippingResponse {
        fast_forward_polling_result: Polled::PollTimeout.into(),
        ..Default::default()
    }))
}
