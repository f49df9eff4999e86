//! Messages that many have and nobody changes.

use bytes::{Buf, BufMut};
use prost::{
    DecodeError, Message,
    encoding::{DecodeContext, WireType},
};
use std::{
    ops::{Deref, DerefMut},
    sync::Arc,
};

/// A message that is copied by counting who has it. Who changes it has one of their own from then on.
///
/// ```
/// use steadfast_proto::{Shared, history::TimerFiredEventAttributes};
///
/// let first = Shared::new(TimerFiredEventAttributes { timer_id: "1".to_owned(), ..Default::default() });
/// let mut second = first.clone();
/// second.timer_id.push('2');
/// assert_eq!((first.timer_id.as_str(), second.timer_id.as_str()), ("1", "12"));
/// assert_eq!(second.into_inner().timer_id, "12");
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Shared<T>(Arc<T>);

impl<T: Clone> Shared<T> {
    /// A message that nobody else has yet.
    pub fn new(message: T) -> Self {
        Self(Arc::new(message))
    }

    /// The message itself; a copy of it if somebody else has it, too.
    #[must_use]
    pub fn into_inner(self) -> T {
        Arc::unwrap_or_clone(self.0)
    }
}

impl<T: Clone> From<T> for Shared<T> {
    fn from(message: T) -> Self {
        Self::new(message)
    }
}

impl<T> Deref for Shared<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: Clone> DerefMut for Shared<T> {
    fn deref_mut(&mut self) -> &mut T {
        Arc::make_mut(&mut self.0)
    }
}

impl<T: Message + Clone + Default> Message for Shared<T> {
    fn encode_raw(&self, buffer: &mut impl BufMut) {
        self.0.encode_raw(buffer);
    }

    fn merge_field(
        &mut self,
        tag: u32,
        wire_type: WireType,
        buffer: &mut impl Buf,
        context: DecodeContext,
    ) -> Result<(), DecodeError> {
        // What is being read nobody else has. Not by `make_mut`, which is as much code again for each type.
        if let Some(message) = Arc::get_mut(&mut self.0) {
            return message.merge_field(tag, wire_type, buffer, context);
        }
        let mut message = T::clone(&self.0);
        let merged = message.merge_field(tag, wire_type, buffer, context);
        self.0 = Arc::new(message);
        merged
    }

    fn encoded_len(&self) -> usize {
        self.0.encoded_len()
    }

    fn clear(&mut self) {
        self.0 = Arc::default();
    }
}
