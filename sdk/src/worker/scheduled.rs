//! Which activities the runs at hand have scheduled, so that what comes of one is decoded in the context in which it was
//! encoded: its events name the activity by the event that scheduled it. Empty without a codec.

use std::{
    collections::{BTreeMap, HashMap},
    mem,
    sync::{Mutex, MutexGuard, PoisonError},
};
use steadfast_proto::{
    command::{Command, command::Attributes as Ordered},
    history::{HistoryEvent, history_event::Attributes},
};

/// Ids and types by the event that scheduled each activity.
pub(crate) type Scheduled = BTreeMap<i64, (String, String)>;

/// By run.
#[derive(Default)]
pub(super) struct ScheduledActivities(Mutex<HashMap<String, Entry>>);

#[derive(Default)]
struct Entry {
    scheduled: Scheduled,
    /// Those that the events at hand end. They go when the next events come, as these may come again.
    ending: Vec<i64>,
}

impl ScheduledActivities {
    fn runs(&self) -> MutexGuard<'_, HashMap<String, Entry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Those of a run, with those that the events schedule. They are to be brought back.
    pub(super) fn take(&self, run_id: &str, events: &[HistoryEvent]) -> Scheduled {
        let (mut scheduled, ending) = match self.runs().get_mut(run_id) {
            // A query has no events: what ends stays known to whoever asks once more.
            Some(known) if events.is_empty() => (mem::take(&mut known.scheduled), Vec::new()),
            Some(known) => (mem::take(&mut known.scheduled), mem::take(&mut known.ending)),
            None => Default::default(),
        };
        // A history from its start says it all.
        if events.first().is_some_and(|event| event.event_id == 1) {
            scheduled.clear();
        }
        for id in ending {
            scheduled.remove(&id);
        }
        scheduled.extend(self::scheduled(events));
        scheduled
    }

    /// Keeps those of a run for its next events.
    pub(super) fn bring_back(&self, run_id: &str, scheduled: Scheduled, events: &[HistoryEvent]) {
        let mut runs = self.runs();
        if scheduled.is_empty() {
            runs.remove(run_id);
            return;
        }
        let ending = events.iter().filter_map(ended);
        match runs.get_mut(run_id) {
            Some(known) => {
                known.scheduled = scheduled;
                known.ending.extend(ending);
            }
            None => {
                let ending = ending.collect();
                runs.insert(run_id.to_owned(), Entry { scheduled, ending });
            }
        }
    }

    /// A run is over, or leaves the cache: its next task has the whole history.
    pub(super) fn forget(&self, run_id: &str) {
        self.runs().remove(run_id);
    }
}

/// What these events schedule.
pub(crate) fn scheduled(events: &[HistoryEvent]) -> Scheduled {
    let scheduled = events.iter().filter_map(|event| match &event.attributes {
        Some(Attributes::ActivityTaskScheduledEventAttributes(activity)) => {
            let kind = activity.activity_type.as_ref().map(|kind| kind.name.clone());
            Some((event.event_id, (activity.activity_id.clone(), kind.unwrap_or_default())))
        }
        _ => None,
    });
    scheduled.collect()
}

fn ended(event: &HistoryEvent) -> Option<i64> {
    Some(match event.attributes.as_ref()? {
        Attributes::ActivityTaskCompletedEventAttributes(end) => end.scheduled_event_id,
        Attributes::ActivityTaskFailedEventAttributes(end) => end.scheduled_event_id,
        Attributes::ActivityTaskTimedOutEventAttributes(end) => end.scheduled_event_id,
        Attributes::ActivityTaskCanceledEventAttributes(end) => end.scheduled_event_id,
        _ => return None,
    })
}

/// Whether one of the commands ends the run.
pub(super) fn end_the_run(commands: &[Command]) -> bool {
    commands.iter().any(|command| {
        matches!(
            command.attributes,
            Some(
                Ordered::CompleteWorkflowExecutionCommandAttributes(_)
                    | Ordered::FailWorkflowExecutionCommandAttributes(_)
                    | Ordered::CancelWorkflowExecutionCommandAttributes(_)
                    | Ordered::ContinueAsNewWorkflowExecutionCommandAttributes(_)
            )
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use steadfast_proto::{
        common::ActivityType,
        history::{ActivityTaskCompletedEventAttributes, ActivityTaskScheduledEventAttributes},
    };

    fn event(event_id: i64, attributes: Attributes) -> HistoryEvent {
        HistoryEvent {
            event_id,
            attributes: Some(attributes),
            ..HistoryEvent::default()
        }
    }

    fn scheduled(event_id: i64, id: &str) -> HistoryEvent {
        let attributes = ActivityTaskScheduledEventAttributes {
            activity_id: id.to_owned(),
            activity_type: Some(ActivityType { name: "pay".to_owned() }),
            ..ActivityTaskScheduledEventAttributes::default()
        };
        event(
            event_id,
            Attributes::ActivityTaskScheduledEventAttributes(attributes.into()),
        )
    }

    fn completed(event_id: i64, scheduled_event_id: i64) -> HistoryEvent {
        let attributes = ActivityTaskCompletedEventAttributes {
            scheduled_event_id,
            ..ActivityTaskCompletedEventAttributes::default()
        };
        event(
            event_id,
            Attributes::ActivityTaskCompletedEventAttributes(attributes.into()),
        )
    }

    fn ids(known: &ScheduledActivities, events: &[HistoryEvent]) -> Vec<i64> {
        let scheduled = known.take("run", events);
        let ids = scheduled.keys().copied().collect();
        known.bring_back("run", scheduled, events);
        ids
    }

    #[test]
    fn an_activity_is_known_until_the_events_after_its_end() {
        let known = ScheduledActivities::default();
        assert_eq!(ids(&known, &[scheduled(5, "1"), scheduled(6, "2")]), [5, 6]);
        let end = [completed(10, 5)];
        assert_eq!(ids(&known, &end), [5, 6]);
        assert_eq!(ids(&known, &[]), [5, 6], "a query has no events");
        assert_eq!(ids(&known, &[completed(14, 6)]), [6]);
        let later = event(17, Attributes::WorkflowTaskStartedEventAttributes(Default::default()));
        assert!(ids(&known, &[later]).is_empty());
        assert!(known.runs().is_empty(), "nothing is left of it");
    }

    #[test]
    fn a_history_from_its_start_says_it_all() {
        let known = ScheduledActivities::default();
        assert_eq!(ids(&known, &[scheduled(5, "1")]), [5]);
        let start = event(
            1,
            Attributes::WorkflowExecutionStartedEventAttributes(Default::default()),
        );
        assert_eq!(ids(&known, &[start, scheduled(7, "1")]), [7]);
        known.forget("run");
        assert!(known.runs().is_empty());
    }
}
