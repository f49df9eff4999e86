//! Workflows whose own time jumps while nothing of them is under way.

use crate::support::*;
use std::time::Duration;
use steadfast_proto::{
    common::{FastForwardConfig, RetryPolicy, TimeSkippingConfig},
    duration,
    enums::{EventType, FastForwardPollingResult as Polled},
    failure::Failure,
    history::{HistoryEvent, history_event::Attributes},
    prost_types::FieldMask,
    std_duration, system_time,
    tonic::{Code, Request, Status},
    workflow::WorkflowExecutionOptions,
    workflowservice::*,
};

const DAY: Duration = Duration::from_secs(86_400);

fn skipping() -> TimeSkippingConfig {
    TimeSkippingConfig {
        enabled: true,
        ..Default::default()
    }
}

fn forward(id: &str, by: Duration) -> TimeSkippingConfig {
    TimeSkippingConfig {
        fast_forward_config: Some(FastForwardConfig {
            id: id.to_owned(),
            duration: Some(duration(by)),
        }),
        ..skipping()
    }
}

impl Bench {
    async fn start_skipping(&self, set: impl FnOnce(&mut StartWorkflowExecutionRequest)) {
        let mut request = StartWorkflowExecutionRequest {
            time_skipping_config: Some(Box::new(skipping())),
            ..start("workflow")
        };
        set(&mut request);
        self.start_with(request).await.unwrap();
    }

    async fn change(&self, config: Option<TimeSkippingConfig>) -> Result<WorkflowExecutionOptions, Status> {
        self.change_at("time_skipping_config", config).await
    }

    async fn change_at(
        &self,
        path: &str,
        config: Option<TimeSkippingConfig>,
    ) -> Result<WorkflowExecutionOptions, Status> {
        let request = UpdateWorkflowExecutionOptionsRequest {
            namespace: "default".to_owned(),
            workflow_execution: execution("workflow"),
            workflow_execution_options: Some(WorkflowExecutionOptions {
                time_skipping_config: config,
                ..Default::default()
            }),
            update_mask: Some(FieldMask {
                paths: vec![path.to_owned()],
            }),
            ..Default::default()
        };
        let answer = self
            .service
            .update_workflow_execution_options(Request::new(request))
            .await?;
        Ok(answer.into_inner().workflow_execution_options.unwrap())
    }

    async fn forwarded(&self, id: &str) -> Result<(Polled, String), Status> {
        let request = PollWorkflowExecutionTimeSkippingRequest {
            namespace: "default".to_owned(),
            workflow_execution: execution("workflow"),
            fast_forward_id: id.to_owned(),
        };
        let answer = self
            .service
            .poll_workflow_execution_time_skipping(Request::new(request))
            .await?;
        let answer = answer.into_inner();
        Ok((answer.fast_forward_polling_result(), answer.failed_reason))
    }

    /// How far the workflow's time is ahead of everybody's.
    async fn ahead(&self) -> Duration {
        let info = self
            .describe("workflow")
            .await
            .workflow_extended_info
            .unwrap()
            .time_skipping_info;
        let now = info.unwrap().current_time.unwrap();
        system_time(&now)
            .unwrap()
            .duration_since(self.server.now())
            .unwrap_or_default()
    }
}

/// Between an event and the next.
fn between(events: &[HistoryEvent], at: usize) -> Duration {
    let time = |event: &HistoryEvent| system_time(&event.event_time.unwrap()).unwrap();
    time(&events[at + 1]).duration_since(time(&events[at])).unwrap()
}

#[tokio::test]
async fn a_change_of_options_says_that_there_is_no_override_and_which_priority_was_given() {
    let bench = real();
    let request = StartWorkflowExecutionRequest {
        priority: Some(Default::default()),
        ..start("workflow")
    };
    bench.start_with(request).await.unwrap();
    bench.change(Some(skipping())).await.unwrap();
    let events = bench.history("workflow").await;
    let Some(Attributes::WorkflowExecutionOptionsUpdatedEventAttributes(changed)) = &events.last().unwrap().attributes
    else {
        panic!("{events:?}")
    };
    assert!(changed.unset_versioning_override);
    assert_eq!(changed.priority, Some(Default::default()));
}

#[tokio::test]
async fn a_timer_of_a_day_fires_at_once() {
    let bench = real();
    bench.start_skipping(|_| {}).await;
    let task = bench.poll().await;
    bench.answer(&task, vec![start_timer("1", DAY)]).await.unwrap();
    let task = bench.poll().await;
    bench.answer(&task, vec![complete()]).await.unwrap();
    let events = bench.history("workflow").await;
    use EventType::*;
    assert_eq!(
        types(&events)[4..8],
        [
            TimerStarted,
            WorkflowExecutionTimeSkippingTransitioned,
            TimerFired,
            WorkflowTaskScheduled
        ]
    );
    assert!(events[5].worker_may_ignore);
    assert!(
        between(&events, 5) >= DAY - Duration::from_secs(1),
        "{:?}",
        between(&events, 5)
    );
    let Some(Attributes::WorkflowExecutionStartedEventAttributes(started)) = &events[0].attributes else {
        panic!("expected a start, got {:?}", events[0]);
    };
    let config = started.time_skipping_config.clone().unwrap();
    assert_eq!((config.enabled, config.max_session_skip_count), (true, 200));
}

#[tokio::test]
async fn the_time_of_others_stays() {
    let bench = real();
    let before = bench.server.now();
    bench
        .start_skipping(|request| request.workflow_start_delay = Some(duration(DAY)))
        .await;
    bench.poll().await;
    assert!(bench.ahead().await > DAY - Duration::from_secs(5));
    assert!(bench.server.now().duration_since(before).unwrap() < DAY);
}

#[tokio::test]
async fn retries_of_activities_are_skipped_to_but_activities_are_waited_for() {
    let bench = real();
    bench.start_skipping(|_| {}).await;
    let task = bench.poll().await;
    let retried = activity("1", |command| {
        command.retry_policy = Some(RetryPolicy {
            initial_interval: Some(duration(DAY)),
            maximum_interval: Some(duration(DAY)),
            backoff_coefficient: 1.0,
            ..Default::default()
        });
    });
    bench
        .answer(&task, vec![retried, start_timer("far", 10 * DAY)])
        .await
        .unwrap();
    for attempt in 1..=3 {
        let task = bench.poll_activity().await;
        assert_eq!(task.attempt, attempt);
        let expected = DAY * u32::try_from(attempt - 1).unwrap();
        let ahead = bench.ahead().await;
        assert!(
            ahead <= expected && ahead + Duration::from_secs(5) > expected,
            "{ahead:?}"
        );
        if attempt < 3 {
            let failure = Failure {
                failure_info: Some(steadfast_proto::failure::failure::FailureInfo::ApplicationFailureInfo(
                    Default::default(),
                )),
                ..Default::default()
            };
            bench.fail_activity(&task, failure).await;
        } else {
            bench.complete_activity(&task).await.unwrap();
        }
    }
}

#[tokio::test]
async fn a_run_time_out_comes_as_soon_as_nothing_else_does() {
    let bench = real();
    bench
        .start_skipping(|request| request.workflow_run_timeout = Some(duration(DAY)))
        .await;
    let task = bench.poll().await;
    bench.answer(&task, vec![start_timer("1", 2 * DAY)]).await.unwrap();
    let end = bench.closed("workflow").await;
    assert_eq!(end.event_type(), EventType::WorkflowExecutionTimedOut);
}

#[tokio::test]
async fn fast_forward_goes_to_its_moment_and_no_further() {
    let bench = real();
    bench.start("workflow").await;
    let task = bench.poll().await;
    bench.answer(&task, vec![start_timer("1", 3 * DAY)]).await.unwrap();
    let options = bench.change(Some(forward("one", DAY))).await.unwrap();
    assert_eq!(options.time_skipping_config.unwrap().max_session_skip_count, 200);
    assert_eq!(bench.forwarded("one").await.unwrap().0, Polled::FastForwardCompleted);
    let events = bench.history("workflow").await;
    let Some(Attributes::WorkflowExecutionTimeSkippingTransitionedEventAttributes(jump)) =
        &events.last().unwrap().attributes
    else {
        panic!("expected a jump, got {:?}", events.last());
    };
    assert!(jump.disabled_after_fast_forward);
    let ahead = bench.ahead().await;
    assert!(ahead <= DAY && ahead + Duration::from_secs(5) > DAY, "{ahead:?}");

    // Without a target it goes on to the timer.
    bench.change(Some(skipping())).await.unwrap();
    let task = bench.poll().await;
    assert!(
        task.history
            .unwrap()
            .events
            .iter()
            .any(|event| event.event_type() == EventType::TimerFired)
    );
}

#[tokio::test]
async fn who_waits_for_a_fast_forward_hears_how_it_ended() {
    let bench = real();
    bench.start("workflow").await;
    let (polled, ()) = tokio::join!(bench.forwarded("one"), async {});
    let (result, reason) = polled.unwrap();
    assert_eq!(result, Polled::FastForwardFailed);
    assert!(reason.contains("fast_forward_id does not match"), "{reason}");

    // A workflow task is pending, so that time stands.
    bench.change(Some(forward("one", DAY))).await.unwrap();
    let (overridden, _) = tokio::join!(bench.forwarded("one"), bench.change(Some(forward("two", DAY))));
    assert!(overridden.unwrap().1.contains("fast_forward_id does not match"));
    let (ended, ()) = tokio::join!(bench.forwarded("two"), bench.terminate("workflow"));
    let (result, reason) = ended.unwrap();
    assert_eq!(result, Polled::FastForwardFailed);
    assert_eq!(reason, "the execution ended before the fast-forward completed");
}

#[tokio::test]
async fn the_run_that_follows_goes_on_with_the_fast_forward() {
    let bench = real();
    bench
        .start_skipping(|request| request.time_skipping_config = Some(Box::new(forward("one", DAY))))
        .await;
    let task = bench.poll().await;
    let (polled, ()) = tokio::join!(bench.forwarded("one"), async {
        bench.answer(&task, vec![continue_as_new()]).await.unwrap();
        let task = bench.poll().await;
        bench.answer(&task, vec![start_timer("1", 3 * DAY)]).await.unwrap();
    });
    assert_eq!(polled.unwrap().0, Polled::FastForwardCompleted);
}

#[tokio::test]
async fn a_child_begins_with_its_parents_time() {
    let bench = real();
    bench.start_skipping(|_| {}).await;
    let task = bench.poll().await;
    bench.answer(&task, vec![start_timer("1", DAY)]).await.unwrap();
    let task = bench.poll().await;
    bench.answer(&task, vec![start_child("child")]).await.unwrap();
    let mut task = bench.poll().await;
    if task.workflow_execution.as_ref().unwrap().workflow_id != "child" {
        bench.answer(&task, vec![]).await.unwrap();
        task = bench.poll().await;
    }
    let events = bench.history("child").await;
    let Some(Attributes::WorkflowExecutionStartedEventAttributes(started)) = &events[0].attributes else {
        panic!("expected a start, got {:?}", events[0]);
    };
    assert!(started.time_skipping_config.clone().unwrap().enabled);
    let skipped = started
        .time_skipping_state_propagation
        .as_ref()
        .unwrap()
        .initial_skipped_duration;
    let skipped = std_duration(&skipped.unwrap()).unwrap();
    assert!(skipped <= DAY && skipped + Duration::from_secs(5) > DAY, "{skipped:?}");
    bench.answer(&task, vec![start_timer("1", DAY)]).await.unwrap();
    assert!(
        bench
            .events("child")
            .await
            .contains(&EventType::WorkflowExecutionTimeSkippingTransitioned)
    );
}

#[tokio::test]
async fn a_session_has_so_many_jumps() {
    let bench = real();
    bench
        .start_skipping(|request| {
            request.time_skipping_config = Some(Box::new(TimeSkippingConfig {
                max_session_skip_count: 2,
                ..skipping()
            }));
        })
        .await;
    for number in 1..=3 {
        let task = bench.poll().await;
        bench
            .answer(&task, vec![start_timer(&number.to_string(), DAY)])
            .await
            .unwrap();
    }
    let jumps = bench.events("workflow").await;
    let jumps = jumps
        .iter()
        .filter(|kind| **kind == EventType::WorkflowExecutionTimeSkippingTransitioned);
    assert_eq!(jumps.count(), 2);
}

#[tokio::test]
async fn what_makes_no_sense_is_refused() {
    let bench = real();
    bench.start("workflow").await;
    let refused = [
        (forward("", DAY), "fast_forward_id must be set"),
        (forward("one", Duration::ZERO), "fast_forward duration must be positive"),
        (
            TimeSkippingConfig {
                enabled: false,
                ..forward("one", DAY)
            },
            "cannot set fast_forward when enabled is false",
        ),
    ];
    for (config, text) in refused {
        let request = StartWorkflowExecutionRequest {
            time_skipping_config: Some(Box::new(config.clone())),
            ..start("another")
        };
        for status in [
            bench.start_with(request).await.unwrap_err(),
            bench.change(Some(config)).await.unwrap_err(),
        ] {
            assert_eq!(status.code(), Code::InvalidArgument);
            assert!(status.message().contains(text), "{status}");
        }
    }
    let partial = bench
        .change_at("time_skipping_config.enabled", Some(skipping()))
        .await
        .unwrap_err();
    assert!(
        partial.message().contains("doesn't support partial update"),
        "{partial}"
    );
    assert_eq!(bench.forwarded("").await.unwrap_err().code(), Code::InvalidArgument);
}
