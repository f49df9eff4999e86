//! Timers of runs.

use super::{
    deadline::{DeadlineKey, Due},
    run::{Run, RunKey},
    time::{self, Time},
    world::World,
};
use std::time::Duration;
use steadfast_proto::{
    command,
    history::{
        TimerCanceledEventAttributes, TimerFiredEventAttributes, TimerStartedEventAttributes, history_event::Attributes,
    },
};

/// A timer that has not fired.
#[derive(Debug)]
pub(crate) struct Timer {
    pub(crate) started_event_id: i64,
    /// In the run's time.
    pub(crate) fires: Time,
    deadline: Option<DeadlineKey>,
}

impl Timer {
    /// Sets the deadline, for a run whose time is that far ahead.
    pub(crate) fn set_deadline(&mut self, world: &mut World, run: RunKey, skipped: Duration) {
        world.deadlines.clear(&mut self.deadline);
        let due = Due::Timer {
            run,
            started_event_id: self.started_event_id,
        };
        self.deadline = Some(world.deadlines.set(self.fires.minus(skipped), due));
    }
}

impl Run {
    pub(crate) fn start_timer(
        &mut self,
        world: &mut World,
        command: command::StartTimerCommandAttributes,
        completed: i64,
    ) {
        let fires = self
            .now(world)
            .plus(time::lasting(command.start_to_fire_timeout.as_ref()));
        let event = self.event(
            world,
            TimerStartedEventAttributes {
                timer_id: command.timer_id.clone(),
                start_to_fire_timeout: command.start_to_fire_timeout,
                workflow_task_completed_event_id: completed,
            },
        );
        let started_event_id = self.push(world, event);
        self.arm_timer(world, command.timer_id, started_event_id, fires);
    }

    pub(crate) fn arm_timer(&mut self, world: &mut World, timer_id: String, started_event_id: i64, fires: Time) {
        self.timer_ids.insert(started_event_id, timer_id.clone());
        let mut timer = Timer {
            started_event_id,
            fires,
            deadline: None,
        };
        timer.set_deadline(world, self.is.key, self.skipped);
        self.timers.insert(timer_id, timer);
    }

    /// Cancels a timer; one that fired while the task was out has its event taken back.
    pub(crate) fn cancel_timer(&mut self, world: &mut World, timer_id: String, completed: i64, identity: &str) {
        let started_event_id = if let Some(mut timer) = self.timers.remove(&timer_id) {
            world.deadlines.clear(&mut timer.deadline);
            self.timer_ids.remove(&timer.started_event_id);
            timer.started_event_id
        } else {
            let Some((at, started)) = self.buffered_firing(&timer_id) else {
                return;
            };
            self.buffered.remove(at);
            started
        };
        self.record(
            world,
            TimerCanceledEventAttributes {
                timer_id,
                started_event_id,
                workflow_task_completed_event_id: completed,
                identity: identity.to_owned(),
            },
        );
    }

    /// Where in the buffer the timer's firing is, and which event started the timer.
    pub(crate) fn buffered_firing(&self, timer_id: &str) -> Option<(usize, i64)> {
        self.buffered
            .iter()
            .enumerate()
            .find_map(|(at, event)| match &event.attributes {
                Some(Attributes::TimerFiredEventAttributes(fired)) if fired.timer_id == timer_id => {
                    Some((at, fired.started_event_id))
                }
                _ => None,
            })
    }

    pub(crate) fn fire_timer(&mut self, world: &mut World, started_event_id: i64) {
        let Some(timer_id) = self.timer_ids.remove(&started_event_id) else {
            return;
        };
        self.timers.remove(&timer_id);
        self.happen(
            world,
            TimerFiredEventAttributes {
                timer_id,
                started_event_id,
            },
        );
        self.want_task(world);
    }

    pub(crate) fn drop_timers(&mut self, world: &mut World) {
        for timer in self.timers.values_mut() {
            world.deadlines.clear(&mut timer.deadline);
        }
        self.timers.clear();
        self.timer_ids.clear();
    }
}
