//! What operators say about task queues.

use crate::support::*;
use steadfast_proto::{
    enums::{RateLimitSource, TaskQueueType},
    taskqueue::{RateLimit, TaskQueueConfig},
    tonic::{Code, Request, Status},
    workflowservice::{update_task_queue_config_request::RateLimitUpdate, *},
};
use steadfast_server::Time;

fn update(kind: TaskQueueType, rate: Option<f32>) -> UpdateTaskQueueConfigRequest {
    UpdateTaskQueueConfigRequest {
        namespace: "default".to_owned(),
        identity: "operator".to_owned(),
        task_queue: QUEUE.to_owned(),
        task_queue_type: kind.into(),
        update_queue_rate_limit: Some(RateLimitUpdate {
            rate_limit: rate.map(|requests_per_second| RateLimit { requests_per_second }),
            reason: "a slow printer".to_owned(),
        }),
        ..Default::default()
    }
}

impl Bench {
    async fn configure(&self, request: UpdateTaskQueueConfigRequest) -> Result<TaskQueueConfig, Status> {
        let answer = self.service.update_task_queue_config(Request::new(request)).await?;
        Ok(answer.into_inner().config.unwrap())
    }

    async fn rate(&self) -> (f32, RateLimitSource) {
        let request = DescribeTaskQueueRequest {
            namespace: "default".to_owned(),
            task_queue: queue(QUEUE),
            task_queue_type: TaskQueueType::Activity.into(),
            report_config: true,
            ..Default::default()
        };
        let answer = self.service.describe_task_queue(Request::new(request)).await.unwrap();
        let rate = answer.into_inner().effective_rate_limit.unwrap();
        (rate.requests_per_second, rate.rate_limit_source())
    }
}

#[tokio::test]
async fn an_operator_says_how_fast_a_queue_hands_out_activities() {
    let bench = bench(Time::Virtual);
    assert_eq!(bench.rate().await, (4_000.0, RateLimitSource::System));
    let config = bench
        .configure(update(TaskQueueType::Activity, Some(0.1)))
        .await
        .unwrap();
    let said = config.queue_rate_limit.unwrap();
    assert_eq!(said.rate_limit.unwrap().requests_per_second, 0.1);
    assert_eq!(said.metadata.unwrap().update_identity, "operator");
    assert_eq!(bench.rate().await, (0.1, RateLimitSource::Api));

    bench.start("workflow").await;
    let task = bench.poll().await;
    let commands = (1..=3).map(|id| activity(&id.to_string(), |_| {}));
    bench.answer(&task, commands.collect()).await.unwrap();
    let before = bench.server.now();
    // Whoever waits for the end lets time pass.
    tokio::select! {
        _ = bench.closed("workflow") => panic!("nobody completes the workflow"),
        () = async {
            for _ in 0..3 {
                let task = bench.poll_activity().await;
                bench.complete_activity(&task).await.unwrap();
                if task.activity_id != "3" {
                    let task = bench.poll().await;
                    bench.answer(&task, vec![]).await.unwrap();
                }
            }
        } => {}
    }
    let passed = bench.server.now().duration_since(before).unwrap();
    assert!((20..30).contains(&passed.as_secs()), "{passed:?}");
}

#[tokio::test]
async fn a_queue_of_rate_zero_stands_still_until_the_rate_is_taken_back() {
    let bench = real();
    bench
        .configure(update(TaskQueueType::Activity, Some(0.0)))
        .await
        .unwrap();
    bench.start("workflow").await;
    let task = bench.poll().await;
    bench.answer(&task, vec![activity("1", |_| {})]).await.unwrap();
    let mut poll = Box::pin(bench.poll_activity());
    assert!(futures_pending(&mut poll).await);
    bench.configure(update(TaskQueueType::Activity, None)).await.unwrap();
    assert_eq!(poll.await.activity_id, "1");
}

/// Whether a future that was polled once has nothing yet.
async fn futures_pending<T>(future: &mut (impl Future<Output = T> + Unpin)) -> bool {
    tokio::select! {
        biased;
        _ = future => false,
        () = std::future::ready(()) => true,
    }
}

#[tokio::test]
async fn rates_that_make_no_sense_are_refused() {
    let bench = real();
    let workflows = bench
        .configure(update(TaskQueueType::Workflow, Some(1.0)))
        .await
        .unwrap_err();
    assert_eq!(workflows.code(), Code::InvalidArgument);
    for rate in [-1.0, f32::NAN, f32::INFINITY] {
        let refused = bench
            .configure(update(TaskQueueType::Activity, Some(rate)))
            .await
            .unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument, "{rate}");
    }
    let fairness = UpdateTaskQueueConfigRequest {
        set_fairness_weight_overrides: [("key".to_owned(), 2.0)].into(),
        ..update(TaskQueueType::Activity, None)
    };
    let refused = bench.configure(fairness).await.unwrap_err();
    assert_eq!(refused.code(), Code::Unimplemented);
}
