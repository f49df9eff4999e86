//! Times and durations between the wire and `std`.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The wire form of a duration; one too long for the wire becomes the longest the wire has.
#[must_use]
pub fn duration(duration: Duration) -> prost_types::Duration {
    prost_types::Duration {
        seconds: i64::try_from(duration.as_secs()).unwrap_or(i64::MAX),
        nanos: i32::try_from(duration.subsec_nanos()).unwrap_or(0),
    }
}

/// A wire duration as `std` has it; `None` if it is negative or malformed.
#[must_use]
pub fn std_duration(duration: &prost_types::Duration) -> Option<Duration> {
    let seconds = u64::try_from(duration.seconds).ok()?;
    let nanos = u32::try_from(duration.nanos)
        .ok()
        .filter(|nanos| *nanos < 1_000_000_000)?;
    Some(Duration::new(seconds, nanos))
}

/// The wire form of a time; one before 1970 becomes 1970.
#[must_use]
pub fn timestamp(time: SystemTime) -> prost_types::Timestamp {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    prost_types::Timestamp {
        seconds: i64::try_from(since.as_secs()).unwrap_or(i64::MAX),
        nanos: i32::try_from(since.subsec_nanos()).unwrap_or(0),
    }
}

/// A wire time as `std` has it; `None` if it is before 1970 or malformed.
#[must_use]
pub fn system_time(timestamp: &prost_types::Timestamp) -> Option<SystemTime> {
    let seconds = u64::try_from(timestamp.seconds).ok()?;
    let nanos = u32::try_from(timestamp.nanos)
        .ok()
        .filter(|nanos| *nanos < 1_000_000_000)?;
    UNIX_EPOCH.checked_add(Duration::new(seconds, nanos))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_survive_the_round_trip() {
        let original = Duration::new(72 * 3600, 5_000_000);
        assert_eq!(std_duration(&duration(original)), Some(original));
    }

    #[test]
    fn a_negative_or_malformed_duration_is_refused() {
        assert_eq!(std_duration(&prost_types::Duration { seconds: -1, nanos: 0 }), None);
        assert_eq!(
            std_duration(&prost_types::Duration {
                seconds: 0,
                nanos: 1_000_000_000
            }),
            None
        );
    }

    #[test]
    fn a_duration_too_long_for_the_wire_becomes_the_longest_one() {
        assert_eq!(duration(Duration::MAX).seconds, i64::MAX);
    }

    #[test]
    fn times_survive_the_round_trip() {
        let original = UNIX_EPOCH + Duration::new(1_900_000_000, 123_000_000);
        assert_eq!(system_time(&timestamp(original)), Some(original));
    }

    #[test]
    fn a_time_before_1970_is_1970_on_the_wire_and_refused_from_it() {
        assert_eq!(
            timestamp(UNIX_EPOCH - Duration::from_secs(1)),
            prost_types::Timestamp::default()
        );
        assert_eq!(system_time(&prost_types::Timestamp { seconds: -1, nanos: 0 }), None);
    }
}
