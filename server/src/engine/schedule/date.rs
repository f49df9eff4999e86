//! Days of the calendar, counted from 1 January 1970.

#![allow(clippy::arithmetic_side_effects, reason = "years have at most seven digits here")]

pub(crate) const DAY_SECONDS: i64 = 24 * 3600;

/// A day of the calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Date {
    pub(crate) year: i64,
    pub(crate) month: u32,
    pub(crate) day: u32,
}

impl Date {
    pub(crate) fn of(days: i64) -> Self {
        // Counted from 1 March of year 0, so that the leap day is a year's last.
        let since = days + 719_468;
        let era = since.div_euclid(146_097);
        let of_era = since.rem_euclid(146_097);
        let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year + year / 4 - year / 100);
        let month = (5 * of_year + 2) / 153;
        let day = of_year - (153 * month + 2) / 5 + 1;
        let month = if month < 10 { month + 3 } else { month - 9 };
        Self {
            year: year + era * 400 + i64::from(month <= 2),
            month: u32::try_from(month).unwrap_or(1),
            day: u32::try_from(day).unwrap_or(1),
        }
    }

    pub(crate) fn days(self) -> i64 {
        let year = self.year - i64::from(self.month <= 2);
        let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
        let month = i64::from((self.month + 9) % 12);
        let of_year = (153 * month + 2) / 5 + i64::from(self.day) - 1;
        era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
    }

    /// The first day of the next month.
    pub(crate) fn next_month(self) -> Self {
        let (year, month) = match self.month {
            12 => (self.year + 1, 1),
            month => (self.year, month + 1),
        };
        Self { year, month, day: 1 }
    }
}

/// The day of the week; Sunday is 0.
pub(crate) fn weekday(days: i64) -> u32 {
    u32::try_from((days + 4).rem_euclid(7)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_dates_are_two_names_of_the_same() {
        for days in (-800_000..800_000).step_by(37) {
            assert_eq!(Date::of(days).days(), days);
        }
        let (year, month, day) = (2024, 2, 29);
        let leap_day = Date { year, month, day };
        assert_eq!(leap_day.days(), 19_782);
        assert_eq!(weekday(leap_day.days()), 4);
        assert_eq!(
            leap_day.next_month(),
            Date {
                month: 3,
                day: 1,
                ..leap_day
            }
        );
    }
}
