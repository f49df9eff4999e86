//! Values as a filter writes them, and what they are for the column that they are compared with.

use super::filter::{Column, expression};
use crate::engine::{error::Result, search_value::SearchValue, time};
use std::fmt;
use steadfast_proto::enums::{IndexedValueType as Type, WorkflowExecutionStatus as Status};

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Literal {
    Text(String),
    Int(i64),
    Double(f64),
    Bool(bool),
}

impl fmt::Display for Literal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => write!(f, "{text:?} (type: string)"),
            Self::Int(number) => write!(f, "{number} (type: int64)"),
            Self::Double(number) => write!(f, "{number} (type: float64)"),
            Self::Bool(bool) => write!(f, "{bool} (type: bool)"),
        }
    }
}

impl Literal {
    pub(super) fn number(digits: &str, is_negative: bool) -> Result<Self> {
        let text = format!("{}{digits}", if is_negative { "-" } else { "" });
        if let Ok(number) = text.parse() {
            return Ok(Self::Int(number));
        }
        match text.parse::<f64>() {
            Ok(number) if digits.starts_with(|first: char| first.is_ascii_digit() || first == '.') => {
                Ok(Self::Double(number))
            }
            _ => Err(expression(format!("unable to parse value {text:?}"))),
        }
    }

    /// The value for a column of its type.
    pub(super) fn of(self, column: &Column) -> Result<SearchValue> {
        match column.name.as_str() {
            "ExecutionStatus" => return self.status(),
            "ExecutionDuration" => {
                if let Self::Text(text) = &self {
                    return duration(text).map(SearchValue::Int).ok_or_else(|| {
                        expression(format!(
                            "invalid duration value for search attribute {}: {text}",
                            column.name
                        ))
                    });
                }
            }
            _ => {}
        }
        match (column.kind, self) {
            (Type::Text | Type::Keyword | Type::KeywordList, Self::Text(text)) => Ok(SearchValue::Text(text)),
            (Type::Int | Type::Double, Self::Int(number)) => Ok(SearchValue::Int(number)),
            (Type::Int | Type::Double, Self::Double(number)) => Ok(SearchValue::Double(number)),
            (Type::Bool, Self::Bool(bool)) => Ok(SearchValue::Bool(bool)),
            (Type::Datetime, Self::Int(nanos)) => Ok(SearchValue::Moment(nanos)),
            (Type::Datetime, Self::Text(text)) => time::read_moment(&text)
                .map(SearchValue::Moment)
                .ok_or_else(|| expression(format!("unable to parse datetime '{text}'"))),
            (_, other) => Err(expression(format!(
                "invalid value type for search attribute {} of type {}: {other}",
                column.name,
                column.type_name()
            ))),
        }
    }

    /// A status by name or number: they compare by number.
    fn status(self) -> Result<SearchValue> {
        let bad = |shown: String| Err(expression(format!("invalid ExecutionStatus value {shown}")));
        match self {
            Self::Text(name) => match STATUSES.iter().find(|(known, _)| *known == name) {
                Some((_, status)) => Ok(SearchValue::Int(i64::from(*status as i32))),
                None => bad(format!("'{name}'")),
            },
            Self::Int(number) if STATUSES.iter().any(|(_, status)| i64::from(*status as i32) == number) => {
                Ok(SearchValue::Int(number))
            }
            Self::Int(number) => bad(number.to_string()),
            Self::Double(number) => bad(number.to_string()),
            Self::Bool(bool) => bad(bool.to_string()),
        }
    }
}

const STATUSES: [(&str, Status); 8] = [
    ("Running", Status::Running),
    ("Completed", Status::Completed),
    ("Failed", Status::Failed),
    ("Canceled", Status::Canceled),
    ("Terminated", Status::Terminated),
    ("ContinuedAsNew", Status::ContinuedAsNew),
    ("TimedOut", Status::TimedOut),
    ("Paused", Status::Paused),
];

pub(super) fn status_name(status: Status) -> &'static str {
    let known = STATUSES.iter().find(|(_, known)| *known == status);
    known.map_or("Unspecified", |(name, _)| name)
}

/// A duration in nanoseconds: `1h30m`, `2d`, `hh:mm:ss` or a number of nanoseconds.
fn duration(text: &str) -> Option<i64> {
    if let Ok(nanos) = text.parse() {
        return Some(nanos);
    }
    let (text, sign) = text.strip_prefix('-').map_or((text, 1), |text| (text, -1));
    let nanos = if text.contains(':') {
        let parts: Vec<&str> = text.split(':').collect();
        let [hours, minutes, seconds] = parts.as_slice() else {
            return None;
        };
        let number = |part: &str| part.parse::<u32>().ok().map(i64::from);
        let minutes = number(minutes).filter(|minutes| *minutes < 60)?;
        let seconds = number(seconds).filter(|seconds| *seconds < 60)?;
        number(hours)?
            .checked_mul(60)?
            .checked_add(minutes)?
            .checked_mul(60)?
            .checked_add(seconds)?
            .checked_mul(1_000_000_000)?
    } else {
        units(text)?
    };
    nanos.checked_mul(sign)
}

fn units(mut text: &str) -> Option<i64> {
    let mut nanos = 0.0_f64;
    if text.is_empty() {
        return None;
    }
    while !text.is_empty() {
        let end = text.find(|letter: char| !letter.is_ascii_digit() && letter != '.')?;
        let (number, rest) = text.split_at_checked(end)?;
        let end = rest
            .find(|letter: char| letter.is_ascii_digit() || letter == '.')
            .unwrap_or(rest.len());
        let (unit, rest) = rest.split_at_checked(end)?;
        let unit = match unit {
            "ns" => 1.0,
            "us" | "µs" | "μs" => 1e3,
            "ms" => 1e6,
            "s" => 1e9,
            "m" => 60e9,
            "h" => 3600e9,
            "d" => 86_400e9,
            _ => return None,
        };
        nanos += number.parse::<f64>().ok()? * unit;
        text = rest;
    }
    #[expect(clippy::cast_possible_truncation, reason = "too long a duration is the longest")]
    Some(nanos as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_in_every_form() {
        const SECOND: i64 = 1_000_000_000;
        assert_eq!(duration("90s"), Some(90 * SECOND));
        assert_eq!(duration("1h1.5m"), Some(3690 * SECOND));
        assert_eq!(duration("-250ms"), Some(-SECOND / 4));
        assert_eq!(duration("2d"), Some(172_800 * SECOND));
        assert_eq!(duration("01:02:03"), Some(3723 * SECOND));
        assert_eq!(duration("12"), Some(12));
        for bad in ["", "x", "1", "1x", "s", "1:2", "00:60:00", "1.2.3s"] {
            assert!(bad == "1" || duration(bad).is_none(), "{bad}");
        }
    }
}
