//! Specs of schedules: the times that they name.

use crate::{schedule::*, support::*};
use std::time::Duration;
use steadfast_proto::{duration, schedule::*};

#[tokio::test]
async fn specs_say_when_in_many_ways() {
    let bench = real();
    let zoned = |text: &str, zone: &str| ScheduleSpec {
        timezone_name: zone.to_owned(),
        ..cron(text)
    };
    let year = ("2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z");
    let day = ("2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z");
    let excluding = ScheduleSpec {
        exclude_calendar: vec![CalendarSpec {
            hour: "1-22".to_owned(),
            minute: "*".to_owned(),
            ..Default::default()
        }],
        ..every(HOUR)
    };
    let bounded = ScheduleSpec {
        start_time: at("2026-01-01T02:00:00Z"),
        end_time: at("2026-01-01T03:00:00Z"),
        ..every(HOUR)
    };
    for (spec, (start, end), expected) in [
        (
            cron("@every 12h/5m"),
            day,
            vec!["2026-01-01T00:05:00Z", "2026-01-01T12:05:00Z"],
        ),
        (
            cron("0 12 1 * MON # both have to match"),
            year,
            vec!["2026-06-01T12:00:00Z"],
        ),
        (cron("5 4 3 2 1 * 2026"), year, vec!["2026-01-02T03:04:05Z"]),
        (cron("TZ=Europe/Berlin @daily"), day, vec!["2026-01-01T23:00:00Z"]),
        (excluding, day, vec!["2026-01-01T23:00:00Z", "2026-01-02T00:00:00Z"]),
        (bounded, day, vec!["2026-01-01T02:00:00Z", "2026-01-01T03:00:00Z"]),
        // Clocks go forward from 2:00 to 3:00.
        (
            zoned("30 2 * * *", "America/New_York"),
            ("2026-03-07T00:00:00Z", "2026-03-10T00:00:00Z"),
            vec!["2026-03-07T07:30:00Z", "2026-03-09T06:30:00Z"],
        ),
        // Clocks go back from 2:00 to 1:00.
        (
            zoned("30 1 * * *", "America/New_York"),
            ("2026-10-31T12:00:00Z", "2026-11-02T12:00:00Z"),
            vec!["2026-11-01T05:30:00Z", "2026-11-01T06:30:00Z", "2026-11-02T06:30:00Z"],
        ),
    ] {
        assert_eq!(
            bench.times(spec.clone(), start, end).await.unwrap(),
            expected,
            "{spec:?}"
        );
    }
}

#[tokio::test]
async fn specs_that_make_no_sense_are_refused() {
    let bench = real();
    for (text, message) in [
        ("0 12 * *", "CronString does not have 5-7 fields"),
        ("61 12 * * *", "Minute is not in range [0-59]"),
        ("10-5 12 * * *", "Minute End is before Start or not in range [0-59]"),
        ("@every 1h/2h", "phase cannot be greater than Interval"),
        ("@every 10ms", "interval is too small"),
        ("TZ=Mars/Olympus 0 12 * * *", "unknown time zone Mars/Olympus"),
    ] {
        let refused = bench
            .times(cron(text), "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z")
            .await;
        assert_eq!(refused, Err(format!("Invalid schedule spec: {message}")), "{text}");
    }
}

#[tokio::test]
async fn everything_excluded_leaves_nothing_and_takes_no_time() {
    let bench = real();
    let star = || "*".to_owned();
    let all = CalendarSpec {
        second: star(),
        minute: star(),
        hour: star(),
        ..Default::default()
    };
    let nothing = ScheduleSpec {
        exclude_calendar: vec![all],
        ..every(Duration::from_secs(1))
    };
    let times = bench
        .times(nothing, "2026-01-01T00:00:00Z", "2100-01-01T00:00:00Z")
        .await;
    assert_eq!(times, Ok(vec![]));
}

#[tokio::test]
async fn jitter_is_drawn_once_for_each_time_and_stays_within_its_bound() {
    let spec = ScheduleSpec {
        jitter: Some(duration(Duration::from_secs(600))),
        ..every(HOUR)
    };
    let (start, end) = ("2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z");
    let times = real().times(spec.clone(), start, end).await.unwrap();
    assert_eq!(times, real().times(spec, start, end).await.unwrap());
    assert!(times.len() >= 23);
    assert!(times.iter().all(|time| &time[14..15] == "0"), "{times:?}");
    assert!(times.iter().any(|time| time[15..] != times[0][15..]));
}
