//! Schedules.

use std::time::{Duration, SystemTime};
use steadfast::{
    client::{
        Schedule, ScheduleCalendar, ScheduleError, ScheduleHandle, ScheduleOverlapPolicy, ScheduleRange, ScheduleSpec,
    },
    prelude::*,
    search_attribute::SearchAttributeKey,
};
use steadfast_proto::{duration, enums::IndexedValueType};
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

#[tokio::test]
async fn schedules_are_counted_by_a_query() -> Outcome {
    const NAME: SearchAttributeKey<String> = SearchAttributeKey::keyword("E2eKeyword");
    let environment = Environment::connect().await?;
    environment
        .add_search_attributes(&[("E2eKeyword", IndexedValueType::Keyword)])
        .await?;
    let report = environment
        .client()
        .start::<Report>("sales".to_owned())
        .task_queue(environment.queue());
    let yearly = ScheduleSpec::calendar(ScheduleCalendar::default().month(1).day_of_month(1).year(2099));
    let schedule = environment
        .client()
        .create_schedule(environment.name("reports"), Schedule::new(yearly, report))
        .search_attributes([NAME.set(environment.name("counted"))])
        .await?;
    let count = async |name| {
        let query = format!("E2eKeyword = '{}'", environment.name(name));
        environment.client().count_schedules(query).await
    };
    while count("counted").await? == 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!((count("counted").await?, count("others").await?), (1, 0));
    schedule.delete().await?;
    Ok(())
}

#[tokio::test]
async fn a_spec_is_described_as_it_was_made() -> Outcome {
    let environment = Environment::connect().await?;
    let hour = Duration::from_secs(3600);
    let noon = ScheduleCalendar::default()
        .hour(12)
        .second(30)
        .comment("a bit past noon");
    let week = NEW_YEAR_2030 + 7 * 24 * 3600;
    let spec = ScheduleSpec::cron("0 9 * * 1")
        .and_cron("0 10 * * 2")
        .and_calendar(noon)
        .and_every(hour * 24)
        .and_every_from(hour, hour / 4)
        .end_at(at(week))
        .jitter(Duration::from_secs(7));
    let schedule = reports(&environment, |schedule| schedule.spec(spec.clone()).paused(true)).await?;
    let described = schedule.describe().await?.spec();
    schedule.delete().await?;
    let described = described.raw();
    let intervals: Vec<_> = described
        .interval
        .iter()
        .map(|every| (every.interval, every.phase.unwrap_or_default()))
        .collect();
    let wanted = [(hour * 24, Duration::ZERO), (hour, hour / 4)];
    assert_eq!(
        intervals,
        wanted.map(|(every, phase)| (Some(duration(every)), duration(phase)))
    );
    let calendars = &described.structured_calendar;
    assert_eq!(calendars.len(), 3, "cron expressions are calendars");
    let noon = calendars.iter().find(|calendar| calendar.comment == "a bit past noon");
    let noon = noon.ok_or("the calendar is not there")?;
    assert_eq!((noon.second[0].start, noon.hour[0].start), (30, 12));
    assert_eq!(described.jitter, Some(duration(Duration::from_secs(7))));
    assert_eq!(described.end_time.map(|time| time.seconds), i64::try_from(week).ok());
    Ok(())
}

#[tokio::test]
async fn a_schedule_that_starts_at_once_knows_what_runs_and_is_copied() -> Outcome {
    let environment = Environment::connect().await?;
    let client = environment.client();
    let id = environment.name("report");
    let report = client.start::<Report>("sales".to_owned());
    let report = report.id(&id).task_queue(environment.queue());
    let schedule = Schedule::new(ScheduleSpec::default(), report)
        .pause_on_failure(true)
        .keep_workflow_id(true);
    let schedule = client
        .create_schedule(environment.name("reports"), schedule)
        .trigger_immediately()
        .memo("owner", "ada")
        .await?;
    // Nobody runs the workflow.
    let description = loop {
        let description = schedule.describe().await?;
        if description.running_workflows().count() > 0 {
            break description;
        }
        tokio::task::yield_now().await;
    };
    let started = description.recent_actions().next().ok_or("it was triggered")?;
    let running: Vec<_> = description.running_workflows().collect();
    assert_eq!(running, [(started.workflow_id(), started.run_id())]);
    // The real server remembers that the id is to be kept, and adds the time all the same.
    let kept = running[0].0;
    assert!(
        kept == id || !environment.is_embedded() && kept.starts_with(&id),
        "{kept}"
    );
    assert!(started.actual_time() >= started.schedule_time());
    assert!(description.create_time() <= started.actual_time());
    let skipped = (description.missed_catch_up_window(), description.skipped_overlaps());
    assert_eq!(skipped, (0, 0));
    assert_eq!(description.memo::<String>("owner")?.as_deref(), Some("ada"));
    schedule.delete().await?;
    let copy = description.into_schedule().paused(true);
    let copied = client.create_schedule(environment.name("copy"), copy).await?;
    let copy = copied.describe().await?;
    let policies = copy.raw().schedule.as_ref().and_then(|schedule| schedule.policies);
    let policies = policies.ok_or("a schedule has policies")?;
    assert!(copy.is_paused() && policies.pause_on_failure && policies.keep_original_workflow_id);
    copied.delete().await?;
    client
        .workflow::<Report>(started.workflow_id())
        .terminate("seen enough")
        .await?;
    Ok(())
}
