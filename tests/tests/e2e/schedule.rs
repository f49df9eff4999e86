//! Schedules.

use std::time::{Duration, SystemTime};
use steadfast::{
    client::{
        Schedule, ScheduleCalendar, ScheduleError, ScheduleHandle, ScheduleOverlapPolicy, ScheduleRange, ScheduleSpec,
    },
    prelude::*,
};
use tests::{Environment, Outcome, RunningWorker};

#[derive(Default)]
struct Report;

#[workflow]
impl Report {
    #[run]
    async fn run(_ctx: WorkflowContext<Self>, title: String) -> WorkflowResult<String> {
        Ok(format!("the report on {title}"))
    }
}

/// A schedule of reports that starts nothing by itself for a long time.
async fn reports(
    environment: &Environment,
    change: impl Fn(Schedule) -> Schedule,
) -> Result<ScheduleHandle, ScheduleError> {
    let report = environment
        .client()
        .start::<Report>("sales".to_owned())
        .task_queue(environment.queue());
    let yearly = ScheduleSpec::calendar(ScheduleCalendar::default().month(1).day_of_month(1).year(2099));
    let schedule = change(Schedule::new(yearly, report));
    environment
        .client()
        .create_schedule(environment.name("reports"), schedule)
        .await
}

/// Seconds since the epoch, as a time.
fn at(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
}

/// 2030-01-01 00:00:00 UTC, a Tuesday.
const NEW_YEAR_2030: u64 = 1_893_456_000;

#[tokio::test]
async fn a_triggered_schedule_starts_its_workflow_and_remembers_it() -> Outcome {
    let environment = Environment::connect().await?;
    let _worker = RunningWorker::start(environment.worker().workflow::<Report>());
    let schedule = reports(&environment, |schedule| schedule.note("once a century")).await?;
    schedule.trigger(None).await?;
    let started = loop {
        if let Some(action) = schedule.describe().await?.recent_actions().next() {
            break action;
        }
        tokio::task::yield_now().await;
    };
    assert!(
        started.workflow_id().starts_with(&environment.name("reports")),
        "{started:?}"
    );
    let report = environment.client().workflow::<Report>(started.workflow_id());
    assert_eq!(report.result().await?, "the report on sales");
    let description = schedule.describe().await?;
    assert_eq!(description.action_count(), 1);
    assert_eq!(description.note(), "once a century");
    assert_eq!(description.workflow_type(), "Report");
    schedule.delete().await?;
    Ok(())
}

#[tokio::test]
async fn a_schedule_tells_its_coming_times() -> Outcome {
    let environment = Environment::connect().await?;
    let weekdays = ScheduleCalendar::default()
        .hour(9)
        .minute(ScheduleRange::new(0, 59).step(30))
        .day_of_week(1..=5);
    let holiday = ScheduleCalendar::default()
        .hour(9)
        .minute([0, 30])
        .month(1)
        .day_of_month(1);
    let schedule = reports(&environment, |schedule| {
        schedule.spec(
            ScheduleSpec::calendar(weekdays.clone())
                .except(holiday.clone())
                .time_zone("Europe/Berlin")
                .start_at(at(NEW_YEAR_2030)),
        )
    })
    .await?;
    // Nine in Berlin is eight in UTC in winter; the first of January is left out.
    let nine = NEW_YEAR_2030 + 24 * 3600 + 8 * 3600;
    let times = schedule
        .matching_times(at(NEW_YEAR_2030), at(NEW_YEAR_2030 + 2 * 24 * 3600))
        .await?;
    assert_eq!(times, [at(nine), at(nine + 1800)]);
    let description = schedule.describe().await?;
    assert_eq!(description.next_action_times().next(), Some(at(nine)));
    schedule.delete().await?;
    Ok(())
}

#[tokio::test]
async fn a_paused_schedule_says_so_until_it_goes_on() -> Outcome {
    let environment = Environment::connect().await?;
    let schedule = reports(&environment, |schedule| schedule.paused(true).remaining_actions(3)).await?;
    let description = schedule.describe().await?;
    assert!(description.is_paused());
    assert_eq!(description.remaining_actions(), Some(3));
    schedule.unpause("back to work").await?;
    let description = schedule.describe().await?;
    assert!(!description.is_paused());
    assert_eq!(description.note(), "back to work");
    schedule.pause("").await?;
    assert!(schedule.describe().await?.is_paused(), "also without a note");
    schedule.delete().await?;
    Ok(())
}

#[tokio::test]
async fn a_schedule_is_changed_in_part() -> Outcome {
    let environment = Environment::connect().await?;
    let schedule = reports(&environment, |schedule| schedule.note("old")).await?;
    schedule
        .update(|schedule| {
            schedule
                .overlap(ScheduleOverlapPolicy::BufferAll)
                .catch_up_window(Duration::from_secs(60))
                .note("new")
        })
        .await?;
    let description = loop {
        let description = schedule.describe().await?;
        if description.update_time().is_some() {
            break description;
        }
        tokio::task::yield_now().await;
    };
    assert_eq!(description.note(), "new");
    assert_eq!(description.overlap(), ScheduleOverlapPolicy::BufferAll);
    assert_eq!(description.catch_up_window(), Some(Duration::from_secs(60)));
    assert_eq!(description.workflow_type(), "Report", "what was not named stays");
    schedule.delete().await?;
    Ok(())
}

#[tokio::test]
async fn past_times_are_made_up_for() -> Outcome {
    let environment = Environment::connect().await?;
    let _worker = RunningWorker::start(environment.worker().workflow::<Report>());
    let schedule = reports(&environment, |schedule| {
        schedule
            .spec(ScheduleSpec::every(Duration::from_secs(24 * 3600)))
            .paused(true)
    })
    .await?;
    let day = 20_000 * 24 * 3600;
    schedule
        .backfill(at(day), at(day + 2 * 24 * 3600), ScheduleOverlapPolicy::AllowAll)
        .await?;
    let started = loop {
        let started: Vec<_> = schedule.describe().await?.recent_actions().collect();
        if started.len() == 3 {
            break started;
        }
        tokio::task::yield_now().await;
    };
    let times: Vec<_> = started.iter().filter_map(|action| action.schedule_time()).collect();
    assert_eq!(times, [at(day), at(day + 24 * 3600), at(day + 2 * 24 * 3600)]);
    schedule.delete().await?;
    Ok(())
}

#[tokio::test]
async fn an_id_is_used_once_and_a_deleted_schedule_is_gone() -> Outcome {
    let environment = Environment::connect().await?;
    let schedule = reports(&environment, |schedule| schedule).await?;
    match reports(&environment, |schedule| schedule).await {
        Err(ScheduleError::AlreadyExists(_)) => {}
        other => panic!("expected that there is one already, got {other:?}"),
    }
    schedule.delete().await?;
    let error = loop {
        match schedule.describe().await {
            // It may be listed for a moment longer.
            Ok(_) => tokio::task::yield_now().await,
            Err(error) => break error,
        }
    };
    assert!(matches!(error, ScheduleError::NotFound(_)), "{error:?}");
    Ok(())
}

#[tokio::test]
async fn schedules_are_listed() -> Outcome {
    let environment = Environment::connect().await?;
    let schedule = reports(&environment, |schedule| schedule.note("listed").paused(true)).await?;
    let listed = 'listed: loop {
        let mut list = environment.client().list_schedules("");
        while let Some(summary) = list.next().await? {
            if summary.id() == schedule.id() {
                break 'listed summary;
            }
        }
        tokio::task::yield_now().await;
    };
    assert_eq!(listed.note(), "listed");
    assert_eq!(listed.workflow_type(), "Report");
    assert!(listed.is_paused());
    assert_eq!(listed.handle().describe().await?.note(), "listed");
    schedule.delete().await?;
    Ok(())
}
