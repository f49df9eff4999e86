//! When a schedule acts.

#![allow(
    clippy::arithmetic_side_effects,
    reason = "the moments asked for are those of `Time`, which ends in the year 2554"
)]

use super::{
    calendar::Calendar,
    cron::{self, Times, wrong},
    field,
    zone::Zone,
};
use crate::engine::{
    error::Result,
    limits,
    time::{self, Time},
};
use std::time::Duration;
use steadfast_proto::schedule::{IntervalSpec, ScheduleSpec, StructuredCalendarSpec};

const SECOND: Duration = Duration::from_secs(1);

/// A spec that was checked.
#[derive(Clone, Debug)]
pub(crate) struct Spec {
    /// As it is described: strings are ranges.
    wire: ScheduleSpec,
    calendars: Vec<Calendar>,
    excluded: Vec<Calendar>,
    intervals: Vec<Interval>,
    zone: Zone,
    start: Option<Time>,
    end: Option<Time>,
    jitter: Duration,
}

/// Whole seconds; `phase` is less than `every`.
#[derive(Clone, Copy, Debug)]
struct Interval {
    every: i64,
    phase: i64,
}

/// A time at which a schedule acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ActionTime {
    /// As the spec says.
    pub(crate) nominal: Time,
    /// With the jitter.
    pub(crate) due: Time,
}

impl Spec {
    /// Checks a spec, and brings all its texts into one form.
    pub(crate) fn read(mut wire: ScheduleSpec) -> Result<Self> {
        for text in std::mem::take(&mut wire.calendar) {
            wire.structured_calendar.push(cron::calendar(&text)?);
        }
        for text in std::mem::take(&mut wire.exclude_calendar) {
            wire.exclude_structured_calendar.push(cron::calendar(&text)?);
        }
        let mut zone_names: Vec<String> = Vec::new();
        for text in std::mem::take(&mut wire.cron_string) {
            let (times, zone) = cron::read(&text)?;
            match times {
                Times::Calendar(calendar) => wire.structured_calendar.push(*calendar),
                Times::Interval(interval) => wire.interval.push(interval),
            }
            zone_names.extend(zone);
        }
        let given = (!wire.timezone_name.is_empty()).then(|| wire.timezone_name.clone());
        let mut zone_names = given.into_iter().chain(zone_names);
        if let Some(name) = zone_names.next() {
            if zone_names.any(|other| other != name) {
                return Err(wrong("conflicting timezone names"));
            }
            wire.timezone_name = name;
        }
        let zone = match wire.timezone_data.is_empty() {
            true => Zone::named(&wire.timezone_name)
                .ok_or_else(|| wrong(format!("unknown time zone {}", wire.timezone_name)))?,
            false => Zone::read(&wire.timezone_data).ok_or_else(|| wrong("malformed time zone information"))?,
        };
        let moment = |time: Option<&_>| time.and_then(Time::from_wire);
        Ok(Self {
            calendars: calendars(&mut wire.structured_calendar)?,
            excluded: calendars(&mut wire.exclude_structured_calendar)?,
            intervals: wire.interval.iter().map(Interval::read).collect::<Result<_>>()?,
            zone,
            start: moment(wire.start_time.as_ref()),
            end: moment(wire.end_time.as_ref()),
            jitter: time::lasting(wire.jitter.as_ref()),
            wire,
        })
    }

    pub(crate) fn wire(&self) -> &ScheduleSpec {
        &self.wire
    }

    /// The first time after `after`. `seed` draws the jitter: the same for the same nominal time.
    pub(crate) fn next(&self, after: Time, seed: u64) -> Option<ActionTime> {
        let mut after = seconds(after);
        if let Some(start) = self.start {
            // A start within a second admits the next whole one.
            let before = Time::from_nanos(start.nanos().saturating_add(999_999_999)).minus(SECOND);
            after = after.max(seconds(before));
        }
        let mut nominal = self.next_raw(after)?;
        let mut looked = 0;
        while let Some(until) = self.excluded_until(nominal) {
            looked += 1;
            if looked > limits::SCHEDULE_EXCLUDED_MAX {
                return None;
            }
            nominal = self.next_raw(until - 1)?;
        }
        let moment = moment(nominal);
        if self.end.is_some_and(|end| moment > end) {
            return None;
        }
        let due = moment.plus(self.jitter(nominal, seed));
        Some(ActionTime { nominal: moment, due })
    }

    /// The times after `start`, up to `end`.
    pub(crate) fn between(&self, start: Time, end: Time, seed: u64) -> impl Iterator<Item = ActionTime> {
        let first = self.next(start, seed);
        std::iter::successors(first, move |last| self.next(last.nominal, seed)).take_while(move |time| time.due <= end)
    }

    fn next_raw(&self, after: i64) -> Option<i64> {
        let calendars = self
            .calendars
            .iter()
            .filter_map(|calendar| calendar.next(&self.zone, after));
        let intervals = self.intervals.iter().map(|interval| interval.next(after));
        calendars.chain(intervals).min().filter(|next| *next <= LAST)
    }

    /// Whether a time is excluded, and up to when it surely goes on like that.
    fn excluded_until(&self, moment: i64) -> Option<i64> {
        if self.excluded.is_empty() {
            return None;
        }
        let (offset, until) = self.zone.at(moment);
        let wall = moment + offset;
        let excluding = self.excluded.iter().filter(|calendar| calendar.matches(wall));
        let ends = excluding.map(|calendar| calendar.matches_until(wall) - offset);
        ends.max().map(|end| end.min(until))
    }

    /// Jitter does not reach the next time.
    fn jitter(&self, nominal: i64, seed: u64) -> Duration {
        if self.jitter < Duration::from_millis(1) {
            return Duration::ZERO;
        }
        let gap = self
            .next_raw(nominal)
            .map_or(Duration::MAX, |next| moment(next).since(moment(nominal)));
        let millis = u64::try_from(self.jitter.min(gap).as_millis())
            .unwrap_or(u64::MAX)
            .min(u64::from(u32::MAX));
        let drawn = mix(seed ^ mix(nominal.unsigned_abs())) >> 32;
        Duration::from_millis((drawn * millis) >> 32)
    }
}

/// The end of the last year that calendars know.
const LAST: i64 = 4_133_980_799;

impl Interval {
    fn read(wire: &IntervalSpec) -> Result<Self> {
        let length = time::lasting(wire.interval.as_ref());
        let phase = time::lasting(wire.phase.as_ref());
        if length < SECOND || time::is_negative(wire.interval.as_ref()) {
            return Err(wrong("interval is too small"));
        }
        if time::is_negative(wire.phase.as_ref()) {
            return Err(wrong("phase is negative"));
        }
        if phase >= length {
            return Err(wrong("phase cannot be greater than Interval"));
        }
        let whole = |duration: Duration| i64::try_from(duration.as_secs()).map_err(|_| wrong("interval is too large"));
        Ok(Self {
            every: whole(length)?,
            phase: whole(phase)?,
        })
    }

    fn next(self, after: i64) -> i64 {
        let Self { every, phase } = self;
        (after - phase)
            .div_euclid(every)
            .saturating_add(1)
            .saturating_mul(every)
            .saturating_add(phase)
    }
}

fn calendars(wire: &mut [StructuredCalendarSpec]) -> Result<Vec<Calendar>> {
    let read = |calendar: &mut StructuredCalendarSpec| {
        let read = Calendar::read(calendar);
        for ranges in [
            &mut calendar.second,
            &mut calendar.minute,
            &mut calendar.hour,
            &mut calendar.day_of_month,
            &mut calendar.month,
            &mut calendar.year,
            &mut calendar.day_of_week,
        ] {
            field::fill(ranges);
        }
        read
    };
    wire.iter_mut().map(read).collect()
}

fn seconds(time: Time) -> i64 {
    i64::try_from(time.seconds()).unwrap_or(i64::MAX)
}

fn moment(seconds: i64) -> Time {
    Time::default().plus(Duration::from_secs(u64::try_from(seconds).unwrap_or(0)))
}

fn mix(number: u64) -> u64 {
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}

/// What jitter is drawn from: the same for schedules of the same id (FNV-1a).
pub(crate) fn seed(id: &str) -> u64 {
    id.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
