//! The JSON of messages: what `temporal workflow show --output json`, the Web UI's download, the HTTP API and the
//! other SDKs write, and what they read.
//!
//! ```
//! use steadfast_proto::json;
//!
//! let history = json::history_from_json(br#"{"events": [{"eventId": "1", "eventType": "WorkflowExecutionStarted"}]}"#)?;
//! assert_eq!(history.events[0].event_id, 1);
//! assert_eq!(
//!     json::to_json_line(&history)?,
//!     r#"{"events":[{"eventId":"1","eventType":"EVENT_TYPE_WORKFLOW_EXECUTION_STARTED"}]}"#
//! );
//! # Ok::<(), json::JsonError>(())
//! ```
//!
//! What is written is the [canonical JSON of proto3](https://protobuf.dev/programming-guides/json/). What is read is all
//! that, and what tools wrote over the years:
//!
//! - fields in both spellings (`eventId`, `event_id`);
//! - enum values by name, by the name without the enum's own (`TIMER_FIRED`, `TimerFired`), or by number;
//! - whole numbers in quotes or bare, bytes in both alphabets of base64, with or without padding;
//! - payloads in the shorthand of the HTTP API: the value itself, and a list of payloads as an array. An object counts
//!   as a payload, not as shorthand, if its metadata name an encoding, or if its members are no others than a
//!   payload's and of their types; so `{}` is the empty payload;
//! - a history as an object, as a bare array of events, or within `{"history": ...}` as the HTTP API gives it.
//!
//! Fields that this version doesn't know, as a newer server may write them, are passed over; [`parse`] and
//! [`parse_history`] tell which.
//!
//! # How
//!
//! A table of all messages, generated from the same `.proto` text as the types, says what each field is called on the
//! wire and in JSON; the text is read token by token straight into the bytes of the wire, and those are decoded into the
//! type. So the types need no second set of generated trait implementations (`pbjson-build` for the whole API takes
//! about a minute of compile time, the table about half a second), and every error knows its path. A reflection library
//! (`prost-reflect`) would bring a copy of each message as a map of values and several crates, and take neither the
//! short names of enum values nor the shorthand of payloads. The scanner is our own because numbers and shorthands have
//! to keep their spelling and `Any` has to be read twice; tests hold it against `serde_json`.

mod error;
mod path;
mod payload;
mod read;
mod scalar;
mod scan;
mod table;
#[cfg(test)]
mod tests;
mod wire;
mod write;

pub use error::{JsonError, JsonErrorKind};

use crate::{history::History, prost};
use read::Read;
use table::MessageType;
use write::Layout;

/// A message that was read, and what of the JSON isn't in it.
#[derive(Clone, Debug, PartialEq)]
pub struct Parsed<M> {
    /// The message.
    pub message: M,
    /// The paths of fields that this version doesn't know: `events[0].someNewField`.
    pub unknown_fields: Vec<String>,
}

/// Reads a history.
///
/// # Errors
///
/// If it isn't JSON, or not that of a history.
pub fn history_from_json(json: &[u8]) -> Result<History, JsonError> {
    from_json(json)
}

/// Reads a history and tells which fields are unknown.
///
/// # Errors
///
/// As [`history_from_json`].
pub fn parse_history(json: &[u8]) -> Result<Parsed<History>, JsonError> {
    parse(json)
}

/// Writes a history, indented as `temporal workflow show --output json` has it.
///
/// # Errors
///
/// If it has what JSON can't say, such as a time after the year 9999, or failures nested deeper than can be read again.
pub fn history_to_json(history: &History) -> Result<String, JsonError> {
    to_json(history)
}

/// Reads any message of the API.
///
/// # Errors
///
/// If it isn't JSON, or not that of such a message.
pub fn from_json<M: prost::Message + prost::Name + Default>(json: &[u8]) -> Result<M, JsonError> {
    Ok(parse(json)?.message)
}

/// Reads any message of the API and tells which fields are unknown.
///
/// # Errors
///
/// As [`from_json`].
pub fn parse<M: prost::Message + prost::Name + Default>(json: &[u8]) -> Result<Parsed<M>, JsonError> {
    let Read { wire, unknown } = read::read(json, message_type::<M>()?)?;
    match M::decode(&*wire) {
        Ok(message) => Ok(Parsed {
            message,
            unknown_fields: unknown,
        }),
        Err(error) => Err(JsonError::new(
            String::new(),
            None,
            JsonErrorKind::Wire {
                reason: error.to_string(),
            },
        )),
    }
}

/// Writes any message of the API, indented.
///
/// # Errors
///
/// If it has what JSON can't say.
pub fn to_json<M: prost::Message + prost::Name>(message: &M) -> Result<String, JsonError> {
    write::write(&message.encode_to_vec(), message_type::<M>()?, Layout::Indented)
}

/// Writes any message of the API in one line.
///
/// # Errors
///
/// As [`to_json`].
pub fn to_json_line<M: prost::Message + prost::Name>(message: &M) -> Result<String, JsonError> {
    write::write(&message.encode_to_vec(), message_type::<M>()?, Layout::OneLine)
}

fn message_type<M: prost::Name>() -> Result<&'static MessageType, JsonError> {
    let name = M::full_name();
    MessageType::named(&name).ok_or_else(|| JsonError::new(String::new(), None, JsonErrorKind::UnknownType { name }))
}
