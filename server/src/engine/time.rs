//! Points in time as the engine counts them.

use std::time::{Duration, SystemTime, UNIX_EPOCH};
use steadfast_proto::prost_types;

/// A point in time: nanoseconds since 1970, which reach to the year 2554.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Time(u64);

impl Time {
    /// Later than anything that happens.
    pub(crate) const END: Self = Self(u64::MAX);

    /// The moment that `time` names; anything before 1970 is 1970.
    #[must_use]
    pub fn from_system(time: SystemTime) -> Self {
        Self::default().plus(time.duration_since(UNIX_EPOCH).unwrap_or_default())
    }

    /// This moment as `std` has it.
    #[must_use]
    pub fn to_system(self) -> SystemTime {
        UNIX_EPOCH
            .checked_add(Duration::from_nanos(self.0))
            .unwrap_or(UNIX_EPOCH)
    }

    /// The wire's moment; `None` if it is malformed or before 1970.
    pub(crate) fn from_wire(time: &prost_types::Timestamp) -> Option<Self> {
        steadfast_proto::system_time(time).map(Self::from_system)
    }

    /// `duration` later; the end of time is not passed.
    #[must_use]
    pub fn plus(self, duration: Duration) -> Self {
        Self(
            self.0
                .saturating_add(u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)),
        )
    }

    /// How long after `earlier` this is; zero if it is not.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }

    pub(crate) fn minus(self, duration: Duration) -> Self {
        Self(
            self.0
                .saturating_sub(u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)),
        )
    }

    pub(crate) fn millis(self) -> u64 {
        self.0 / 1_000_000
    }

    pub(crate) fn seconds(self) -> u64 {
        self.0 / 1_000_000_000
    }

    /// Nanoseconds since 1970.
    pub(crate) fn nanos(self) -> u64 {
        self.0
    }

    pub(crate) const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    pub(crate) fn wire(self) -> Option<prost_types::Timestamp> {
        Some(prost_types::Timestamp {
            seconds: i64::try_from(self.0 / 1_000_000_000).unwrap_or(i64::MAX),
            nanos: i32::try_from(self.0 % 1_000_000_000).unwrap_or(0),
        })
    }
}

/// The wire form of a duration.
pub(crate) fn wire(duration: Duration) -> Option<prost_types::Duration> {
    Some(steadfast_proto::duration(duration))
}

/// The wire form of a time-out, of which zero is none.
pub(crate) fn nonzero(timeout: Duration) -> Option<prost_types::Duration> {
    (!timeout.is_zero()).then_some(timeout).and_then(wire)
}

/// A wire duration; absent and malformed ones are zero, which the API reads as "not set".
pub(crate) fn lasting(duration: Option<&prost_types::Duration>) -> Duration {
    duration.and_then(steadfast_proto::std_duration).unwrap_or_default()
}

/// Whether the wire carries a duration below zero.
pub(crate) fn is_negative(duration: Option<&prost_types::Duration>) -> bool {
    duration.is_some_and(|duration| duration.seconds < 0 || duration.nanos < 0)
}

/// A duration as Go writes it, with days: `1h30m`, `90s`, `1.5h`, `1d`.
pub(crate) fn read_duration(text: &str) -> Option<Duration> {
    let mut total = Duration::ZERO;
    let mut rest = (!text.is_empty()).then_some(text)?;
    while !rest.is_empty() {
        let digits = rest.find(|letter: char| !letter.is_ascii_digit() && letter != '.')?;
        let (number, tail) = rest.split_at_checked(digits)?;
        let end = tail.find(|letter: char| letter.is_ascii_digit()).unwrap_or(tail.len());
        let (unit, tail) = tail.split_at_checked(end)?;
        let seconds = match unit {
            "d" => 86_400.0,
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

/// A moment in the form of RFC 3339, in nanoseconds since 1970.
pub(crate) fn read_moment(text: &str) -> Option<i64> {
    let zone = text.get(19..)?;
    let has_zone = zone.ends_with(['Z', 'z']) || zone.contains(['+', '-']);
    if !matches!(text.as_bytes().get(10), Some(b'T' | b't')) || !has_zone {
        return None;
    }
    let moment: prost_types::Timestamp = text.parse().ok()?;
    moment
        .seconds
        .checked_mul(1_000_000_000)?
        .checked_add(i64::from(moment.nanos))
}
