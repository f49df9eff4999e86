//! Payloads and `Any`: the messages whose JSON has to be looked at ahead.
//!
//! The HTTP API, and the command line in most of its output, write a payload of `json/plain` as the value itself, one
//! of `json/protobuf` as the message with its type, and a list of payloads as an array. Anything that isn't a payload
//! as an object is taken as that shorthand.

use super::{
    error::JsonErrorKind,
    path::Step,
    read::Reader,
    scan::Scanner,
    table::MessageType,
    wire::{close, push_key},
};
use crate::{common::Payload, payload::ENCODING};
use prost::Message as _;
use std::borrow::Cow;

/// The member of a shorthand that names the message.
const MESSAGE_TYPE: &str = "_protoMessageType";
/// The metadata that names the message.
const MESSAGE_TYPE_KEY: &str = "messageType";

type Outcome = Result<(), JsonErrorKind>;

impl<'a> Reader<'a> {
    /// A history: an object, a bare array of its events, or what the HTTP API wraps around it.
    pub(super) fn history(&mut self, message: &'static MessageType) -> Outcome {
        if self.scanner.peek() == Some(b'[') {
            return match message.fields() {
                [events] => self.many(events),
                _ => Ok(()),
            };
        }
        let mut wrapped = self.scanner;
        let is_wrapped = match first_member(&self.scanner).as_deref() {
            // As nearly all have it: not worth a look at the whole.
            Some("events") | None => false,
            _ => matches!(go_to_member(&mut wrapped, "history"), Ok(true)) && wrapped.peek() == Some(b'{'),
        };
        if !is_wrapped {
            return self.object(message);
        }
        // The page token beside it is of no use here; that the rest is JSON is checked all the same.
        self.scanner.skip()?;
        let after = std::mem::replace(&mut self.scanner, wrapped);
        self.path.push(Step::Member("history"));
        self.object(message)?;
        self.path.pop();
        self.scanner = after;
        Ok(())
    }

    /// A payload, or the shorthand of one.
    pub(super) fn payload(&mut self, message: &'static MessageType) -> Outcome {
        if self.names_encoding() {
            return self.object(message);
        }
        if self.scanner.peek() == Some(b'{') && self.attempt(|reader| reader.object(message)) {
            return Ok(());
        }
        let payload = match self.scanner.skip()? {
            "null" => Payload::encoded("binary/null", ""),
            shorthand => match message_payload(shorthand) {
                Some(payload) => payload,
                None => Payload::encoded("json/plain", shorthand.to_owned()),
            },
        };
        payload.encode(&mut self.wire).map_err(|error| JsonErrorKind::Wire {
            reason: error.to_string(),
        })
    }

    /// Payloads, or the shorthand of them.
    pub(super) fn payloads(&mut self, message: &'static MessageType) -> Outcome {
        match (self.scanner.peek(), message.fields()) {
            (Some(b'['), [payloads]) => self.many(payloads),
            _ => self.object(message),
        }
    }

    /// The message within, as an object that has its type beside its fields.
    pub(super) fn any(&mut self, any: &'static MessageType) -> Outcome {
        let mut ahead = self.scanner;
        let name = match ahead.peek() {
            Some(b'{') if go_to_member(&mut ahead, "@type")? => ahead.string()?,
            Some(b'{') => Cow::Borrowed(""),
            _ => return Err(self.not(self.scanner.at, "an object with an @type")),
        };
        let Some(message) = type_of(&name) else {
            return Err(JsonErrorKind::UnknownType {
                name: name.into_owned(),
            });
        };
        let [url, value] = any.fields() else {
            return Ok(());
        };
        push_key(&mut self.wire, url.number(), url.kind);
        self.push_bytes(name.as_bytes());
        push_key(&mut self.wire, value.number(), value.kind);
        let start = self.wire.len();
        match message.form.is_object() {
            true => self.object(message)?,
            false => {
                let mut after = self.scanner;
                after.skip()?;
                if !go_to_member(&mut self.scanner, "value")? {
                    return Err(self.not(self.scanner.at, "a member named value"));
                }
                self.message(message)?;
                self.scanner = after;
            }
        }
        close(&mut self.wire, start);
        Ok(())
    }

    /// Whether a payload's object comes that has an encoding among its metadata, so that it is no shorthand and what is
    /// wrong with it is an error.
    fn names_encoding(&self) -> bool {
        let mut ahead = self.scanner;
        matches!(go_to_member(&mut ahead, "metadata"), Ok(true))
            && matches!(go_to_member(&mut ahead, ENCODING), Ok(true))
            && ahead.peek() == Some(b'"')
    }
}

/// The message that an `@type` names: by a URL, of which the last part counts, or by its bare name.
pub(super) fn type_of(name: &str) -> Option<&'static MessageType> {
    MessageType::named(name.rsplit('/').next().unwrap_or_default())
}

/// The payload of a shorthand that says which message it is.
fn message_payload(shorthand: &str) -> Option<Payload> {
    let mut members = Scanner::new(shorthand);
    let (mut data, mut message_type) = (String::from("{"), None);
    let mut is_first = true;
    if !members.take(b'{') {
        return None;
    }
    while members.next_item(&mut is_first, b'}').ok()? {
        let mut value = members;
        if value.name().ok()? == MESSAGE_TYPE && value.peek() == Some(b'"') {
            message_type = Some(value.string().ok()?.into_owned());
            members = value;
            continue;
        }
        if data.len() > 1 {
            data.push(',');
        }
        data.push_str(members.skip().ok()?);
        data.push(':');
        members = value;
        data.push_str(members.skip().ok()?);
    }
    data.push('}');
    let mut payload = Payload::encoded("json/protobuf", data);
    payload
        .metadata
        .insert(MESSAGE_TYPE_KEY, message_type.filter(|name| !name.is_empty())?.into());
    Some(payload)
}

/// The name of an object's first member; `None` if it isn't an object that has one.
fn first_member<'a>(scanner: &Scanner<'a>) -> Option<Cow<'a, str>> {
    let mut ahead = *scanner;
    if ahead.take(b'{') { ahead.name().ok() } else { None }
}

/// Goes to the value of an object's member; says whether there is one.
fn go_to_member(scanner: &mut Scanner<'_>, name: &str) -> Result<bool, JsonErrorKind> {
    let mut is_first = true;
    if !scanner.take(b'{') {
        return Ok(false);
    }
    while scanner.next_item(&mut is_first, b'}')? {
        if scanner.name()? == name {
            return Ok(true);
        }
        scanner.skip()?;
    }
    Ok(false)
}
