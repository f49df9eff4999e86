//! When a schedule starts its workflow.

use std::{
    ops::RangeInclusive,
    time::{Duration, SystemTime},
};
use steadfast_proto::{
    duration,
    schedule::{IntervalSpec, Range, ScheduleSpec as Wire, StructuredCalendarSpec},
    timestamp,
};

/// When a schedule starts its workflow: at all times of its intervals, calendars and cron expressions together, but for those
/// that are excluded.
///
/// The default has no time at all: such a schedule is triggered by hand.
#[derive(Debug, Clone, Default, PartialEq)]
#[must_use = "give it to `Schedule::new`"]
pub struct ScheduleSpec(pub(super) Wire);

impl ScheduleSpec {
    /// Again and again after a duration, counted from the Unix epoch: at full hours, say, for an hour. In whole seconds.
    pub fn every(interval: Duration) -> Self {
        Self::default().and_every(interval)
    }

    /// At the times of a calendar.
    pub fn calendar(calendar: ScheduleCalendar) -> Self {
        Self::default().and_calendar(calendar)
    }

    /// At the times of a cron expression: five to seven fields, `@daily` and the like, or `@every 3h`. `CRON_TZ=Europe/Berlin`
    /// before it names a time zone.
    pub fn cron(expression: impl Into<String>) -> Self {
        Self::default().and_cron(expression)
    }

    /// Also after a duration, again and again.
    pub fn and_every(self, interval: Duration) -> Self {
        self.and_every_from(interval, Duration::ZERO)
    }

    /// Also after a duration, again and again, each time this much later: 19 minutes past full hours, say.
    pub fn and_every_from(mut self, interval: Duration, offset: Duration) -> Self {
        self.0.interval.push(IntervalSpec {
            interval: Some(duration(interval)),
            phase: Some(duration(offset)),
        });
        self
    }

    /// Also at the times of a calendar.
    pub fn and_calendar(mut self, calendar: ScheduleCalendar) -> Self {
        self.0.structured_calendar.push(calendar.0);
        self
    }

    /// Also at the times of a cron expression.
    pub fn and_cron(mut self, expression: impl Into<String>) -> Self {
        self.0.cron_string.push(expression.into());
        self
    }

    /// Not at the times of a calendar.
    pub fn except(mut self, calendar: ScheduleCalendar) -> Self {
        self.0.exclude_structured_calendar.push(calendar.0);
        self
    }

    /// Not before.
    pub fn start_at(mut self, time: SystemTime) -> Self {
        self.0.start_time = Some(timestamp(time));
        self
    }

    /// Not after.
    pub fn end_at(mut self, time: SystemTime) -> Self {
        self.0.end_time = Some(timestamp(time));
        self
    }

    /// Each start is up to this much later, by chance.
    pub fn jitter(mut self, at_most: Duration) -> Self {
        self.0.jitter = Some(duration(at_most));
        self
    }

    /// The time zone of calendars and cron expressions, as the IANA names it: `Europe/Berlin`. It is UTC, unless this says
    /// otherwise.
    pub fn time_zone(mut self, name: impl Into<String>) -> Self {
        self.0.timezone_name = name.into();
        self
    }

    /// The spec as it is sent.
    #[must_use]
    pub fn raw(&self) -> &Wire {
        &self.0
    }
}

/// Moments that a calendar matches: those that match all of its fields.
///
/// The default is every midnight. A field takes a number, a range `1..=5`, a [`ScheduleRange`] with a step, or an array of one of
/// these.
#[derive(Debug, Clone, PartialEq)]
#[must_use = "give it to `ScheduleSpec::calendar`"]
pub struct ScheduleCalendar(StructuredCalendarSpec);

impl Default for ScheduleCalendar {
    fn default() -> Self {
        Self(StructuredCalendarSpec {
            second: ScheduleRanges::from(0).0,
            minute: ScheduleRanges::from(0).0,
            hour: ScheduleRanges::from(0).0,
            day_of_month: ScheduleRanges::from(1..=31).0,
            month: ScheduleRanges::from(1..=12).0,
            year: Vec::new(),
            day_of_week: ScheduleRanges::from(0..=6).0,
            comment: String::new(),
        })
    }
}

impl ScheduleCalendar {
    /// 0 to 59; 0 unless this says otherwise.
    pub fn second(mut self, seconds: impl Into<ScheduleRanges>) -> Self {
        self.0.second = seconds.into().0;
        self
    }

    /// 0 to 59; 0 unless this says otherwise.
    pub fn minute(mut self, minutes: impl Into<ScheduleRanges>) -> Self {
        self.0.minute = minutes.into().0;
        self
    }

    /// 0 to 23; 0 unless this says otherwise.
    pub fn hour(mut self, hours: impl Into<ScheduleRanges>) -> Self {
        self.0.hour = hours.into().0;
        self
    }

    /// 1 to 31; every day unless this says otherwise.
    pub fn day_of_month(mut self, days: impl Into<ScheduleRanges>) -> Self {
        self.0.day_of_month = days.into().0;
        self
    }

    /// 1 to 12; every month unless this says otherwise.
    pub fn month(mut self, months: impl Into<ScheduleRanges>) -> Self {
        self.0.month = months.into().0;
        self
    }

    /// Every year unless this says otherwise.
    pub fn year(mut self, years: impl Into<ScheduleRanges>) -> Self {
        self.0.year = years.into().0;
        self
    }

    /// 0, which is Sunday, to 6; every day unless this says otherwise.
    pub fn day_of_week(mut self, days: impl Into<ScheduleRanges>) -> Self {
        self.0.day_of_week = days.into().0;
        self
    }

    /// What people should know of it.
    pub fn comment(mut self, text: impl Into<String>) -> Self {
        self.0.comment = text.into();
        self
    }
}

/// Numbers that a field of a calendar matches: from one to another, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScheduleRange(Range);

impl ScheduleRange {
    /// From one to another, both included.
    #[must_use]
    pub fn new(start: i32, end: i32) -> Self {
        Self(Range { start, end, step: 1 })
    }

    /// Only every so many of them, from the first: `ScheduleRange::new(0, 59).step(15)` are the quarters.
    #[must_use]
    pub fn step(mut self, step: i32) -> Self {
        self.0.step = step;
        self
    }
}

/// What a field of a calendar matches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScheduleRanges(Vec<Range>);

impl From<i32> for ScheduleRange {
    fn from(number: i32) -> Self {
        Self::new(number, number)
    }
}

impl From<RangeInclusive<i32>> for ScheduleRange {
    fn from(range: RangeInclusive<i32>) -> Self {
        Self::new(*range.start(), *range.end())
    }
}

impl<R: Into<ScheduleRange>> From<R> for ScheduleRanges {
    fn from(range: R) -> Self {
        Self(vec![range.into().0])
    }
}

impl<R: Into<ScheduleRange>, const N: usize> From<[R; N]> for ScheduleRanges {
    fn from(ranges: [R; N]) -> Self {
        Self(ranges.into_iter().map(|range| range.into().0).collect())
    }
}

impl<R: Into<ScheduleRange>> From<Vec<R>> for ScheduleRanges {
    fn from(ranges: Vec<R>) -> Self {
        Self(ranges.into_iter().map(|range| range.into().0).collect())
    }
}
