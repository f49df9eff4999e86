//! The fields of a calendar: their bounds, and how text and ranges name their members.

use crate::engine::error::{Error, Result};
use steadfast_proto::schedule::Range;

/// A field of a calendar.
#[derive(Debug)]
pub(crate) struct Field {
    pub(crate) name: &'static str,
    pub(crate) min: i32,
    pub(crate) max: i32,
    /// The highest number that text may have: Sunday is 0 and 7 there.
    text_max: i32,
    names: &'static [&'static str],
}

impl Field {
    const fn plain(name: &'static str, min: i32, max: i32) -> Self {
        Self {
            name,
            min,
            max,
            text_max: max,
            names: &[],
        }
    }
}

pub(crate) const SECOND: Field = Field::plain("Second", 0, 59);
pub(crate) const MINUTE: Field = Field::plain("Minute", 0, 59);
pub(crate) const HOUR: Field = Field::plain("Hour", 0, 23);
pub(crate) const DAY_OF_MONTH: Field = Field::plain("DayOfMonth", 1, 31);
pub(crate) const YEAR: Field = Field::plain("Year", 2000, 2100);
pub(crate) const MONTH: Field = Field {
    names: &[
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ],
    ..Field::plain("Month", 1, 12)
};
pub(crate) const DAY_OF_WEEK: Field = Field {
    text_max: 7,
    names: &[
        "sunday",
        "monday",
        "tuesday",
        "wednesday",
        "thursday",
        "friday",
        "saturday",
    ],
    ..Field::plain("DayOfWeek", 0, 6)
};

/// Checks ranges of the wire.
pub(crate) fn check(field: &Field, ranges: &[Range]) -> Result<()> {
    let Field { name, min, max, .. } = field;
    let bounds = *min..=*max;
    for range in ranges {
        let wrong = if !bounds.contains(&range.start) {
            format!("{name} Start is not in range [{min}-{max}]")
        } else if range.end != 0 && (range.end < range.start || range.end > *max) {
            format!("{name} End is before Start or not in range [{min}-{max}]")
        } else if range.step < 0 {
            format!("{name} has invalid Step")
        } else {
            continue;
        };
        return Err(Error::invalid(format!(
            "Invalid schedule spec: invalid calendar spec: {wrong}"
        )));
    }
    Ok(())
}

/// Ranges with everything filled in.
pub(crate) fn fill(ranges: &mut [Range]) {
    for range in ranges {
        range.end = range.end.max(range.start);
        range.step = range.step.max(1);
    }
}

/// Reads text like `*/15`, `1-5,9` or `MON-FRI`; empty text is `default`.
pub(crate) fn read(field: &Field, text: &str, default: &str) -> Result<Vec<Range>> {
    let text = if text.is_empty() { default } else { text };
    if text.is_empty() {
        return Ok(Vec::new());
    }
    let mut ranges = Vec::new();
    for part in text.split(',') {
        let (bounds, step) = match part.split_once('/') {
            Some((bounds, step)) => (bounds, Some(read_step(field, step)?)),
            None => (part, None),
        };
        let (start, end) = match bounds.split_once('-') {
            _ if bounds == "*" => (field.min, field.max),
            Some((start, end)) => {
                let start = member(field, start)?;
                let end = member(field, end).ok().filter(|end| *end >= start);
                (start, end.ok_or_else(|| unfit(field, "End is before Start or not"))?)
            }
            None => {
                let start = member(field, bounds)?;
                (start, if step.is_some() { field.max.max(start) } else { start })
            }
        };
        let step = step.unwrap_or(1);
        if end > field.max {
            // Sunday, at the end of the week: it is the first day.
            if end.checked_sub(start).and_then(|days| days.checked_rem(step)) == Some(0) {
                ranges.push(Range {
                    start: field.min,
                    end: field.min,
                    step: 1,
                });
            }
            if start <= field.max {
                ranges.push(Range {
                    start,
                    end: field.max,
                    step,
                });
            }
        } else {
            ranges.push(Range { start, end, step });
        }
    }
    Ok(ranges)
}

fn read_step(field: &Field, text: &str) -> Result<i32> {
    let step = text.parse().ok().filter(|step| (1..=field.max).contains(step));
    step.ok_or_else(|| Error::invalid(format!("Invalid schedule spec: {} has invalid Step", field.name)))
}

fn member(field: &Field, text: &str) -> Result<i32> {
    let word = text.to_ascii_lowercase();
    let named = field
        .names
        .iter()
        .position(|name| word.len() >= 3 && name.starts_with(&word));
    let number = match named {
        Some(at) => i32::try_from(at).ok().map(|at| at.saturating_add(field.min)),
        None => text.parse().ok(),
    };
    number
        .filter(|number| (field.min..=field.text_max).contains(number))
        .ok_or_else(|| unfit(field, "is not"))
}

fn unfit(field: &Field, what: &str) -> Error {
    let Field {
        name, min, text_max, ..
    } = field;
    Error::invalid(format!(
        "Invalid schedule spec: {name} {what} in range [{min}-{text_max}]"
    ))
}
