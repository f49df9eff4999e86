//! Cron schedules of workflows.

use super::{
    error::{Error, Result},
    limits,
    schedule::{calendar::Calendar, zone::Zone},
    time::{self, Time},
};
use std::time::Duration;

/// When a workflow with a cron schedule runs again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Schedule {
    /// `@every d`.
    Every(Duration),
    /// Five fields; days of the month and of the week that are both restricted are met by either.
    Fields { calendars: Vec<Calendar>, zone: Zone },
}

impl Schedule {
    /// Reads a schedule; an empty one is none.
    pub(crate) fn read(text: &str) -> Result<Option<Self>> {
        if text.is_empty() {
            return Ok(None);
        }
        let invalid = || {
            Error::invalid(format!(
                "invalid CronSchedule: {text:?}: expected five fields, @every <duration>, @hourly, @daily, @weekly, @monthly or @yearly"
            ))
        };
        let mut rest = text.trim();
        let mut zone = Zone::utc();
        for prefix in ["CRON_TZ=", "TZ="] {
            if let Some(zoned) = rest.strip_prefix(prefix) {
                let (name, fields) = zoned.split_once(' ').ok_or_else(invalid)?;
                let unknown = || Error::invalid(format!("invalid CronSchedule: {text:?}: unknown time zone {name}"));
                zone = Zone::named(name).ok_or_else(unknown)?;
                rest = fields.trim();
            }
        }
        if let Some(every) = rest.strip_prefix("@every ") {
            let every = time::read_duration(every.trim())
                .filter(|every| *every >= Duration::from_secs(1))
                .ok_or_else(invalid)?;
            return Ok(Some(Self::Every(every)));
        }
        let fields = match rest {
            "@hourly" => "0 * * * *",
            "@daily" | "@midnight" => "0 0 * * *",
            "@weekly" => "0 0 * * 0",
            "@monthly" => "0 0 1 * *",
            "@yearly" | "@annually" => "0 0 1 1 *",
            fields => fields,
        };
        let fields: Vec<&str> = fields.split_ascii_whitespace().collect();
        let [minutes, hours, days, months, weekdays] = fields[..] else {
            return Err(invalid());
        };
        let either_day = !days.starts_with(['*', '?']) && !weekdays.starts_with(['*', '?']);
        let set = |field, low, high, names| bits(field, low, high, names).ok_or_else(invalid);
        let weekdays = set(weekdays, 0, 7, &["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"])?;
        let both = Calendar {
            seconds: 1,
            minutes: set(minutes, 0, 59, &[])?,
            hours: set(hours, 0, 23, &[])?,
            days: set(days, 1, 31, &[])?,
            months: set(
                months,
                1,
                12,
                &[
                    "", "JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC",
                ],
            )?,
            weekdays: (weekdays | (weekdays >> 7)) & 0x7f,
            years: Vec::new(),
        };
        let calendars = match either_day {
            true => vec![
                Calendar {
                    weekdays: 0x7f,
                    ..both.clone()
                },
                Calendar { days: u64::MAX, ..both },
            ],
            false => vec![both],
        };
        Ok(Some(Self::Fields { calendars, zone }))
    }

    /// How long after `now` the next run is due, if the last one started at `start`.
    #[allow(clippy::arithmetic_side_effects, reason = "time ends in the year 2554")]
    pub(crate) fn wait(&self, start: Time, now: Time) -> Duration {
        match self {
            Self::Every(every) => {
                let passed = now.since(start).as_nanos();
                let slots = passed / every.as_nanos().max(1) + 1;
                let wait = every.as_nanos().saturating_mul(slots).saturating_sub(passed);
                // Whole seconds, as the original has them.
                Duration::from_secs(u64::try_from(wait.div_ceil(1_000_000_000)).unwrap_or(u64::MAX))
            }
            Self::Fields { calendars, zone } => {
                let after = i64::try_from(now.seconds()).unwrap_or(i64::MAX);
                let next = calendars.iter().filter_map(|calendar| calendar.next(zone, after)).min();
                let next = next.and_then(|next| u64::try_from(next).ok());
                next.map_or(limits::FOREVER, |next| {
                    Time::default().plus(Duration::from_secs(next)).since(now)
                })
            }
        }
    }
}

fn bits(field: &str, low: u64, high: u64, names: &[&str]) -> Option<u64> {
    let number = |text: &str| {
        let named = names
            .iter()
            .position(|name| !name.is_empty() && name.eq_ignore_ascii_case(text));
        named
            .and_then(|at| u64::try_from(at).ok())
            .or_else(|| text.parse().ok())
    };
    let mut set = 0;
    for part in field.split(',') {
        let (range, step) = match part.split_once('/') {
            Some((range, step)) => (range, step.parse::<u64>().ok().filter(|step| *step > 0)?),
            None => (part, 1),
        };
        let (first, last) = match range {
            "*" | "?" => (low, high),
            _ => match range.split_once('-') {
                Some((first, last)) => (number(first)?, number(last)?),
                None => (number(range)?, if part.contains('/') { high } else { number(range)? }),
            },
        };
        if first < low || last > high || first > last {
            return None;
        }
        for value in (first..=last).step_by(usize::try_from(step).unwrap_or(usize::MAX)) {
            set |= 1 << value;
        }
    }
    Some(set)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Time {
        Time::default().plus(Duration::from_secs(seconds))
    }

    #[test]
    fn every_counts_from_the_start() {
        let schedule = Schedule::read("@every 1m30s").unwrap().unwrap();
        assert_eq!(schedule.wait(at(0), at(0)), Duration::from_secs(90));
        assert_eq!(schedule.wait(at(0), at(100)), Duration::from_secs(80));
    }

    #[test]
    fn fields_are_met_in_calendar_time() {
        // 1 January 1970 was a Thursday.
        let noon_on_mondays = Schedule::read("0 12 * * MON").unwrap().unwrap();
        assert_eq!(
            noon_on_mondays.wait(at(0), at(0)),
            Duration::from_secs((4 * 24 + 12) * 3600)
        );
        let leap_day = Schedule::read("0 0 29 2 *").unwrap().unwrap();
        assert_eq!(
            leap_day.wait(at(0), at(0)),
            Duration::from_secs((365 * 2 + 59) * 24 * 3600)
        );
        let quarters = Schedule::read("*/15 * * * *").unwrap().unwrap();
        assert_eq!(quarters.wait(at(0), at(16 * 60)), Duration::from_secs(14 * 60));
    }

    #[test]
    fn a_step_past_the_last_value_leaves_the_first() {
        let hourly = Schedule::read("*/18446744073709551615 * * * *").unwrap().unwrap();
        assert_eq!(hourly.wait(at(0), at(60)), Duration::from_secs(59 * 60));
    }

    #[test]
    fn either_day_will_do_where_both_are_restricted() {
        // 1 January 1970 was a Thursday.
        let schedule = Schedule::read("0 0 13 * FRI").unwrap().unwrap();
        assert_eq!(schedule.wait(at(0), at(0)), Duration::from_secs(24 * 3600));
        let after_friday_9 = at(8 * 24 * 3600);
        assert_eq!(schedule.wait(at(0), after_friday_9), Duration::from_secs(4 * 24 * 3600));
    }

    #[test]
    fn a_time_zone_moves_the_fields() {
        let schedule = Schedule::read("CRON_TZ=Asia/Kolkata 30 5 * * *").unwrap().unwrap();
        assert_eq!(schedule.wait(at(0), at(1)), Duration::from_secs(24 * 3600 - 1));
    }

    #[test]
    fn nonsense_is_refused() {
        for text in [
            "bogus",
            "* * *",
            "TZ=Mars/Olympus 0 0 * * *",
            "61 * * * *",
            "@every never",
            "* * * * 9",
        ] {
            assert!(Schedule::read(text).is_err(), "{text}");
        }
    }
}
