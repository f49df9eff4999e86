//! What can be wrong with a payload.

use super::CodecError;
use std::{error::Error, fmt};

/// A value that could not be turned into a payload.
///
/// ```
/// use std::collections::BTreeMap;
/// use steadfast::convert::Converter;
///
/// let unprintable = BTreeMap::from([((1, 2), "JSON's keys are strings")]);
/// let error = Converter::default().encode(&unprintable).unwrap_err();
/// assert!(error.to_string().contains("key must be a string"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EncodeError(Box<Problem>);

/// A payload that could not be turned into the expected type.
///
/// ```
/// use steadfast::convert::Converter;
///
/// let converter = Converter::default();
/// let text = converter.encode(&"seven".to_owned())?;
/// let error = converter.decode::<u32>(Some(&text)).unwrap_err();
/// assert!(error.to_string().starts_with("a json/plain payload is not a `u32`: invalid type: string"));
/// # Ok::<(), steadfast::convert::EncodeError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecodeError(Box<Problem>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Problem {
    text: String,
    position: Option<Position>,
}

/// Which argument of how many, counted from one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Position {
    number: usize,
    of: usize,
}

impl Problem {
    fn new(text: String) -> Box<Self> {
        Box::new(Self { text, position: None })
    }
}

impl EncodeError {
    pub(crate) fn new(type_name: &str, reason: &dyn fmt::Display) -> Self {
        Self(Problem::new(format!("`{type_name}` cannot be encoded: {reason}")))
    }

    /// A codec cannot encode what would be sent.
    pub(crate) fn codec(error: &CodecError) -> Self {
        Self(Problem::new(error.to_string()))
    }

    pub(crate) fn at(mut self, number: usize, of: usize) -> Self {
        self.0.position = Some(Position { number, of });
        self
    }
}

impl DecodeError {
    /// A codec cannot decode what came.
    pub(crate) fn codec(error: &CodecError) -> Self {
        Self(Problem::new(error.to_string()))
    }

    pub(crate) fn missing(type_name: &str) -> Self {
        Self(Problem::new(format!(
            "missing; expected a `{type_name}` (send it, or make the parameter an `Option`)"
        )))
    }

    pub(crate) fn invalid(encoding: &str, type_name: &str, reason: &dyn fmt::Display) -> Self {
        Self(Problem::new(format!(
            "a {encoding} payload is not a `{type_name}`: {reason}"
        )))
    }

    pub(crate) fn unknown_encoding(encoding: &[u8], type_name: &str, expected: &str, codecs: Option<&str>) -> Self {
        let encoding = String::from_utf8_lossy(encoding);
        let set_up = match codecs {
            None => "does the sender use a codec, for encryption say? none is set up here".to_owned(),
            Some(codecs) => format!("set up here is {codecs}, which left it as it came"),
        };
        Self(Problem::new(format!(
            "unknown encoding \"{encoding}\", expected a `{type_name}` as {expected} ({set_up})"
        )))
    }

    pub(crate) fn at(mut self, number: usize, of: usize) -> Self {
        self.0.position = Some(Position { number, of });
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(Position { number, of }) = self.position {
            write!(f, "argument {number} of {of}: ")?;
        }
        f.write_str(&self.text)
    }
}

impl fmt::Display for EncodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Error for EncodeError {}
impl Error for DecodeError {}
