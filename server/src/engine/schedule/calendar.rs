//! Calendars: sets of seconds, minutes, hours, days, months, weekdays and years that a clock on the wall may show.

#![allow(
    clippy::arithmetic_side_effects,
    reason = "the moments asked for are those of `Time`, and offsets are those of a zone that was checked"
)]

use super::{
    date::{DAY_SECONDS, Date, weekday},
    field::{self, Field},
    zone::Zone,
};
use crate::engine::error::Result;
use steadfast_proto::schedule::{Range, StructuredCalendarSpec};

/// Nothing is scheduled later than this year.
pub(crate) const YEAR_MAX: i64 = 2100;

/// All parts have to match. Sets of numbers are bits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Calendar {
    pub(crate) seconds: u64,
    pub(crate) minutes: u64,
    pub(crate) hours: u64,
    pub(crate) days: u64,
    pub(crate) months: u64,
    pub(crate) weekdays: u64,
    /// Any, if there are none.
    pub(crate) years: Vec<Range>,
}

fn has(set: u64, value: u32) -> bool {
    set.checked_shr(value).is_some_and(|set| set & 1 == 1)
}

/// The first member of a set from `value` on.
fn first(set: u64, value: u32) -> Option<u32> {
    let rest = set.checked_shr(value).filter(|rest| *rest != 0)?;
    Some(value + rest.trailing_zeros())
}

fn time(hour: u32, minute: u32, second: u32) -> i64 {
    i64::from(hour) * 3600 + i64::from(minute) * 60 + i64::from(second)
}

fn clock(of_day: i64) -> (u32, u32, u32) {
    let part = |number: i64| u32::try_from(number).unwrap_or(0);
    (part(of_day / 3600), part(of_day / 60 % 60), part(of_day % 60))
}

impl Calendar {
    /// Checks a calendar of the wire.
    pub(crate) fn read(wire: &StructuredCalendarSpec) -> Result<Self> {
        let set = |field: &Field, ranges: &[Range]| {
            field::check(field, ranges)?;
            Ok(ranges.iter().fold(0, |set, range| set | bits(range)))
        };
        field::check(&field::YEAR, &wire.year)?;
        Ok(Self {
            seconds: set(&field::SECOND, &wire.second)?,
            minutes: set(&field::MINUTE, &wire.minute)?,
            hours: set(&field::HOUR, &wire.hour)?,
            days: set(&field::DAY_OF_MONTH, &wire.day_of_month)?,
            months: set(&field::MONTH, &wire.month)?,
            weekdays: set(&field::DAY_OF_WEEK, &wire.day_of_week)?,
            years: wire.year.clone(),
        })
    }

    fn has_year(&self, year: i64) -> bool {
        let within = |range: &Range| {
            let (start, end, step) = (
                i64::from(range.start),
                i64::from(range.end.max(range.start)),
                i64::from(range.step.max(1)),
            );
            (start..=end).contains(&year) && (year - start) % step == 0
        };
        self.years.is_empty() || self.years.iter().any(within)
    }

    fn has_day(&self, days: i64) -> bool {
        let Date { year, month, day } = Date::of(days);
        self.has_year(year) && has(self.months, month) && has(self.days, day) && has(self.weekdays, weekday(days))
    }

    /// Whether a clock that shows `wall` (in seconds since 1970, as if it were UTC) matches.
    pub(crate) fn matches(&self, wall: i64) -> bool {
        let (hour, minute, second) = clock(wall.rem_euclid(DAY_SECONDS));
        has(self.hours, hour)
            && has(self.minutes, minute)
            && has(self.seconds, second)
            && self.has_day(wall.div_euclid(DAY_SECONDS))
    }

    /// Up to when (not included) a clock that shows `wall` surely goes on to match.
    pub(crate) fn matches_until(&self, wall: i64) -> i64 {
        const SIXTY: u64 = (1 << 60) - 1;
        if self.seconds != SIXTY {
            return wall + 1;
        }
        let unit = match (self.minutes == SIXTY, self.hours == (1 << 24) - 1) {
            (false, _) => 60,
            (true, false) => 3600,
            (true, true) => DAY_SECONDS,
        };
        (wall.div_euclid(unit) + 1) * unit
    }

    /// The first match of a wall's clock in `from..until`.
    fn next_wall(&self, from: i64, until: i64) -> Option<i64> {
        let (mut day, mut of_day) = (from.div_euclid(DAY_SECONDS), from.rem_euclid(DAY_SECONDS));
        while day * DAY_SECONDS < until {
            let date = Date::of(day);
            if date.year > YEAR_MAX {
                return None;
            }
            let next = if !self.has_year(date.year) {
                Date {
                    year: date.year + 1,
                    month: 1,
                    day: 1,
                }
                .days()
            } else if !has(self.months, date.month) {
                date.next_month().days()
            } else {
                if has(self.days, date.day)
                    && has(self.weekdays, weekday(day))
                    && let Some(time) = self.next_time(of_day)
                {
                    return Some(day * DAY_SECONDS + time).filter(|wall| *wall < until);
                }
                day + 1
            };
            (day, of_day) = (next, 0);
        }
        None
    }

    /// The first match of a day from that second on.
    fn next_time(&self, of_day: i64) -> Option<i64> {
        let (hour, minute, second) = clock(of_day);
        if has(self.hours, hour) {
            if has(self.minutes, minute)
                && let Some(second) = first(self.seconds, second)
            {
                return Some(time(hour, minute, second));
            }
            if let (Some(minute), Some(second)) = (first(self.minutes, minute + 1), first(self.seconds, 0)) {
                return Some(time(hour, minute, second));
            }
        }
        let hour = first(self.hours, hour + 1)?;
        Some(time(hour, first(self.minutes, 0)?, first(self.seconds, 0)?))
    }

    /// The first moment after `after` at which the zone's clocks match. Times that clocks skip do not exist; times that
    /// they show twice are two moments.
    pub(crate) fn next(&self, zone: &Zone, after: i64) -> Option<i64> {
        let mut from = after + 1;
        loop {
            let (offset, until) = zone.at(from);
            if let Some(wall) = self.next_wall(from + offset, until.saturating_add(offset)) {
                return Some(wall - offset);
            }
            if until == i64::MAX || Date::of(until.div_euclid(DAY_SECONDS)).year > YEAR_MAX {
                return None;
            }
            from = until;
        }
    }
}

/// The members of a range that was checked.
fn bits(range: &Range) -> u64 {
    let (end, step) = (range.end.max(range.start), range.step.max(1));
    let members = (range.start..=end).step_by(usize::try_from(step).unwrap_or(1));
    members
        .filter_map(|member| u32::try_from(member).ok())
        .fold(0, |set, member| set | 1_u64.checked_shl(member).unwrap_or(0))
}
