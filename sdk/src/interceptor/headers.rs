//! Values that travel beside a call's arguments.

use crate::convert::{Converter, Data, DecodeError, EncodeError};
use serde::Serialize;
use std::collections::BTreeMap;
use steadfast_proto::common::{Header, Payload};

/// Values that travel beside the arguments of a start, a message or an activity, for code that is not the workflow's own: who
/// asks, on whose behalf, within which trace.
///
/// Values are written as JSON whatever the client's converter, as other SDKs write them.
///
/// ```
/// use steadfast::interceptor::Headers;
///
/// let mut headers = Headers::default();
/// headers.set("tenant", &"acme")?;
/// assert_eq!(headers.get::<String>("tenant")?.as_deref(), Some("acme"));
/// assert_eq!(headers.get::<String>("user")?, None);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Headers(BTreeMap<String, Payload>);

impl Headers {
    /// The value of a name, `None` if there is none.
    ///
    /// # Errors
    /// It is no `T`.
    pub fn get<T: Data>(&self, name: &str) -> Result<Option<T>, DecodeError> {
        let decode = |payload| Converter::default().decode(Some(payload));
        self.0.get(name).map(decode).transpose()
    }

    /// Sets a value, in place of another of the name.
    ///
    /// # Errors
    /// It cannot be written as JSON.
    pub fn set<T: Serialize + 'static>(&mut self, name: impl Into<String>, value: &T) -> Result<(), EncodeError> {
        let payload = Converter::default().encode(value)?;
        self.0.insert(name.into(), payload);
        Ok(())
    }

    /// The value of a name as it came.
    #[must_use]
    pub fn payload(&self, name: &str) -> Option<&Payload> {
        self.0.get(name)
    }

    /// Sets a value as it is to go, in place of another of the name.
    pub fn set_payload(&mut self, name: impl Into<String>, payload: Payload) {
        self.0.insert(name.into(), payload);
    }

    /// Takes a value away.
    pub fn remove(&mut self, name: &str) -> Option<Payload> {
        self.0.remove(name)
    }

    /// Sets the value that `others` have for a name, if they have one: what a workflow was started with, on what it starts.
    pub fn copy_from(&mut self, others: &Self, name: &str) {
        if let Some(payload) = others.0.get(name) {
            self.0.insert(name.to_owned(), payload.clone());
        }
    }

    /// The names, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn of(header: Option<Header>) -> Self {
        Self(header.unwrap_or_default().fields)
    }

    /// No header at all if there is nothing in it.
    pub(crate) fn into_header(self) -> Option<Header> {
        (!self.0.is_empty()).then_some(Header { fields: self.0 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_payload_goes_as_it_is_in_place_of_another_of_the_name() {
        let mut headers = Headers::default();
        headers.set("tenant", &"acme").unwrap();
        let raw = Payload {
            data: b"7".as_slice().into(),
            ..headers.payload("tenant").unwrap().clone()
        };
        headers.set_payload("tenant", raw.clone());
        assert_eq!(headers.payload("tenant"), Some(&raw));
        assert_eq!(headers.get::<u32>("tenant").unwrap(), Some(7));
        assert_eq!(headers.remove("tenant"), Some(raw));
        assert_eq!(headers, Headers::default());
    }
}
