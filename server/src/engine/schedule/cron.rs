//! Texts that say when: cron strings and calendars of strings.

use super::field;
use crate::engine::{
    error::{Error, Result},
    time,
};
use steadfast_proto::schedule::{CalendarSpec, IntervalSpec, StructuredCalendarSpec};

/// What a cron string says.
#[derive(Debug, PartialEq)]
pub(super) enum Times {
    Calendar(Box<StructuredCalendarSpec>),
    Interval(IntervalSpec),
}

/// Reads a cron string: five fields, six with the year last, seven with the second first, `@every <interval>/<phase>`
/// or a name like `@daily`; a time zone before it, a comment after it. Gives the zone too, if there is one.
pub(super) fn read(text: &str) -> Result<(Times, Option<String>)> {
    let (text, comment) = text.split_once('#').unwrap_or((text, ""));
    let (mut text, comment) = (text.trim(), comment.trim());
    let mut zone = None;
    for prefix in ["CRON_TZ=", "TZ="] {
        if let Some(rest) = text.strip_prefix(prefix) {
            let (name, rest) = rest
                .split_once(' ')
                .ok_or_else(|| wrong("CronString has time zone but no fields"))?;
            zone = Some(name.to_owned());
            text = rest.trim();
        }
    }
    if let Some(every) = text.strip_prefix("@every") {
        return Ok((Times::Interval(interval(every.trim())?), None));
    }
    let text = match text {
        "@yearly" | "@annually" => "0 0 1 1 *",
        "@monthly" => "0 0 1 * *",
        "@weekly" => "0 0 * * 0",
        "@daily" | "@midnight" => "0 0 * * *",
        "@hourly" => "0 * * * *",
        fields => fields,
    };
    let fields: Vec<&str> = text.split_ascii_whitespace().collect();
    let (second, fields, year) = match fields[..] {
        [minute, hour, day, month, weekday] => ("0", [minute, hour, day, month, weekday], ""),
        [minute, hour, day, month, weekday, year] => ("0", [minute, hour, day, month, weekday], year),
        [second, minute, hour, day, month, weekday, year] => (second, [minute, hour, day, month, weekday], year),
        _ => return Err(wrong("CronString does not have 5-7 fields")),
    };
    let [minute, hour, day_of_month, month, day_of_week] = fields.map(str::to_owned);
    let calendar = calendar(&CalendarSpec {
        second: second.to_owned(),
        minute,
        hour,
        day_of_month,
        month,
        year: year.to_owned(),
        day_of_week,
        comment: comment.to_owned(),
    })?;
    Ok((Times::Calendar(Box::new(calendar)), zone))
}

/// Reads a calendar of strings.
pub(super) fn calendar(text: &CalendarSpec) -> Result<StructuredCalendarSpec> {
    Ok(StructuredCalendarSpec {
        second: field::read(&field::SECOND, &text.second, "0")?,
        minute: field::read(&field::MINUTE, &text.minute, "0")?,
        hour: field::read(&field::HOUR, &text.hour, "0")?,
        day_of_month: field::read(&field::DAY_OF_MONTH, &text.day_of_month, "*")?,
        month: field::read(&field::MONTH, &text.month, "*")?,
        // Any year is told by none.
        year: field::read(&field::YEAR, text.year.strip_prefix('*').unwrap_or(&text.year), "")?,
        day_of_week: field::read(&field::DAY_OF_WEEK, &text.day_of_week, "*")?,
        comment: text.comment.clone(),
    })
}

fn interval(text: &str) -> Result<IntervalSpec> {
    if text.is_empty() {
        return Err(wrong("CronString does not have interval after @every"));
    }
    let read = |text: &str| {
        let read = time::read_duration(text.trim());
        read.ok_or_else(|| wrong(format!("{text:?} is no duration: expected one like 1h30m")))
    };
    let (interval, phase) = match text.split_once('/') {
        Some((interval, phase)) => (interval, time::wire(read(phase)?)),
        None => (text, None),
    };
    Ok(IntervalSpec {
        interval: time::wire(read(interval)?),
        phase,
    })
}

pub(super) fn wrong(what: impl std::fmt::Display) -> Error {
    Error::invalid(format!("Invalid schedule spec: {what}"))
}
