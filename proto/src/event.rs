//! Events on the wire. What is done to them elsewhere, too, is compiled here once: an event has sixty kinds of attributes, and
//! generic code is compiled anew for each, in each crate that calls it.

use crate::history::{History, HistoryEvent};
use prost::{DecodeError, Message};

impl History {
    /// Reads a history, or a part of one. As [`Message::decode`].
    ///
    /// ```
    /// use steadfast_proto::{history::{History, HistoryEvent}, prost::Message};
    ///
    /// let history = History { events: vec![HistoryEvent { event_id: 1, ..HistoryEvent::default() }] };
    /// assert_eq!(History::from_wire(&history.encode_to_vec()), Ok(history));
    /// assert!(History::from_wire(b"no history").is_err());
    /// ```
    ///
    /// # Errors
    /// These are not the bytes of a history.
    pub fn from_wire(wire: &[u8]) -> Result<Self, DecodeError> {
        Self::decode(wire)
    }
}

impl HistoryEvent {
    /// How many bytes it takes on the wire. As [`Message::encoded_len`].
    #[must_use]
    pub fn wire_len(&self) -> usize {
        self.encoded_len()
    }
}
