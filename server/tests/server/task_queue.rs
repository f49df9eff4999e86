//! What operators say about task queues.

use crate::support::*;
use steadfast_proto::{
    common::Priority,
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
    let key_rate = UpdateTaskQueueConfigRequest {
        update_queue_rate_limit: None,
        update_fairness_key_rate_limit_default: update(TaskQueueType::Workflow, Some(1.0)).update_queue_rate_limit,
        ..update(TaskQueueType::Workflow, None)
    };
    let refused = bench.configure(key_rate).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
}

fn weights(set: &[(&str, f32)], unset: &[&str]) -> UpdateTaskQueueConfigRequest {
    UpdateTaskQueueConfigRequest {
        update_queue_rate_limit: None,
        set_fairness_weight_overrides: set.iter().map(|(key, weight)| ((*key).to_owned(), *weight)).collect(),
        unset_fairness_weight_overrides: unset.iter().map(|key| (*key).to_owned()).collect(),
        ..update(TaskQueueType::Activity, None)
    }
}

impl Bench {
    /// A workflow with an activity for each key.
    async fn with_keys(&self, keys: &[&str]) {
        self.start("workflow").await;
        let task = self.poll().await;
        let commands = keys.iter().enumerate().map(|(number, key)| {
            activity(&format!("{key}{number}"), |activity| {
                activity.priority = Some(Priority {
                    fairness_key: (*key).to_owned(),
                    ..Priority::default()
                });
            })
        });
        self.answer(&task, commands.collect()).await.unwrap();
    }
}

#[tokio::test]
async fn fairness_keys_take_turns_by_weights_that_operators_may_change() {
    let bench = real();
    let config = bench
        .configure(weights(&[("a", 2.0), ("gone", 1.0)], &[]))
        .await
        .unwrap();
    assert_eq!(config.fairness_weight_overrides.len(), 2);
    let config = bench.configure(weights(&[], &["gone", "unknown"])).await.unwrap();
    assert_eq!(config.fairness_weight_overrides, [("a".to_owned(), 2.0)].into());
    bench.with_keys(&["b", "b", "a", "a", "a", "a"]).await;
    let mut order = Vec::new();
    for _ in 0..6 {
        order.push(bench.poll_activity().await.activity_id);
    }
    assert_eq!(order, ["a2", "b0", "a3", "a4", "b1", "a5"]);
}

#[tokio::test]
async fn weights_that_make_no_sense_are_refused() {
    let bench = real();
    let many: Vec<String> = (0..1_001).map(|number| number.to_string()).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let long = "x".repeat(65);
    for request in [
        weights(&[("a", 0.0)], &[]),
        weights(&[("a", f32::NAN)], &[]),
        weights(&[("", 1.0)], &[]),
        weights(&[(&long, 1.0)], &[]),
        weights(&[("a", 1.0)], &["a"]),
        weights(&[], &many),
    ] {
        let refused = bench.configure(request).await.unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument);
    }
    assert_eq!(
        bench.configure(weights(&[], &[])).await.unwrap(),
        TaskQueueConfig::default()
    );
}

#[tokio::test]
async fn each_fairness_key_has_the_rate_that_an_operator_gave_them_all() {
    let bench = bench(Time::Virtual);
    let key_rate = UpdateTaskQueueConfigRequest {
        update_queue_rate_limit: None,
        update_fairness_key_rate_limit_default: update(TaskQueueType::Activity, Some(0.1)).update_queue_rate_limit,
        ..update(TaskQueueType::Activity, None)
    };
    let config = bench.configure(key_rate).await.unwrap();
    assert!(config.fairness_keys_rate_limit_default.is_some() && config.queue_rate_limit.is_none());
    bench.with_keys(&["a", "a", "a", "b", "b"]).await;
    let before = bench.server.now();
    let mut order = Vec::new();
    // Whoever waits for the end lets time pass.
    tokio::select! {
        _ = bench.closed("workflow") => panic!("nobody completes the workflow"),
        () = async {
            for _ in 0..5 {
                let task = bench.poll_activity().await;
                let passed = bench.server.now().duration_since(before).unwrap();
                order.push((task.activity_id.clone(), passed.as_secs()));
                bench.complete_activity(&task).await.unwrap();
                let task = bench.poll().await;
                bench.answer(&task, vec![]).await.unwrap();
            }
        } => {}
    }
    let order: Vec<_> = order.iter().map(|(id, at)| (id.as_str(), *at)).collect();
    assert_eq!(order, [("a0", 0), ("b3", 0), ("a1", 10), ("b4", 10), ("a2", 20)]);
}
