//! What can be wrong with JSON, and where.

use std::fmt;

/// The JSON of a message could not be read or written.
#[derive(Clone, Debug, PartialEq)]
pub struct JsonError {
    path: String,
    position: Option<(usize, usize)>,
    kind: Box<JsonErrorKind>,
}

/// What was wrong.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum JsonErrorKind {
    /// The text isn't JSON.
    Syntax {
        /// What could stand there.
        expected: &'static str,
        /// What stands there.
        found: String,
    },
    /// The text isn't UTF-8.
    NotUtf8,
    /// JSON, but not of this field's type.
    Type {
        /// What the field takes.
        expected: String,
        /// The beginning of what came.
        found: String,
    },
    /// No value of the enum has this name.
    EnumValue {
        /// The enum's full name.
        enumeration: &'static str,
        /// The name that came.
        found: String,
    },
    /// A field is there twice, perhaps in both spellings.
    Twice {
        /// The field.
        field: &'static str,
    },
    /// Two fields are there of which a message can have one.
    Oneof {
        /// The oneof.
        oneof: &'static str,
        /// The second field.
        field: &'static str,
    },
    /// `@type` names no message of the API, or an `Any` has no `@type`.
    UnknownType {
        /// The type's URL or name, empty if there was none.
        name: String,
    },
    /// Messages within messages, deeper than the wire allows.
    TooDeep {
        /// The depth that the wire allows.
        limit: usize,
    },
    /// A value that JSON has no form for, such as a time after the year 9999.
    Unwritable {
        /// What JSON can say.
        expected: &'static str,
        /// What the message has.
        found: String,
    },
    /// Bytes that aren't the message they should be.
    Wire {
        /// What went wrong.
        reason: String,
    },
}

impl JsonError {
    pub(super) fn new(path: String, position: Option<(usize, usize)>, kind: JsonErrorKind) -> Self {
        Self {
            path,
            position,
            kind: Box::new(kind),
        }
    }

    /// Where: `events[3].workflowTaskFailedEventAttributes.cause`, empty for the whole.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Line and column in the text, from 1; `None` if it happened in writing.
    #[must_use]
    pub fn position(&self) -> Option<(usize, usize)> {
        self.position
    }

    /// What was wrong.
    #[must_use]
    pub fn kind(&self) -> &JsonErrorKind {
        &self.kind
    }
}

impl fmt::Display for JsonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        fmt::Display::fmt(&self.kind, f)?;
        match self.position {
            Some((line, column)) => write!(f, " (line {line}, column {column})"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for JsonErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Syntax { expected, found } => write!(f, "not JSON: expected {expected}, found {found}"),
            Self::NotUtf8 => write!(f, "not JSON: expected UTF-8 text"),
            Self::Type { expected, found } => write!(f, "expected {expected}, found {found}"),
            Self::EnumValue { enumeration, found } => write!(
                f,
                "expected a value of {enumeration} by name or number, found {found}; if a newer server wrote it, use a newer version of this crate"
            ),
            Self::Twice { field } => write!(f, "expected the field {field} once, found it twice"),
            Self::Oneof { oneof, field } => {
                write!(
                    f,
                    "expected one field of the oneof {oneof}, found {field} as the second"
                )
            }
            Self::UnknownType { name } if name.is_empty() => {
                write!(
                    f,
                    "expected an object whose @type names a message of the Temporal API, found no @type"
                )
            }
            Self::UnknownType { name } => {
                write!(
                    f,
                    "expected the name of a message of the Temporal API, found \"{name}\""
                )
            }
            Self::TooDeep { limit } => write!(f, "expected at most {limit} messages within each other, found more"),
            Self::Unwritable { expected, found } => write!(f, "expected {expected}, which JSON can say, found {found}"),
            Self::Wire { reason } => write!(f, "the bytes are not the message they should be: {reason}"),
        }
    }
}

impl std::error::Error for JsonError {}
