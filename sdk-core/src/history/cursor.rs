//! Cuts pages of history into turns.

use super::{
    event::{self, PatchMarker},
    local_activity,
    page::HistoryError,
    turn::{AcceptedUpdate, LookAhead, Started, Turn},
};
use std::collections::VecDeque;
use steadfast_proto::{
    enums::EventType,
    history::{HistoryEvent, history_event::Attributes},
    system_time,
};

/// What a cursor gives next.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// A turn to be applied.
    Turn(Box<Turn>),
    /// The next turn isn't complete: push another page, or [`finish`](Cursor::finish).
    NeedPage,
    /// There are no more turns.
    End,
}

/// Takes pages of history in and gives turns out.
#[derive(Debug)]
pub struct Cursor {
    events: VecDeque<HistoryEvent>,
    /// The id of the last event pushed, or of the last one applied before.
    last_event_id: i64,
    /// The `WorkflowTaskStarted` of the task at hand, as far as is known; later events aren't this task's business. Zero:
    /// no bound.
    target: i64,
    complete: bool,
    scan: Scan,
    visited: u64,
}

/// How far the search for the next turn's end has come; it goes on from there when a page was added.
#[derive(Debug, Default)]
struct Scan {
    position: usize,
    cut: Option<Cut>,
    ahead: usize,
}

/// Where a turn ends.
#[derive(Debug, Clone, Copy)]
struct Cut {
    position: usize,
    /// Ends with an event after which a run has no more.
    is_final: bool,
}

/// How a started task was closed.
enum Closing {
    Unknown,
    InVain,
    /// It was completed, or is open: code ran.
    Ran,
}

impl Cursor {
    /// A cursor over what comes after event `after`, up to the `WorkflowTaskStarted` event `target` (zero: to the end).
    #[must_use]
    pub fn new(after: i64, target: i64) -> Self {
        Self {
            events: VecDeque::new(),
            last_event_id: after,
            target,
            complete: target > 0 && after >= target,
            scan: Scan::default(),
            visited: 0,
        }
    }

    /// Takes in events. Those that are already known are skipped, those after the target dropped.
    ///
    /// # Errors
    /// An event is missing in between.
    pub fn push(&mut self, events: Vec<HistoryEvent>) -> Result<(), HistoryError> {
        let mut events = events.into_iter();
        while events
            .as_slice()
            .first()
            .is_some_and(|event| event.event_id <= self.last_event_id)
        {
            events.next();
        }
        let mut wanted = 0_usize;
        for event in events.as_slice() {
            if self.target > 0 && event.event_id > self.target {
                break;
            }
            let expected = self.last_event_id.saturating_add(1);
            if event.event_id != expected {
                return Err(HistoryError::Gap {
                    expected,
                    found: event.event_id,
                });
            }
            self.last_event_id = event.event_id;
            wanted = wanted.saturating_add(1);
            // The time-skipping test server names the event after the task's scheduling, also if others came in between.
            if event.event_id == self.target && event::kind(event) != EventType::WorkflowTaskStarted {
                self.target = self.target.saturating_add(1);
            }
        }
        if self.events.is_empty() {
            // Usually a page is taken as it is, without a copy.
            let mut page: Vec<HistoryEvent> = events.collect();
            page.truncate(wanted);
            self.events = page.into();
        } else {
            self.events.extend(events.take(wanted));
        }
        // A token may point to an empty last page; reaching the target is the end, whatever the token says.
        self.complete |= self.target > 0 && self.last_event_id >= self.target;
        Ok(())
    }

    /// No more pages will come.
    pub fn finish(&mut self) {
        self.complete = true;
    }

    /// Whether no more pages are needed.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.complete
    }

    /// The id of the task's `WorkflowTaskStarted`, as far as is known.
    #[must_use]
    pub fn target(&self) -> i64 {
        self.target
    }

    /// The id of the last event taken in.
    #[must_use]
    pub fn last_event_id(&self) -> i64 {
        self.last_event_id
    }

    /// How many times an event was looked at, for tests of linearity.
    #[must_use]
    pub fn visited(&self) -> u64 {
        self.visited
    }

    /// The next turn, if its end and what must be known ahead are there.
    pub fn step(&mut self) -> Step {
        let cut = match self.scan.cut {
            Some(cut) => cut,
            None => match self.find_cut() {
                Some(cut) => cut,
                None if self.complete => return self.tail(),
                None => return Step::NeedPage,
            },
        };
        if !cut.is_final && !self.is_ahead_known(cut.position) {
            self.scan.cut = Some(cut);
            return Step::NeedPage;
        }
        self.take(cut)
    }

    /// Searches for the end of the next turn: a task that was completed or is open, or the end of the run. Failed and
    /// timed-out tasks are passed over. One that completed with nothing, to keep a local activity alive, is a turn as any
    /// other: code has the same time and ids on replay then as when it ran.
    fn find_cut(&mut self) -> Option<Cut> {
        while let Some(event) = self.events.get(self.scan.position) {
            let position = self.scan.position;
            let kind = event::kind(event);
            self.visited = self.visited.saturating_add(1);
            let is_final = event::is_final(kind);
            if is_final {
                return Some(Cut { position, is_final });
            }
            if kind == EventType::WorkflowTaskStarted {
                match self.closing(position) {
                    Closing::Unknown => return None,
                    Closing::InVain => {}
                    Closing::Ran => return Some(Cut { position, is_final }),
                }
            }
            self.scan.position = position.saturating_add(1);
        }
        None
    }

    fn closing(&self, position: usize) -> Closing {
        match self.events.get(position.saturating_add(1)) {
            None if !self.complete => Closing::Unknown,
            Some(close) if event::ends_task_in_vain(event::kind(close)) => Closing::InVain,
            None | Some(_) => Closing::Ran,
        }
    }

    /// Whether all of the task's command events are there.
    fn is_ahead_known(&mut self, cut: usize) -> bool {
        let first = cut.saturating_add(1);
        self.scan.ahead = self.scan.ahead.max(first);
        while let Some(event) = self.events.get(self.scan.ahead) {
            self.visited = self.visited.saturating_add(1);
            let kind = event::kind(event);
            let continues =
                event::is_command(kind) || (self.scan.ahead == first && kind == EventType::WorkflowTaskCompleted);
            if !continues {
                return true;
            }
            self.scan.ahead = self.scan.ahead.saturating_add(1);
        }
        self.complete
    }

    fn take(&mut self, cut: Cut) -> Step {
        self.scan = Scan::default();
        let mut events: Vec<HistoryEvent> = self.events.drain(..=cut.position).collect();
        if cut.is_final {
            keep_what_needs_no_task(&mut events);
            return Step::Turn(Box::new(Turn {
                events,
                replaying: true,
                ..Turn::default()
            }));
        }
        let started = events.last().map(|event| Started {
            event_id: event.event_id,
            time: event.event_time.as_ref().and_then(system_time),
        });
        let replaying = self
            .events
            .front()
            .is_some_and(|event| event::kind(event) == EventType::WorkflowTaskCompleted);
        let ahead = self.look_ahead();
        Step::Turn(Box::new(Turn {
            events,
            started,
            replaying,
            ahead,
            messages: Vec::new(),
        }))
    }

    fn look_ahead(&mut self) -> LookAhead {
        let mut ahead = LookAhead::default();
        for (index, event) in self.events.iter_mut().enumerate() {
            self.visited = self.visited.saturating_add(1);
            let is_command = event::is_command(event::kind(event));
            match &mut event.attributes {
                Some(Attributes::WorkflowTaskCompletedEventAttributes(completed)) if index == 0 => {
                    ahead.completed = completed.sdk_metadata.take().map(|metadata| *metadata);
                    ahead.deployment_version = completed.deployment_version.take().map(|version| *version);
                }
                Some(Attributes::MarkerRecordedEventAttributes(marker)) => {
                    if let Some(ended) = local_activity::take(event.event_id, marker) {
                        ahead.local_activities.push(ended);
                    } else {
                        ahead.patches.extend(PatchMarker::read(marker).map(|patch| patch.id));
                    }
                }
                Some(Attributes::WorkflowExecutionUpdateAcceptedEventAttributes(accepted)) => {
                    ahead.accepted.push(AcceptedUpdate {
                        protocol_instance_id: accepted.protocol_instance_id.clone(),
                        message_id: accepted.accepted_request_message_id.clone(),
                        sequencing_event_id: accepted.accepted_request_sequencing_event_id,
                        request: accepted.accepted_request.take(),
                    });
                }
                _ if is_command => {}
                _ => break,
            }
        }
        ahead
    }

    /// The events after the last task that let code run. Only its commands are applied: the rest is for a task to come.
    fn tail(&mut self) -> Step {
        let mut events: Vec<HistoryEvent> = self.events.drain(..).collect();
        self.scan = Scan::default();
        keep_what_needs_no_task(&mut events);
        if events.is_empty() {
            return Step::End;
        }
        self.last_event_id = events.last().map_or(self.last_event_id, |event| event.event_id);
        Step::Turn(Box::new(Turn {
            events,
            replaying: true,
            ..Turn::default()
        }))
    }
}

/// Keeps the start of the run, the completion of the last task with its commands, and the end of the run.
fn keep_what_needs_no_task(events: &mut Vec<HistoryEvent>) {
    let mut leading = true;
    events.retain(|event| {
        let kind = event::kind(event);
        leading &= event::is_command(kind)
            || matches!(
                kind,
                EventType::WorkflowTaskCompleted | EventType::WorkflowExecutionStarted
            );
        leading || event::is_final(kind)
    });
}
