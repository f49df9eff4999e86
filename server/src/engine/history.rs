//! A run's history: events that only ever grow in number, counted from one without gaps.

use super::{event::Event, time::Time};
use steadfast_proto::{
    enums::EventType,
    history::HistoryEvent,
    sdk::{EventGroupMarker, UserMetadata},
};

/// For so many events is room from the start: a workflow that does one thing and ends has no more than twice as many.
const EVENTS_EXPECTED: usize = 6;

/// The events of a run.
#[derive(Debug, Default)]
pub(crate) struct History {
    events: Vec<HistoryEvent>,
    bytes: usize,
}

impl History {
    /// Numbers an event and keeps it.
    pub(crate) fn push(&mut self, mut event: HistoryEvent) -> i64 {
        let id = self.next_event_id();
        event.event_id = id;
        self.bytes = self.bytes.saturating_add(event.wire_len());
        if self.events.capacity() == 0 {
            self.events.reserve_exact(EVENTS_EXPECTED);
        }
        self.events.push(event);
        id
    }

    /// Adds what a command says besides what it does to the event that it made.
    pub(crate) fn annotate(&mut self, event_id: i64, metadata: Option<UserMetadata>, markers: Vec<EventGroupMarker>) {
        if metadata.is_none() && markers.is_empty() {
            return;
        }
        let at = usize::try_from(event_id).ok().and_then(|id| id.checked_sub(1));
        if let Some(event) = at.and_then(|at| self.events.get_mut(at)) {
            let before = event.wire_len();
            event.user_metadata = metadata.map(Box::new);
            event.event_group_markers = markers;
            self.bytes = self.bytes.saturating_add(event.wire_len()).saturating_sub(before);
        }
    }

    /// Gives back the room that was kept for more events: the run has ended.
    pub(crate) fn shrink(&mut self) {
        self.events.shrink_to_fit();
    }

    pub(crate) fn next_event_id(&self) -> i64 {
        after(self.wire_len())
    }

    pub(crate) fn len(&self) -> usize {
        self.events.len()
    }

    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(crate) fn wire_bytes(&self) -> i64 {
        i64::try_from(self.bytes).unwrap_or(i64::MAX)
    }

    pub(crate) fn wire_len(&self) -> i64 {
        i64::try_from(self.events.len()).unwrap_or(i64::MAX)
    }

    pub(crate) fn get(&self, event_id: i64) -> Option<&HistoryEvent> {
        self.events.get(usize::try_from(event_id).ok()?.checked_sub(1)?)
    }

    pub(crate) fn all(&self) -> &[HistoryEvent] {
        &self.events
    }

    pub(crate) fn first(&self) -> Option<&HistoryEvent> {
        self.events.first()
    }

    pub(crate) fn last(&self) -> Option<&HistoryEvent> {
        self.events.last()
    }

    /// The events from one number to before another.
    pub(crate) fn range(&self, from: i64, before: i64) -> &[HistoryEvent] {
        let from = usize::try_from(from.saturating_sub(1))
            .unwrap_or(0)
            .min(self.events.len());
        let before = usize::try_from(before.saturating_sub(1))
            .unwrap_or(0)
            .clamp(from, self.events.len());
        self.events.get(from..before).unwrap_or_default()
    }
}

/// The number of the event after this one.
pub(crate) fn after(event_id: i64) -> i64 {
    event_id.saturating_add(1)
}

/// The number of the event before this one.
pub(crate) fn before(event_id: i64) -> i64 {
    event_id.saturating_sub(1)
}

/// An event that a worker sees but that is not (or not yet) part of history.
pub(crate) fn unrecorded<E: Event>(event_id: i64, time: Time, attributes: E) -> HistoryEvent {
    HistoryEvent {
        event_id,
        event_time: time.wire(),
        event_type: EventType::into(E::TYPE),
        attributes: Some(attributes.attributes()),
        ..HistoryEvent::default()
    }
}
