//! Schedules: when they act, and what they do with what runs already.

use crate::support::*;
use std::time::Duration;
use steadfast_proto::{
    duration,
    enums::{EventType::*, ScheduleOverlapPolicy as Overlap, WorkflowExecutionStatus as Status},
    failure::Failure,
    history::{HistoryEvent, history_event::Attributes},
    prost_types::Timestamp,
    schedule::{schedule_action::Action, *},
    testservice::SleepRequest,
    tonic::{Code, Request, Status as Refusal},
    workflow::NewWorkflowExecutionInfo,
    workflowservice::*,
};
use steadfast_server::Time;

pub(crate) const HOUR: Duration = Duration::from_secs(3600);

pub(crate) fn every(interval: Duration) -> ScheduleSpec {
    ScheduleSpec {
        interval: vec![IntervalSpec {
            interval: Some(duration(interval)),
            phase: None,
        }],
        ..Default::default()
    }
}

pub(crate) fn cron(text: &str) -> ScheduleSpec {
    ScheduleSpec {
        cron_string: vec![text.to_owned()],
        ..Default::default()
    }
}

pub(crate) fn action() -> NewWorkflowExecutionInfo {
    NewWorkflowExecutionInfo {
        workflow_id: "w".to_owned(),
        workflow_type: start("w").workflow_type,
        task_queue: queue(QUEUE),
        ..Default::default()
    }
}

pub(crate) fn schedule(spec: ScheduleSpec, overlap: Overlap) -> Schedule {
    Schedule {
        spec: Some(spec),
        action: Some(ScheduleAction {
            action: Some(Action::StartWorkflow(action())),
        }),
        policies: Some(SchedulePolicies {
            overlap_policy: overlap.into(),
            ..Default::default()
        }),
        state: None,
    }
}

pub(crate) fn at(text: &str) -> Option<Timestamp> {
    Some(text.parse().unwrap())
}

pub(crate) fn trigger() -> SchedulePatch {
    SchedulePatch {
        trigger_immediately: Some(TriggerImmediatelyRequest::default()),
        ..Default::default()
    }
}

pub(crate) fn backfill(overlap: Overlap) -> SchedulePatch {
    SchedulePatch {
        backfill_request: vec![BackfillRequest {
            start_time: at("2026-01-01T00:00:00Z"),
            end_time: at("2026-01-01T03:00:00Z"),
            overlap_policy: overlap.into(),
        }],
        ..Default::default()
    }
}

impl Bench {
    pub(crate) async fn try_create(
        &self,
        set: impl FnOnce(&mut CreateScheduleRequest),
    ) -> Result<CreateScheduleResponse, Refusal> {
        let mut request = CreateScheduleRequest {
            namespace: "default".to_owned(),
            schedule_id: "s".to_owned(),
            request_id: "create".to_owned(),
            schedule: Some(schedule(every(HOUR), Overlap::Unspecified)),
            ..Default::default()
        };
        set(&mut request);
        let created = self.service.create_schedule(Request::new(request)).await;
        created.map(|response| response.into_inner())
    }

    pub(crate) async fn create(&self, schedule: Schedule) {
        self.try_create(|request| request.schedule = Some(schedule))
            .await
            .unwrap();
    }

    pub(crate) async fn patch(&self, patch: SchedulePatch) {
        let request = PatchScheduleRequest {
            namespace: "default".to_owned(),
            schedule_id: "s".to_owned(),
            patch: Some(patch),
            ..Default::default()
        };
        self.service.patch_schedule(Request::new(request)).await.unwrap();
    }

    pub(crate) async fn describe_schedule(&self) -> DescribeScheduleResponse {
        let request = DescribeScheduleRequest {
            namespace: "default".to_owned(),
            schedule_id: "s".to_owned(),
        };
        self.service
            .describe_schedule(Request::new(request))
            .await
            .unwrap()
            .into_inner()
    }

    pub(crate) async fn info(&self) -> ScheduleInfo {
        self.describe_schedule().await.info.unwrap()
    }

    /// What the schedule started, oldest first: the ends of the workflows' ids, and how they stand.
    pub(crate) async fn started(&self) -> Vec<(String, Status)> {
        let result = |action: ScheduleActionResult| {
            let id = action.start_workflow_result.clone().unwrap().workflow_id;
            (id.trim_start_matches("w-").to_owned(), action.start_workflow_status())
        };
        self.info().await.recent_actions.into_iter().map(result).collect()
    }

    pub(crate) async fn times(&self, spec: ScheduleSpec, start: &str, end: &str) -> Result<Vec<String>, String> {
        let id = format!("{start}{end}{spec:?}");
        let id = id.get(..id.len().min(900)).unwrap().to_owned();
        let paused = Schedule {
            state: Some(ScheduleState {
                paused: true,
                ..Default::default()
            }),
            ..schedule(spec, Overlap::Skip)
        };
        self.try_create(|request| {
            request.schedule_id.clone_from(&id);
            request.schedule = Some(paused);
        })
        .await
        .map_err(|refused| refused.message().to_owned())?;
        let request = ListScheduleMatchingTimesRequest {
            namespace: "default".to_owned(),
            schedule_id: id,
            start_time: at(start),
            end_time: at(end),
        };
        let times = self
            .service
            .list_schedule_matching_times(Request::new(request))
            .await
            .unwrap();
        Ok(times.into_inner().start_time.iter().map(Timestamp::to_string).collect())
    }

    pub(crate) async fn finish_next(&self) {
        let task = self.poll().await;
        self.answer(&task, vec![complete()]).await.unwrap();
    }
}

pub(crate) fn first_attributes(
    event: &HistoryEvent,
) -> &steadfast_proto::history::WorkflowExecutionStartedEventAttributes {
    match &event.attributes {
        Some(Attributes::WorkflowExecutionStartedEventAttributes(started)) => started,
        other => panic!("not a start: {other:?}"),
    }
}

/// The next whole hour after the server's present time.
pub(crate) fn next_hour(bench: &Bench) -> String {
    let seconds = bench
        .server
        .now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap()
        .as_secs();
    let seconds = i64::try_from(seconds / 3600 * 3600 + 3600).unwrap();
    Timestamp { seconds, nanos: 0 }.to_string()
}

#[tokio::test]
async fn a_schedule_starts_a_workflow_when_its_time_comes() {
    let bench = bench(Time::Virtual);
    let time = next_hour(&bench);
    bench.create(schedule(every(HOUR), Overlap::Skip)).await;
    assert_eq!(bench.info().await.future_action_times[0].to_string(), time);
    bench.server.skip(HOUR);
    let workflow_id = format!("w-{time}");
    let history = bench.history(&workflow_id).await;
    let started = first_attributes(&history[0]);
    assert_eq!(started.identity, "temporal-scheduler-default-s");
    let attributes = &started.search_attributes.as_ref().unwrap().indexed_fields;
    assert_eq!(attributes["TemporalScheduledById"].data, "\"s\"");
    assert_eq!(attributes["TemporalScheduledStartTime"].data, format!("\"{time}\""));
    let info = bench.info().await;
    assert_eq!(info.action_count, 1);
    assert_eq!(info.running_workflows[0].workflow_id, workflow_id);
    bench.finish_next().await;
    assert_eq!(bench.started().await, [(time, Status::Completed)]);
    assert!(bench.info().await.running_workflows.is_empty());
}

#[tokio::test]
async fn results_are_passed_on_to_the_next_run_and_so_are_failures() {
    let bench = real();
    bench
        .create(schedule(ScheduleSpec::default(), Overlap::BufferAll))
        .await;
    bench.patch(trigger()).await;
    bench.finish_next().await;
    bench
        .patch(SchedulePatch {
            trigger_immediately: Some(TriggerImmediatelyRequest {
                scheduled_time: at("2026-01-01T00:00:00Z"),
                ..Default::default()
            }),
            ..Default::default()
        })
        .await;
    let task = bench.poll().await;
    let started = first_attributes(&task.history.as_ref().unwrap().events[0]).clone();
    assert_eq!(started.last_completion_result, Some(text("done")));
    bench
        .answer(&task, vec![fail(Failure::application("Boom", "no"))])
        .await
        .unwrap();
    bench
        .patch(SchedulePatch {
            trigger_immediately: Some(TriggerImmediatelyRequest {
                scheduled_time: at("2026-01-02T00:00:00Z"),
                ..Default::default()
            }),
            ..Default::default()
        })
        .await;
    let task = bench.poll().await;
    let started = first_attributes(&task.history.as_ref().unwrap().events[0]).clone();
    assert_eq!(started.continued_failure.unwrap().message, "no");
    assert_eq!(started.last_completion_result, Some(text("done")));
}

#[tokio::test]
async fn what_overlaps_goes_by_the_policy() {
    for (overlap, started, skipped, waiting) in [
        (Overlap::Skip, vec!["00", "running"], 3, 0),
        (Overlap::BufferOne, vec!["00", "running"], 2, 1),
        (Overlap::BufferAll, vec!["00", "running"], 0, 3),
        (Overlap::CancelOther, vec!["03", "running"], 0, 0),
        (Overlap::TerminateOther, vec!["03", "running"], 0, 0),
        (
            Overlap::AllowAll,
            vec!["00", "running", "01", "running", "02", "running", "03", "running"],
            0,
            0,
        ),
    ] {
        let bench = real();
        bench.create(schedule(every(HOUR), Overlap::Skip)).await;
        bench.patch(backfill(overlap)).await;
        let shown: Vec<String> = bench
            .started()
            .await
            .into_iter()
            .flat_map(|(id, status)| [id[11..13].to_owned(), status.as_str_name()[26..].to_lowercase()])
            .collect();
        let info = bench.info().await;
        assert_eq!(shown, started, "{overlap:?}");
        assert_eq!(
            (info.overlap_skipped, info.buffer_size),
            (skipped, waiting),
            "{overlap:?}"
        );
    }
}

#[tokio::test]
async fn what_waits_is_started_one_after_the_other() {
    let bench = real();
    bench.create(schedule(every(HOUR), Overlap::Skip)).await;
    bench.patch(backfill(Overlap::BufferAll)).await;
    for _ in 0..4 {
        bench.finish_next().await;
    }
    let started = bench.started().await;
    let hours: Vec<&str> = started.iter().map(|(id, _)| &id[11..13]).collect();
    assert_eq!(hours, ["00", "01", "02", "03"]);
    assert!(started.iter().all(|(_, status)| *status == Status::Completed));
}

#[tokio::test]
async fn the_one_that_runs_is_cancelled_or_terminated_for_the_next() {
    for (overlap, last) in [
        (Overlap::CancelOther, WorkflowExecutionCancelRequested),
        (Overlap::TerminateOther, WorkflowExecutionTerminated),
    ] {
        let bench = bench(Time::Virtual);
        let first = next_hour(&bench);
        bench.create(schedule(every(HOUR), overlap)).await;
        bench.server.skip(2 * HOUR);
        let events = bench.events(&format!("w-{first}")).await;
        assert_eq!(events.last(), Some(&last), "{overlap:?}");
        let info = bench.info().await;
        let has_ended = overlap == Overlap::TerminateOther;
        assert_eq!(info.action_count, if has_ended { 2 } else { 1 });
        assert_eq!(info.buffer_size, if has_ended { 0 } else { 1 });
    }
}

#[tokio::test]
async fn a_paused_schedule_does_nothing_by_itself_and_makes_up_for_nothing() {
    let bench = bench(Time::Virtual);
    bench.create(schedule(every(HOUR), Overlap::AllowAll)).await;
    bench
        .patch(SchedulePatch {
            pause: "a holiday".to_owned(),
            ..Default::default()
        })
        .await;
    bench.server.skip(5 * HOUR);
    let described = bench.describe_schedule().await;
    let state = described.schedule.unwrap().state.unwrap();
    assert_eq!((state.paused, state.notes.as_str()), (true, "a holiday"));
    assert_eq!(described.info.as_ref().unwrap().action_count, 0);
    assert_eq!(
        described.info.unwrap().future_action_times.len(),
        10,
        "what would come is shown"
    );
    bench.patch(trigger()).await;
    assert_eq!(bench.info().await.action_count, 1, "by hand it works");
    bench
        .patch(SchedulePatch {
            unpause: "back".to_owned(),
            ..Default::default()
        })
        .await;
    bench.server.skip(HOUR);
    assert_eq!(bench.info().await.action_count, 2);
}

#[tokio::test]
async fn a_failure_pauses_where_that_is_asked_for() {
    let bench = real();
    let mut pausing = schedule(ScheduleSpec::default(), Overlap::Skip);
    pausing.policies.as_mut().unwrap().pause_on_failure = true;
    bench.create(pausing).await;
    bench.patch(trigger()).await;
    let task = bench.poll().await;
    bench
        .answer(&task, vec![fail(Failure::application("Boom", "no"))])
        .await
        .unwrap();
    let state = bench.describe_schedule().await.schedule.unwrap().state.unwrap();
    assert!(state.paused);
    let id = task.workflow_execution.unwrap().workflow_id;
    assert_eq!(state.notes, format!("paused due to workflow failure: {id}: no"));
}

#[tokio::test]
async fn limited_actions_run_out() {
    let bench = bench(Time::Virtual);
    let mut limited = schedule(every(HOUR), Overlap::AllowAll);
    limited.state = Some(ScheduleState {
        limited_actions: true,
        remaining_actions: 2,
        ..Default::default()
    });
    bench.create(limited).await;
    assert_eq!(bench.info().await.future_action_times.len(), 2);
    bench.server.skip(5 * HOUR);
    let described = bench.describe_schedule().await;
    assert_eq!(described.schedule.unwrap().state.unwrap().remaining_actions, 0);
    let info = described.info.unwrap();
    assert_eq!((info.action_count, info.future_action_times.len()), (2, 0));
    bench.patch(backfill(Overlap::AllowAll)).await;
    assert_eq!(
        bench.info().await.action_count,
        6,
        "what a user asks for is not counted"
    );
}

#[tokio::test]
async fn an_update_replaces_what_was_said_and_needs_the_latest_token() {
    let bench = bench(Time::Virtual);
    bench.create(schedule(every(HOUR), Overlap::Skip)).await;
    let token = bench.describe_schedule().await.conflict_token;
    let update = |token: &bytes::Bytes| UpdateScheduleRequest {
        namespace: "default".to_owned(),
        schedule_id: "s".to_owned(),
        schedule: Some(schedule(cron("0 12 * * *"), Overlap::BufferOne)),
        conflict_token: token.clone(),
        ..Default::default()
    };
    bench
        .service
        .update_schedule(Request::new(update(&token)))
        .await
        .unwrap();
    let described = bench.describe_schedule().await;
    let noon = described.info.as_ref().unwrap().future_action_times[0];
    assert_eq!(noon.seconds % (24 * 3600), 12 * 3600);
    assert!(described.info.unwrap().update_time.is_some());
    let updated = described.schedule.unwrap();
    assert_eq!(updated.policies.unwrap().overlap_policy(), Overlap::BufferOne);
    let spec = updated.spec.unwrap();
    assert!(spec.cron_string.is_empty() && spec.interval.is_empty());
    assert_eq!(
        spec.structured_calendar[0].hour,
        [Range {
            start: 12,
            end: 12,
            step: 1
        }]
    );
    let refused = bench
        .service
        .update_schedule(Request::new(update(&token)))
        .await
        .unwrap_err();
    assert_eq!(refused.code(), Code::FailedPrecondition);
}

#[tokio::test]
async fn a_repeated_request_does_nothing_more() {
    let bench = real();
    bench.try_create(|_| {}).await.unwrap();
    bench.try_create(|_| {}).await.unwrap();
    let refused = bench
        .try_create(|request| request.request_id = "other".to_owned())
        .await
        .unwrap_err();
    assert_eq!(refused.code(), Code::AlreadyExists);
    assert_eq!(refused.message(), "schedule \"s\" is already registered");
    let patch = PatchScheduleRequest {
        namespace: "default".to_owned(),
        schedule_id: "s".to_owned(),
        patch: Some(trigger()),
        request_id: "once".to_owned(),
        ..Default::default()
    };
    bench.service.patch_schedule(Request::new(patch.clone())).await.unwrap();
    bench.service.patch_schedule(Request::new(patch)).await.unwrap();
    let info = bench.info().await;
    assert_eq!((info.action_count, info.overlap_skipped), (1, 0));
}

#[tokio::test]
async fn a_deleted_schedule_leaves_what_it_started() {
    let bench = bench(Time::Virtual);
    bench.create(schedule(every(HOUR), Overlap::Skip)).await;
    bench.server.skip(HOUR);
    let running = bench.info().await.running_workflows.remove(0).workflow_id;
    let delete = DeleteScheduleRequest {
        namespace: "default".to_owned(),
        schedule_id: "s".to_owned(),
        ..Default::default()
    };
    bench
        .service
        .delete_schedule(Request::new(delete.clone()))
        .await
        .unwrap();
    bench.server.skip(5 * HOUR);
    bench.finish_next().await;
    assert_eq!(bench.closed(&running).await.event_type(), WorkflowExecutionCompleted);
    let refused = bench.service.delete_schedule(Request::new(delete)).await.unwrap_err();
    assert_eq!(
        (refused.code(), refused.message()),
        (Code::NotFound, "schedule not found")
    );
    bench.create(schedule(every(HOUR), Overlap::Skip)).await;
}

#[tokio::test]
async fn actions_that_would_never_start_are_refused() {
    let bench = real();
    type Change = fn(&mut NewWorkflowExecutionInfo);
    let changes: [(Change, &str); 4] = [
        (
            |action| action.cron_schedule = "* * * * *".to_owned(),
            "Scheduled workflow must not contain CronSchedule",
        ),
        (
            |action| action.workflow_id_reuse_policy = 3,
            "Scheduled workflow must not contain WorkflowIDReusePolicy",
        ),
        (
            |action| action.workflow_type = None,
            "WorkflowType is not set on request.",
        ),
        (|action| action.task_queue = None, "missing task queue name"),
    ];
    for (change, message) in changes {
        let mut action = action();
        change(&mut action);
        let refused = bench
            .try_create(|request| {
                request.schedule.as_mut().unwrap().action = Some(ScheduleAction {
                    action: Some(Action::StartWorkflow(action)),
                });
            })
            .await
            .unwrap_err();
        assert_eq!((refused.code(), refused.message()), (Code::InvalidArgument, message));
    }
}

/// A schedule moves virtual time like a timer, and costs little: a year of hours, with an activity in each workflow.
#[tokio::test]
async fn a_virtual_year_of_an_hourly_schedule_starts_each_hour_once() {
    let bench = bench(Time::Virtual);
    bench.create(schedule(every(HOUR), Overlap::BufferAll)).await;
    let year = SleepRequest {
        duration: Some(duration(365 * 24 * HOUR)),
    };
    let workers = async {
        loop {
            let task = bench.poll().await;
            bench.answer(&task, vec![activity("a", |_| {})]).await.unwrap();
            let work = bench.poll_activity().await;
            bench.complete_activity(&work).await.unwrap();
            bench.finish_next().await;
        }
    };
    let service = bench.server.test_service();
    tokio::select! {
        slept = service.sleep(Request::new(year)) => { slept.unwrap(); }
        () = workers => {}
    }
    let info = bench.info().await;
    assert_eq!(info.action_count, 365 * 24);
    assert_eq!(info.overlap_skipped, 0);
}
