//! Cron schedules of workflows.

use super::{
    error::{Error, Result},
    time::Time,
};
use std::time::Duration;

/// When a workflow with a cron schedule runs again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Schedule {
    /// `@every d`.
    Every(Duration),
    /// Five fields of minutes, hours, days, months and weekdays, as bit sets.
    Fields {
        minutes: u64,
        hours: u64,
        days: u64,
        months: u64,
        weekdays: u64,
        either_day: bool,
    },
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
        for prefix in ["CRON_TZ=", "TZ="] {
            if let Some(zoned) = rest.strip_prefix(prefix) {
                let (zone, fields) = zoned.split_once(' ').ok_or_else(invalid)?;
                if !matches!(zone, "UTC" | "Etc/UTC" | "GMT") {
                    return Err(Error::unbuilt("a CronSchedule in a time zone other than UTC"));
                }
                rest = fields.trim();
            }
        }
        if let Some(every) = rest.strip_prefix("@every ") {
            let every = duration(every.trim())
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
        Ok(Some(Self::Fields {
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
            either_day,
        }))
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
            Self::Fields {
                minutes,
                hours,
                days,
                months,
                weekdays,
                either_day,
            } => {
                let has = |set: &u64, value: u64| set & (1 << value) != 0;
                let mut minute = now.seconds() / 60 + 1;
                // Eight years: a leap day is at most that far away.
                let last = minute + 8 * 366 * 24 * 60;
                while minute < last {
                    let (day, of_day) = (minute / 1440, minute % 1440);
                    let (month, of_month) = civil(day);
                    let by_month = has(days, of_month);
                    let by_week = has(weekdays, (day + 4) % 7);
                    let is_day = has(months, month)
                        && if *either_day {
                            by_month || by_week
                        } else {
                            by_month && by_week
                        };
                    if !is_day {
                        minute = (day + 1) * 1440;
                        continue;
                    }
                    if has(hours, of_day / 60) && has(minutes, of_day % 60) {
                        return Time::default().plus(Duration::from_secs(minute * 60)).since(now);
                    }
                    minute += 1;
                }
                super::limits::FOREVER
            }
        }
    }
}

/// The month and the day of the month of a day since 1970.
#[allow(clippy::arithmetic_side_effects, reason = "time ends in the year 2554")]
fn civil(day: u64) -> (u64, u64) {
    // Days are counted from 1 March of year 0, so that the leap day is a year's last.
    let since = day + 719_468;
    let of_era = since % 146_097;
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let of_month = of_year - (153 * month + 2) / 5 + 1;
    (if month < 10 { month + 3 } else { month - 9 }, of_month)
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

/// A duration as Go writes it: `1h30m`, `90s`, `1.5h`.
fn duration(text: &str) -> Option<Duration> {
    let mut total = Duration::ZERO;
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, tail) = rest.split_at_checked(digits)?;
        let end = tail.find(|c: char| c.is_ascii_digit()).unwrap_or(tail.len());
        let (unit, tail) = tail.split_at_checked(end)?;
        let seconds = match unit {
            "h" => 3600.0,
            "m" => 60.0,
            "s" => 1.0,
            "ms" => 0.001,
            _ => return None,
        };
        total = total.checked_add(Duration::try_from_secs_f64(number.parse::<f64>().ok()? * seconds).ok()?)?;
        rest = tail;
    }
    Some(total)
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
    fn nonsense_is_refused() {
        for text in ["bogus", "* * *", "61 * * * *", "@every never", "* * * * 9"] {
            assert!(Schedule::read(text).is_err(), "{text}");
        }
    }
}
