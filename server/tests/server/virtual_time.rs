//! Virtual time: when it jumps, and when it does not.

use crate::support::*;
use std::time::{Duration, Instant};
use steadfast_proto::{
    duration,
    enums::EventType::*,
    tonic::{Code, Request},
    workflowservice::*,
};
use steadfast_server::{Server, Standstill, Time};

const DAY: Duration = Duration::from_secs(24 * 3600);

/// Answers the workflow task that comes next.
async fn step(bench: &Bench, commands: Vec<steadfast_proto::command::Command>) {
    let task = bench.poll().await;
    bench.answer(&task, commands).await.unwrap();
}

#[tokio::test]
async fn a_timer_of_a_day_fires_at_once_when_somebody_waits() {
    let bench = bench(Time::Virtual);
    let (began, before) = (Instant::now(), bench.server.now());
    bench.start("w").await;
    step(&bench, vec![start_timer("1", DAY)]).await;
    let (closed, ()) = tokio::join!(bench.closed("w"), step(&bench, vec![complete()]));
    assert_eq!(closed.event_type(), WorkflowExecutionCompleted);
    assert!(began.elapsed() < Duration::from_secs(5));
    let passed = bench.server.now().duration_since(before).unwrap();
    assert!(passed >= DAY && passed < DAY + Duration::from_secs(5), "{passed:?}");
}

#[tokio::test]
async fn time_stands_still_while_a_worker_is_at_work_and_says_so() {
    let bench = bench(Time::Virtual);
    bench.start("w").await;
    step(&bench, vec![activity("a", |_| {}), start_timer("1", DAY)]).await;
    let work = bench.poll_activity().await;
    let before = bench.server.now();
    let waiting = async {
        tokio::task::yield_now().await;
        let why = bench.server.why_time_stands_still();
        let at_work =
            |why: &Standstill| matches!(why, Standstill::TaskInHand { task, .. } if task.contains("activity a"));
        assert!(why.iter().any(at_work), "{why:?}");
        assert!(bench.server.now().duration_since(before).unwrap() < DAY);
        bench.complete_activity(&work).await.unwrap();
        step(&bench, vec![complete()]).await;
    };
    let (closed, ()) = tokio::join!(bench.closed("w"), waiting);
    assert_eq!(closed.event_type(), WorkflowExecutionCompleted);
    assert!(
        bench.server.now().duration_since(before).unwrap() < DAY,
        "the timer was not waited for"
    );
}

#[tokio::test]
async fn time_passes_for_an_activity_that_its_worker_left_unattended() {
    let bench = bench(Time::Virtual);
    bench.start("w").await;
    let limit = |activity: &mut steadfast_proto::command::ScheduleActivityTaskCommandAttributes| {
        activity.start_to_close_timeout = Some(duration(DAY));
    };
    step(&bench, vec![activity("a", limit)]).await;
    let work = bench.poll_activity().await;
    let before = bench.server.now();
    bench.server.leave_unattended(&work.task_token);
    bench.server.leave_unattended(&work.task_token); // once is enough
    let timed_out = async {
        let retry = bench.poll_activity().await;
        assert_eq!(retry.attempt, 2);
        assert!(bench.server.now().duration_since(before).unwrap() >= DAY);
        let why = bench.server.why_time_stands_still();
        assert!(matches!(why.first(), Some(Standstill::TaskInHand { .. })), "{why:?}");
        bench.complete_activity(&retry).await.unwrap();
        step(&bench, vec![complete()]).await;
    };
    let (closed, ()) = tokio::join!(bench.closed("w"), timed_out);
    assert_eq!(closed.event_type(), WorkflowExecutionCompleted);
}

#[tokio::test]
async fn time_stops_as_soon_as_the_wait_is_over() {
    let bench = bench(Time::Virtual);
    let before = bench.server.now();
    bench.start("other").await;
    step(&bench, vec![start_timer("1", 100 * DAY)]).await;
    bench.start("w").await;
    step(&bench, vec![start_timer("1", DAY)]).await;
    tokio::join!(bench.closed("w"), step(&bench, vec![complete()]));
    assert!(bench.server.now().duration_since(before).unwrap() < 2 * DAY);
    assert_eq!(bench.server.why_time_stands_still(), [Standstill::NobodyWaits]);
}

#[tokio::test]
async fn a_run_that_nobody_waits_for_is_not_timed_out_for_the_sake_of_nothing() {
    let bench = bench(Time::Virtual);
    let timeout = Some(duration(DAY));
    bench
        .start_with(StartWorkflowExecutionRequest {
            workflow_run_timeout: timeout,
            ..start("other")
        })
        .await
        .unwrap();
    step(&bench, vec![]).await;
    bench.start("w").await;
    step(&bench, vec![]).await;
    let asleep = tokio::time::timeout(Duration::from_millis(300), bench.closed("w")).await;
    assert!(asleep.is_err(), "nothing ends it");
    assert_eq!(bench.describe("other").await.workflow_execution_info.unwrap().status, 1);
}

#[tokio::test]
async fn the_time_out_of_an_awaited_run_comes_even_without_a_worker() {
    let bench = bench(Time::Virtual);
    let timeout = Some(duration(DAY));
    bench
        .start_with(StartWorkflowExecutionRequest {
            workflow_run_timeout: timeout,
            ..start("w")
        })
        .await
        .unwrap();
    assert_eq!(bench.closed("w").await.event_type(), WorkflowExecutionTimedOut);
}

#[tokio::test]
async fn retries_are_not_waited_for() {
    let bench = bench(Time::Virtual);
    let began = Instant::now();
    bench.start("w").await;
    step(&bench, vec![activity("a", |_| {})]).await;
    let work = async {
        for _ in 0..5 {
            let work = bench.poll_activity().await;
            bench
                .fail_activity(&work, steadfast_proto::failure::Failure::application("Flaky", "again"))
                .await;
        }
        bench.complete_activity(&bench.poll_activity().await).await.unwrap();
        step(&bench, vec![complete()]).await;
    };
    tokio::join!(bench.closed("w"), work);
    assert!(began.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn held_time_does_not_jump() {
    let bench = bench(Time::Virtual);
    let before = bench.server.now();
    bench.start("w").await;
    step(&bench, vec![start_timer("1", DAY)]).await;
    let hold = bench.server.hold();
    let waited = tokio::time::timeout(Duration::from_millis(50), bench.closed("w")).await;
    assert!(waited.is_err());
    assert!(bench.server.now().duration_since(before).unwrap() < DAY);
    drop(hold);
    tokio::join!(bench.closed("w"), step(&bench, vec![complete()]));
}

#[tokio::test]
async fn time_can_be_moved_by_hand() {
    for time in [Time::Real, Time::Virtual] {
        let server = Server::builder().time(time).start().unwrap();
        let before = server.now();
        server.skip(DAY);
        assert!(server.now().duration_since(before).unwrap() >= DAY);
    }
}

#[tokio::test]
async fn the_test_service_speaks_to_the_same_clock() {
    use steadfast_proto::testservice::*;
    let bench = bench(Time::Virtual);
    let service = bench.server.test_service();
    let before = bench.server.now();
    service
        .sleep(Request::new(SleepRequest {
            duration: Some(duration(DAY)),
        }))
        .await
        .unwrap();
    assert!(bench.server.now().duration_since(before).unwrap() >= DAY);
    let refused = service
        .unlock_time_skipping(Request::new(UnlockTimeSkippingRequest {}))
        .await
        .unwrap_err();
    assert_eq!(refused.code(), Code::FailedPrecondition);
    service
        .lock_time_skipping(Request::new(LockTimeSkippingRequest {}))
        .await
        .unwrap();
    let sleep = SleepRequest {
        duration: Some(duration(DAY)),
    };
    service
        .unlock_time_skipping_with_sleep(Request::new(sleep))
        .await
        .unwrap();
    let time = service
        .get_current_time(Request::new(()))
        .await
        .unwrap()
        .into_inner()
        .time
        .unwrap();
    assert!(
        steadfast_proto::system_time(&time)
            .unwrap()
            .duration_since(before)
            .unwrap()
            >= 2 * DAY
    );
    assert!(
        bench
            .server
            .why_time_stands_still()
            .contains(&Standstill::Held { holders: 1 })
    );
}

#[tokio::test]
async fn a_thousand_servers_live_side_by_side() {
    let benches: Vec<Bench> = (0..1000).map(|_| bench(Time::Virtual)).collect();
    benches[0].start("w").await;
    benches[999].start("w").await;
    assert_eq!(
        benches[500]
            .service
            .list_workflow_executions(Request::new(ListWorkflowExecutionsRequest {
                namespace: "default".to_owned(),
                ..Default::default()
            }))
            .await
            .unwrap()
            .into_inner()
            .executions
            .len(),
        0
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_tests_side_by_side_wait_for_days_on_servers_of_their_own() {
    let mut tests = tokio::task::JoinSet::new();
    for number in 0..1000_u64 {
        tests.spawn(async move {
            let bench = bench(Time::Virtual);
            let (before, days) = (bench.server.now(), DAY * u32::try_from(number % 30 + 1).unwrap());
            bench.start("w").await;
            step(&bench, vec![start_timer("1", days)]).await;
            let (closed, ()) = tokio::join!(bench.closed("w"), step(&bench, vec![complete()]));
            assert_eq!(closed.event_type(), WorkflowExecutionCompleted);
            let passed = bench.server.now().duration_since(before).unwrap();
            assert!(passed >= days && passed < days + DAY, "{passed:?}");
        });
    }
    let passed = tests.join_all().await;
    assert_eq!(passed.len(), 1000);
}

/// What the log gets.
#[cfg(feature = "grpc")]
#[derive(Clone, Default)]
struct Log(std::sync::Arc<std::sync::Mutex<Vec<u8>>>);

#[cfg(feature = "grpc")]
impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[cfg(feature = "grpc")]
#[tokio::test]
async fn the_log_says_what_holds_time_while_somebody_waits() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt().with_writer(move || writer.clone()).finish();
    let _default = tracing::subscriber::set_default(subscriber);
    let bench = bench(Time::Virtual);
    bench.start("w").await;
    let _held = bench.poll().await;
    // Somebody waits for the end, which does not come, for longer than it takes until the log has it.
    let mut request = Request::new(GetWorkflowExecutionHistoryRequest {
        namespace: "default".to_owned(),
        execution: execution("w"),
        wait_new_event: true,
        history_event_filter_type: steadfast_proto::enums::HistoryEventFilterType::CloseEvent.into(),
        ..Default::default()
    });
    request.set_timeout(Duration::from_secs(7));
    bench.service.get_workflow_execution_history(request).await.unwrap();
    let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert_eq!(
        text.matches("virtual time stands still while a client waits").count(),
        1,
        "{text}"
    );
    assert!(
        text.contains("a worker has a task of workflow \"w\": workflow task"),
        "{text}"
    );
}
