//! A run's history: events that only ever grow in number, counted from one without gaps.

use super::{event::Event, time::Time};
use bytes::Bytes;
use std::cell::OnceCell;
use steadfast_proto::{
    enums::EventType,
    history::HistoryEvent,
    prost::Message,
    sdk::{EventGroupMarker, UserMetadata},
};

/// The events of a run.
#[derive(Debug, Default)]
pub(crate) struct History {
    /// Empty while they are packed.
    plain: Vec<HistoryEvent>,
    packed: Option<Packed>,
    bytes: usize,
}

/// The events of a run that has ended, as they are on the wire: that takes a fraction of the room.
#[derive(Debug)]
struct Packed {
    /// Each has its length before it.
    encoded: Bytes,
    len: usize,
    /// All of them, from when somebody looks at one until they are packed again.
    seen: OnceCell<Vec<HistoryEvent>>,
}

/// The bytes that the length of an event takes at most.
const LENGTH_BYTES_MAX: usize = 10;

impl Packed {
    fn new(events: &[HistoryEvent], bytes: usize) -> Self {
        let room = events.len().saturating_mul(LENGTH_BYTES_MAX).saturating_add(bytes);
        let mut encoded = Vec::with_capacity(room);
        let written = events
            .iter()
            .filter(|event| event.encode_length_delimited(&mut encoded).is_ok());
        let len = written.count();
        Self {
            encoded: Bytes::copy_from_slice(&encoded),
            len,
            seen: OnceCell::new(),
        }
    }

    fn read(&self) -> Vec<HistoryEvent> {
        let mut rest = self.encoded.clone();
        let events = (0..self.len).map_while(|_| HistoryEvent::decode_length_delimited(&mut rest).ok());
        events.collect()
    }
}

impl History {
    /// Keeps the events in as little room as there is: the run has ended, and hardly anybody will look at them.
    pub(crate) fn pack(&mut self) {
        match &mut self.packed {
            Some(packed) => drop(packed.seen.take()),
            None => self.packed = Some(Packed::new(&std::mem::take(&mut self.plain), self.bytes)),
        }
    }

    fn unpack(&mut self) {
        if let Some(mut packed) = self.packed.take() {
            self.plain = packed.seen.take().unwrap_or_else(|| packed.read());
        }
    }

    /// Numbers an event and keeps it.
    pub(crate) fn push(&mut self, mut event: HistoryEvent) -> i64 {
        let id = self.next_event_id();
        event.event_id = id;
        self.bytes = self.bytes.saturating_add(event.encoded_len());
        self.unpack();
        self.plain.push(event);
        id
    }

    /// Adds what a command says besides what it does to the event that it made.
    pub(crate) fn annotate(&mut self, event_id: i64, metadata: Option<UserMetadata>, markers: Vec<EventGroupMarker>) {
        if metadata.is_none() && markers.is_empty() {
            return;
        }
        self.unpack();
        let at = usize::try_from(event_id).ok().and_then(|id| id.checked_sub(1));
        if let Some(event) = at.and_then(|at| self.plain.get_mut(at)) {
            let before = event.encoded_len();
            event.user_metadata = metadata.map(Box::new);
            event.event_group_markers = markers;
            self.bytes = self.bytes.saturating_add(event.encoded_len()).saturating_sub(before);
        }
    }

    pub(crate) fn next_event_id(&self) -> i64 {
        after(self.wire_len())
    }

    pub(crate) fn len(&self) -> usize {
        self.packed.as_ref().map_or(self.plain.len(), |packed| packed.len)
    }

    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(crate) fn wire_bytes(&self) -> i64 {
        i64::try_from(self.bytes).unwrap_or(i64::MAX)
    }

    pub(crate) fn wire_len(&self) -> i64 {
        i64::try_from(self.len()).unwrap_or(i64::MAX)
    }

    pub(crate) fn get(&self, event_id: i64) -> Option<&HistoryEvent> {
        self.all().get(usize::try_from(event_id).ok()?.checked_sub(1)?)
    }

    pub(crate) fn all(&self) -> &[HistoryEvent] {
        match &self.packed {
            None => &self.plain,
            Some(packed) => packed.seen.get_or_init(|| packed.read()),
        }
    }

    pub(crate) fn first(&self) -> Option<&HistoryEvent> {
        self.all().first()
    }

    pub(crate) fn last(&self) -> Option<&HistoryEvent> {
        self.all().last()
    }

    /// The events from one number to before another.
    pub(crate) fn range(&self, from: i64, before: i64) -> &[HistoryEvent] {
        let events = self.all();
        let from = usize::try_from(from.saturating_sub(1)).unwrap_or(0).min(events.len());
        let before = usize::try_from(before.saturating_sub(1))
            .unwrap_or(0)
            .clamp(from, events.len());
        events.get(from..before).unwrap_or_default()
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

#[cfg(test)]
mod tests {
    use super::*;
    use steadfast_proto::{
        common::{Payload, Payloads},
        history::MarkerRecordedEventAttributes,
    };

    fn history(events: usize) -> History {
        let mut history = History::default();
        for number in 0..events {
            let payloads = vec![Payload::encoded("json/plain", number.to_string())];
            let marker = MarkerRecordedEventAttributes {
                marker_name: format!("marker {number}"),
                details: [("answer".to_owned(), Payloads { payloads })].into(),
                ..Default::default()
            };
            history.push(unrecorded(0, Time::default(), marker));
        }
        history
    }

    #[test]
    fn a_packed_history_reads_as_it_was() {
        let (plain, mut packed) = (history(20), history(20));
        packed.pack();
        assert!(packed.plain.is_empty());
        assert_eq!((packed.len(), packed.bytes()), (plain.len(), plain.bytes()));
        assert_eq!(packed.all(), plain.all());
        assert_eq!((packed.get(7), packed.last()), (plain.get(7), plain.last()));
        assert_eq!(packed.range(3, 9), plain.range(3, 9));
    }

    #[test]
    fn what_was_read_of_a_packed_history_is_let_go_when_it_is_packed_again() {
        let mut history = history(20);
        history.pack();
        assert_eq!(history.all().len(), 20);
        history.pack();
        assert!(history.packed.is_some_and(|packed| packed.seen.get().is_none()));
    }

    #[test]
    fn a_packed_history_goes_on() {
        let mut history = history(20);
        history.pack();
        assert_eq!(history.push(HistoryEvent::default()), 21);
        history.annotate(20, Some(UserMetadata::default()), Vec::new());
        assert!(history.get(20).is_some_and(|event| event.user_metadata.is_some()));
        assert_eq!(history.len(), 21);
    }
}
