//! Tasks that come with the answer to another call, so that nobody has to poll for them.

use super::{
    Registry,
    deployment::Deployment,
    rate::RateLimit,
    slot::{HeldSlot, Slots},
    status::Load,
    stop::{Phase, Stop},
};
use crate::client::{EagerReservation, LocalWorker};
use std::sync::{Arc, atomic::Ordering};
use steadfast_core::Slot;
use steadfast_proto::{
    command::command::Attributes,
    workflowservice::{
        PollActivityTaskQueueResponse, PollWorkflowTaskQueueResponse, RespondWorkflowTaskCompletedRequest,
    },
};
use tokio::sync::mpsc;

/// How many activities of one workflow task may begin at once.
const ACTIVITIES_MAX: usize = 3;

/// An activity that comes with the answer to the workflow task that scheduled it, and its slot.
pub(super) struct EagerActivity {
    pub(super) task: Box<PollActivityTaskQueueResponse>,
    pub(super) slot: Option<HeldSlot>,
}

/// Takes activities from the shards to where activities run.
#[derive(Clone)]
pub(super) struct EagerActivities {
    slots: Slots,
    rate: Option<Arc<RateLimit>>,
    tasks: mpsc::UnboundedSender<EagerActivity>,
    stop: Stop,
}

/// Slots for activities that may come with an answer. Those that don't come leave theirs free.
pub(super) struct ActivityReservation {
    slots: Vec<HeldSlot>,
    tasks: mpsc::UnboundedSender<EagerActivity>,
}

impl EagerActivities {
    pub(super) fn new(
        slots: Slots,
        rate: Option<Arc<RateLimit>>,
        stop: Stop,
    ) -> (Self, mpsc::UnboundedReceiver<EagerActivity>) {
        let (tasks, arriving) = mpsc::unbounded_channel();
        let eager = Self {
            slots,
            rate,
            tasks,
            stop,
        };
        (eager, arriving)
    }

    /// Asks for the first activities of a completion, as far as there are slots.
    pub(super) fn reserve(
        &self,
        request: &mut RespondWorkflowTaskCompletedRequest,
        task_queue: &str,
    ) -> Option<ActivityReservation> {
        if self.stop.has_reached(Phase::Draining) {
            return None;
        }
        let mut slots = Vec::new();
        for command in &mut request.commands {
            let Some(Attributes::ScheduleActivityTaskCommandAttributes(activity)) = &mut command.attributes else {
                continue;
            };
            let queue = activity.task_queue.as_ref().map_or("", |queue| queue.name.as_str());
            if !queue.is_empty() && queue != task_queue {
                continue;
            }
            if slots.len() == ACTIVITIES_MAX || self.rate.as_ref().is_some_and(|rate| !rate.try_now()) {
                break;
            }
            let Some(slot) = self.slots.try_reserve() else { break };
            activity.request_eager_execution = true;
            slots.push(slot);
        }
        let tasks = self.tasks.clone();
        (!slots.is_empty()).then_some(ActivityReservation { slots, tasks })
    }
}

impl ActivityReservation {
    pub(super) fn hand_over(mut self, tasks: Vec<PollActivityTaskQueueResponse>) {
        for task in tasks {
            let (task, slot) = (Box::new(task), self.slots.pop());
            // Who runs activities is there until the last of those who hand them over is gone.
            let _ = self.tasks.send(EagerActivity { task, slot });
        }
    }
}

/// A workflow's first task, that came with the answer to its start.
pub(super) struct EagerWorkflow {
    pub(super) task: Box<PollWorkflowTaskQueueResponse>,
    place: Place,
}

/// What the task takes up.
enum Place {
    Counted { _count: Counted },
    Supplied(HeldSlot),
}

/// Counts among the tasks of a shard until it is dropped.
struct Counted(Arc<Load>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.reserved.fetch_sub(1, Ordering::Relaxed);
    }
}

impl EagerWorkflow {
    pub(super) fn into_parts(self) -> (Box<PollWorkflowTaskQueueResponse>, Slot) {
        match self.place {
            Place::Counted { .. } => (self.task, None),
            Place::Supplied(slot) => (self.task, Some(Box::new(slot))),
        }
    }
}

/// A shard, as a client in this process sees it that starts workflows.
pub(super) struct EagerShard {
    pub(super) worker_key: String,
    pub(super) registry: Arc<Registry>,
    pub(super) deployment: Option<Deployment>,
    pub(super) slots: Option<Slots>,
    pub(super) load: Arc<Load>,
    pub(super) tasks: mpsc::UnboundedSender<EagerWorkflow>,
}

impl LocalWorker for EagerShard {
    fn worker_key(&self) -> &str {
        &self.worker_key
    }

    fn reserve(&self, workflow_type: &str) -> Option<EagerReservation> {
        if !self.registry.has_workflow(workflow_type) || self.tasks.is_closed() {
            return None;
        }
        let place = match &self.slots {
            Some(slots) => Place::Supplied(slots.try_reserve()?),
            None => {
                let reserved = self.load.reserved.fetch_add(1, Ordering::Relaxed);
                let counted = Counted(Arc::clone(&self.load));
                let in_use = self.load.in_use.load(Ordering::Relaxed);
                if in_use.saturating_add(reserved) >= self.load.slots {
                    return None;
                }
                Place::Counted { _count: counted }
            }
        };
        let tasks = self.tasks.clone();
        Some(EagerReservation {
            deployment_options: self.deployment.as_ref().map(Deployment::options),
            hand_over: Box::new(move |task| {
                // A shard that has just ended leaves the task to time out.
                let _ = tasks.send(EagerWorkflow { task, place });
            }),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::worker::slot::{FixedSlots, SlotKind};
    use steadfast_proto::{
        command::{Command, ScheduleActivityTaskCommandAttributes},
        taskqueue::TaskQueue,
    };

    fn eager(slots: usize) -> (EagerActivities, mpsc::UnboundedReceiver<EagerActivity>, Slots) {
        let slots = Slots::new(Arc::new(FixedSlots::new(slots)), SlotKind::Activity, "q".to_owned());
        let (eager, arriving) = EagerActivities::new(slots.clone(), None, Stop::new());
        (eager, arriving, slots)
    }

    fn scheduling(queues: &[&str]) -> RespondWorkflowTaskCompletedRequest {
        let commands = queues.iter().map(|queue| {
            let attributes = ScheduleActivityTaskCommandAttributes {
                task_queue: Some(TaskQueue {
                    name: (*queue).to_owned(),
                    ..TaskQueue::default()
                }),
                ..ScheduleActivityTaskCommandAttributes::default()
            };
            Command {
                attributes: Some(Attributes::ScheduleActivityTaskCommandAttributes(attributes.into())),
                ..Command::default()
            }
        });
        RespondWorkflowTaskCompletedRequest {
            commands: commands.collect(),
            ..RespondWorkflowTaskCompletedRequest::default()
        }
    }

    fn asked(request: &RespondWorkflowTaskCompletedRequest) -> Vec<bool> {
        let asked = request.commands.iter().filter_map(|command| match &command.attributes {
            Some(Attributes::ScheduleActivityTaskCommandAttributes(activity)) => Some(activity.request_eager_execution),
            _ => None,
        });
        asked.collect()
    }

    #[test]
    fn three_activities_of_a_task_are_asked_for_and_only_of_the_workers_queue() {
        let (eager, _arriving, _) = eager(10);
        let mut request = scheduling(&["q", "other", "q", "q", "q"]);
        assert!(eager.reserve(&mut request, "q").is_some());
        assert_eq!(asked(&request), [true, false, true, true, false]);
    }

    #[test]
    fn no_more_are_asked_for_than_there_are_slots() {
        let (eager, _arriving, slots) = eager(2);
        let _running = slots.try_reserve().unwrap();
        let mut request = scheduling(&["q", "q"]);
        assert!(eager.reserve(&mut request, "q").is_some());
        assert_eq!(asked(&request), [true, false]);
    }

    #[test]
    fn a_slot_whose_activity_does_not_come_is_free_again() {
        let (eager, mut arriving, slots) = eager(3);
        let reservation = eager.reserve(&mut scheduling(&["q", "q", "q"]), "q").unwrap();
        assert!(slots.try_reserve().is_none());
        reservation.hand_over(vec![PollActivityTaskQueueResponse::default()]);
        let activity = arriving.try_recv().unwrap();
        assert!(activity.slot.is_some() && arriving.try_recv().is_err());
        assert!(slots.try_reserve().is_some());
    }

    #[test]
    fn a_worker_that_shuts_down_asks_for_none() {
        let (eager, _arriving, _) = eager(3);
        eager.stop.advance(Phase::Draining);
        let mut request = scheduling(&["q"]);
        assert!(eager.reserve(&mut request, "q").is_none());
        assert_eq!(asked(&request), [false]);
    }
}
