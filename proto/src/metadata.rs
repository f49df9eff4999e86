//! What a payload says of its data.

use bytes::{Buf, BufMut, Bytes};
use prost::{
    DecodeError, Message,
    encoding::{self, DecodeContext, WireType, encoded_len_varint},
};
use std::{borrow::Cow, fmt};

/// What a payload says of its data, by name: most often its encoding and nothing else, which takes no memory of its own.
///
/// ```
/// use steadfast_proto::common::Payload;
///
/// let mut payload = Payload::encoded("json/plain", "[]");
/// payload.metadata.insert("type", "KeywordList".into());
/// assert_eq!(payload.metadata.get("type").unwrap(), "KeywordList");
/// assert_eq!(payload.metadata.len(), 2);
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Metadata {
    /// That of the least name.
    first: Option<Entry>,
    /// All others, by name.
    rest: Vec<Entry>,
}

type Name = Cow<'static, str>;
type Entry = (Name, Bytes);

impl Metadata {
    /// What is said under a name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Bytes> {
        self.iter().find_map(|(known, value)| (known == name).then_some(value))
    }

    /// Whether anything is said under a name.
    #[must_use]
    pub fn contains_key(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// Says something under a name; gives what was said before.
    pub fn insert(&mut self, name: impl Into<Cow<'static, str>>, value: Bytes) -> Option<Bytes> {
        let name = name.into();
        let Some(first) = &mut self.first else {
            self.first = Some((name, value));
            return None;
        };
        if first.0 == name {
            return Some(std::mem::replace(&mut first.1, value));
        }
        if name < first.0 {
            let second = std::mem::replace(first, (name, value));
            self.rest.insert(0, second);
            return None;
        }
        match self.rest.binary_search_by(|(known, _)| known.cmp(&name)) {
            Ok(at) => self.rest.get_mut(at).map(|(_, known)| std::mem::replace(known, value)),
            Err(at) => {
                self.rest.insert(at, (name, value));
                None
            }
        }
    }

    /// Says nothing under a name any more; gives what was said.
    pub fn remove(&mut self, name: &str) -> Option<Bytes> {
        if self.first.as_ref().is_some_and(|(known, _)| known == name) {
            let next = (!self.rest.is_empty()).then(|| self.rest.remove(0));
            return std::mem::replace(&mut self.first, next).map(|(_, value)| value);
        }
        let at = self.rest.iter().position(|(known, _)| known == name)?;
        Some(self.rest.remove(at).1)
    }

    /// Says nothing any more.
    pub fn clear(&mut self) {
        self.first = None;
        self.rest.clear();
    }

    /// How many names something is said under.
    #[must_use]
    pub fn len(&self) -> usize {
        usize::from(self.first.is_some()).saturating_add(self.rest.len())
    }

    /// Whether nothing is said.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.first.is_none()
    }

    /// All names and what is said under them, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Bytes)> {
        let entries = self.first.iter().chain(&self.rest);
        entries.map(|(name, value)| (&**name, value))
    }

    pub(crate) fn encode(&self, tag: u32, buffer: &mut impl BufMut) {
        for (name, value) in self.iter() {
            encoding::encode_key(tag, WireType::LengthDelimited, buffer);
            let bytes = field_len(name.as_bytes()).saturating_add(field_len(value));
            encoding::encode_varint(to_u64(bytes), buffer);
            for (tag, text) in [(1, name.as_bytes()), (2, &**value)] {
                if !text.is_empty() {
                    encoding::encode_key(tag, WireType::LengthDelimited, buffer);
                    encoding::encode_varint(to_u64(text.len()), buffer);
                    buffer.put_slice(text);
                }
            }
        }
    }

    pub(crate) fn encoded_len(&self, tag: u32) -> usize {
        let lengths = self.iter().map(|(name, value)| {
            let bytes = field_len(name.as_bytes()).saturating_add(field_len(value));
            let before = encoding::key_len(tag).saturating_add(encoded_len_varint(to_u64(bytes)));
            before.saturating_add(bytes)
        });
        lengths.fold(0, usize::saturating_add)
    }

    /// Reads one entry.
    pub(crate) fn merge(
        &mut self,
        wire_type: WireType,
        buffer: &mut impl Buf,
        context: DecodeContext,
    ) -> Result<(), DecodeError> {
        let mut entry = WireEntry::default();
        encoding::message::merge(wire_type, &mut entry, buffer, context)?;
        match entry.name.as_str() {
            crate::payload::ENCODING => self.insert(crate::payload::ENCODING, entry.value),
            _ => self.insert(entry.name, entry.value),
        };
        Ok(())
    }
}

/// An entry of a map on the wire.
#[derive(Clone, PartialEq, Message)]
struct WireEntry {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(bytes = "bytes", tag = "2")]
    value: Bytes,
}

/// The bytes of a field with a number that takes one byte; empty ones are left out.
fn field_len(text: &[u8]) -> usize {
    if text.is_empty() {
        return 0;
    }
    encoded_len_varint(to_u64(text.len()))
        .saturating_add(text.len())
        .saturating_add(1)
}

fn to_u64(bytes: usize) -> u64 {
    u64::try_from(bytes).unwrap_or(u64::MAX)
}

impl fmt::Debug for Metadata {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

impl<N: Into<Cow<'static, str>>, V: Into<Bytes>> Extend<(N, V)> for Metadata {
    fn extend<I: IntoIterator<Item = (N, V)>>(&mut self, entries: I) {
        for (name, value) in entries {
            self.insert(name, value.into());
        }
    }
}

impl<N: Into<Cow<'static, str>>, V: Into<Bytes>> FromIterator<(N, V)> for Metadata {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(entries: I) -> Self {
        let mut metadata = Self::default();
        metadata.extend(entries);
        metadata
    }
}

impl<N: Into<Cow<'static, str>>, V: Into<Bytes>, const COUNT: usize> From<[(N, V); COUNT]> for Metadata {
    fn from(entries: [(N, V); COUNT]) -> Self {
        entries.into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::common::Payload;
    use std::collections::BTreeMap;

    /// A payload as the generated code would have it.
    #[derive(Clone, PartialEq, Message)]
    struct Plain {
        #[prost(btree_map = "string, bytes", tag = "1")]
        metadata: BTreeMap<String, Bytes>,
        #[prost(bytes = "bytes", tag = "2")]
        data: Bytes,
    }

    fn names(metadata: &Metadata) -> Vec<&str> {
        metadata.iter().map(|(name, _)| name).collect()
    }

    #[test]
    fn names_are_in_order_and_said_once() {
        for order in [["a", "b", "c"], ["c", "b", "a"], ["b", "c", "a"], ["b", "a", "c"]] {
            let mut metadata: Metadata = order.map(|name| (name, "before")).into();
            for name in order {
                assert_eq!(metadata.insert(name, name.into()), Some("before".into()));
            }
            assert_eq!(names(&metadata), ["a", "b", "c"]);
            assert!(metadata.iter().all(|(name, value)| name == value));
            assert_eq!(metadata, Metadata::from([("a", "a"), ("b", "b"), ("c", "c")]));
        }
    }

    #[test]
    fn what_is_removed_is_gone() {
        for name in ["a", "b", "c"] {
            let mut metadata = Metadata::from([("a", "1"), ("b", "2"), ("c", "3")]);
            assert!(metadata.remove(name).is_some());
            assert_eq!((metadata.remove(name), metadata.len()), (None, 2));
            assert!(!metadata.contains_key(name));
        }
        let mut metadata = Metadata::from([("a", "1")]);
        assert_eq!(metadata.remove("a"), Some("1".into()));
        assert!(metadata.is_empty());
    }

    #[test]
    fn it_is_on_the_wire_what_a_map_is() {
        let long = "x".repeat(1_000);
        for entries in [
            vec![],
            vec![("encoding", "json/plain")],
            vec![
                ("encoding", "binary/plain"),
                ("messageType", long.as_str()),
                ("", "nameless"),
            ],
            vec![("empty", "")],
        ] {
            let payload = Payload {
                metadata: entries.iter().map(|(n, v)| (n.to_string(), v.to_string())).collect(),
                data: "data".into(),
                ..Payload::default()
            };
            let plain = Plain {
                metadata: entries
                    .iter()
                    .map(|(n, v)| (n.to_string(), v.to_string().into()))
                    .collect(),
                data: "data".into(),
            };
            assert_eq!(payload.encode_to_vec(), plain.encode_to_vec());
            assert_eq!(payload.encoded_len(), plain.encoded_len());
            assert_eq!(Payload::decode(&*plain.encode_to_vec()), Ok(payload));
        }
    }

    #[test]
    fn of_two_entries_with_one_name_the_later_counts() {
        let mut bytes = Payload::encoded("json/plain", "1").encode_to_vec();
        bytes.extend(Payload::encoded("binary/null", "").encode_to_vec());
        assert_eq!(Payload::decode(&*bytes).unwrap().encoding(), b"binary/null");
    }

    #[test]
    fn what_is_no_entry_is_refused() {
        assert!(Payload::decode(&[0x08, 1][..]).is_err());
        assert!(Payload::decode(&[0x0a, 2, 0x0a, 9][..]).is_err());
    }
}
