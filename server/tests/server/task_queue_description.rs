//! What task queues look like from outside.

use crate::{
    deployment::{pinned, ramp, version},
    support::*,
};
use std::collections::BTreeMap;
use steadfast_proto::{
    common::Priority,
    enums::{BuildIdTaskReachability, DescribeTaskQueueMode, TaskQueueKind, TaskQueueType},
    taskqueue::{TaskQueueStats, TaskQueueVersionSelection},
    tonic::{Code, Request, Status},
    workflowservice::*,
};

impl Bench {
    async fn described(
        &self,
        change: impl FnOnce(&mut DescribeTaskQueueRequest),
    ) -> Result<DescribeTaskQueueResponse, Status> {
        let mut request = DescribeTaskQueueRequest {
            namespace: "default".to_owned(),
            task_queue: queue(QUEUE),
            task_queue_type: TaskQueueType::Workflow.into(),
            report_stats: true,
            report_pollers: true,
            ..Default::default()
        };
        change(&mut request);
        let answer = self.service.describe_task_queue(Request::new(request)).await?;
        Ok(answer.into_inner())
    }

    /// By versions, in the older form.
    async fn of_versions(&self, versions: Option<TaskQueueVersionSelection>) -> DescribeTaskQueueResponse {
        let asked = self.described(|request| {
            request.set_api_mode(DescribeTaskQueueMode::Enhanced);
            request.report_task_reachability = true;
            request.versions = versions;
        });
        asked.await.unwrap()
    }
}

fn counts(stats: &BTreeMap<i32, TaskQueueStats>) -> Vec<(i32, i64)> {
    stats
        .iter()
        .map(|(key, stats)| (*key, stats.approximate_backlog_count))
        .collect()
}

/// The name of each version with what waits for it and who polls it.
fn versions(described: &DescribeTaskQueueResponse, kind: TaskQueueType) -> Vec<(&str, i64, Vec<&str>)> {
    let all = described.versions_info.iter();
    all.filter_map(|(version, info)| {
        let info = info.types_info.get(&kind.into())?;
        let pollers = info.pollers.iter().map(|poller| poller.identity.as_str());
        let count = info.stats.as_ref().unwrap().approximate_backlog_count;
        Some((version.as_str(), count, pollers.collect()))
    })
    .collect()
}

#[tokio::test]
async fn a_queue_that_was_never_seen_is_described_like_an_empty_one() {
    let bench = real();
    let described = bench.described(|_| {}).await.unwrap();
    assert_eq!(
        described.stats.unwrap().approximate_backlog_age,
        Some(Default::default())
    );
    assert_eq!(counts(&described.stats_by_priority_key), [(3, 0)]);
    assert_eq!(described.versioning_info.unwrap().current_version, "__unversioned__");
    assert_eq!(described.effective_rate_limit.unwrap().requests_per_second, 4_000.0);
    let older = bench.of_versions(None).await;
    assert_eq!(versions(&older, TaskQueueType::Activity), [("", 0, vec![])]);
}

#[tokio::test]
async fn what_waits_is_told_by_priority() {
    let bench = real();
    for (id, priority_key) in [("a", 1), ("b", 0), ("c", 5), ("d", 1)] {
        let priority = Some(Priority {
            priority_key,
            ..Default::default()
        });
        bench
            .start_with(StartWorkflowExecutionRequest { priority, ..start(id) })
            .await
            .unwrap();
    }
    let described = bench.described(|_| {}).await.unwrap();
    assert_eq!(described.stats.unwrap().approximate_backlog_count, 4);
    assert_eq!(counts(&described.stats_by_priority_key), [(1, 2), (3, 1), (5, 1)]);
}

#[tokio::test]
async fn how_fast_tasks_come_and_go_is_told_by_priority() {
    let bench = real();
    let urgent = Some(Priority {
        priority_key: 1,
        ..Default::default()
    });
    let urgent = StartWorkflowExecutionRequest {
        priority: urgent,
        ..start("urgent")
    };
    bench.start_with(urgent).await.unwrap();
    for id in ["a", "b"] {
        bench.start(id).await;
    }
    bench.poll().await;
    let described = bench.described(|_| {}).await.unwrap();
    let all = described.stats.unwrap();
    let of = |key| &described.stats_by_priority_key[&key];
    assert!(
        of(1).tasks_add_rate > 0.0 && of(3).tasks_add_rate > of(1).tasks_add_rate,
        "{all:?}"
    );
    assert_eq!(all.tasks_add_rate, of(1).tasks_add_rate + of(3).tasks_add_rate);
    assert!(of(1).tasks_dispatch_rate > 0.0);
    assert_eq!(
        (of(3).tasks_dispatch_rate, all.tasks_dispatch_rate),
        (0.0, of(1).tasks_dispatch_rate)
    );
}

#[tokio::test]
async fn each_version_has_its_pollers_and_its_tasks() {
    let bench = Bench::deployed().await;
    let ramped = bench.service.set_worker_deployment_ramping_version(ramp(100.0)).await;
    ramped.unwrap();
    for id in ["a", "b", "c"] {
        bench.start(id).await;
    }
    let pinned = StartWorkflowExecutionRequest {
        versioning_override: pinned("one").map(Box::new),
        ..start("pinned")
    };
    bench.start_with(pinned).await.unwrap();

    let whole = bench.described(|_| {}).await.unwrap();
    assert_eq!(whole.stats.unwrap().approximate_backlog_count, 4);
    let routed = whole.versioning_info.unwrap();
    assert_eq!(routed.current_deployment_version, version("one"));
    assert_eq!(routed.ramping_deployment_version, version("two"));
    assert_eq!(routed.ramping_version_percentage, 100.0);
    let pollers = whole.pollers.iter().map(|poller| {
        let options = poller.deployment_options.as_ref().unwrap();
        (poller.identity.as_str(), options.build_id.as_str())
    });
    assert_eq!(pollers.collect::<Vec<_>>(), [("one", "one"), ("two", "two")]);

    let older = bench.of_versions(Some(TaskQueueVersionSelection {
        build_ids: vec!["deployment.one".to_owned(), "other".to_owned()],
        unversioned: true,
        all_active: true,
    }));
    let older = older.await;
    let expected = [
        ("", 0, vec![]),
        ("deployment:one", 1, vec!["one"]),
        ("deployment:two", 3, vec!["two"]),
        ("other", 0, vec![]),
    ];
    assert_eq!(versions(&older, TaskQueueType::Workflow), expected);
    let reachable = older
        .versions_info
        .iter()
        .filter(|(_, info)| info.task_reachability() == BuildIdTaskReachability::Reachable);
    assert_eq!(reachable.map(|(version, _)| version.as_str()).collect::<Vec<_>>(), [""]);
}

#[tokio::test]
async fn a_version_tells_what_waits_for_it_if_it_is_asked() {
    let bench = Bench::deployed().await;
    bench.start("workflow").await;
    for (build_id, is_asked, expected) in [("one", true, Some(1)), ("two", true, Some(0)), ("one", false, None)] {
        let request = DescribeWorkerDeploymentVersionRequest {
            namespace: "default".to_owned(),
            deployment_version: version(build_id),
            report_task_queue_stats: is_asked,
            ..Default::default()
        };
        let described = bench
            .service
            .describe_worker_deployment_version(Request::new(request))
            .await;
        let queues = described.unwrap().into_inner().version_task_queues;
        let [queue] = &queues[..] else { panic!("{queues:?}") };
        assert_eq!(queue.stats.map(|stats| stats.approximate_backlog_count), expected);
        let by_key = expected.map(|count| vec![(3, count)]).unwrap_or_default();
        assert_eq!(counts(&queue.stats_by_priority_key), by_key);
    }
}

#[tokio::test]
async fn what_makes_no_sense_is_refused() {
    let bench = real();
    type Change = fn(&mut DescribeTaskQueueRequest);
    let changes: [(Change, &str); 6] = [
        (|request| request.task_queue = None, "taskQueue is not set"),
        (|request| request.task_queue = queue(""), "missing task queue name"),
        (
            |request| request.task_queue = queue(&"x".repeat(1_001)),
            "taskQueue length exceeds limit",
        ),
        (
            |request| request.task_queue.as_mut().unwrap().set_kind(TaskQueueKind::Sticky),
            "sticky",
        ),
        (
            |request| request.task_queue.as_mut().unwrap().normal_name = "normal".to_owned(),
            "root partition",
        ),
        (
            |request| request.versions.as_mut().unwrap().build_ids = vec![String::new(); 6],
            "limit: 5",
        ),
    ];
    for (change, expected) in changes {
        let refused = bench.described(|request| {
            request.report_task_reachability = true;
            request.versions = Some(TaskQueueVersionSelection::default());
            if expected == "sticky" {
                request.set_api_mode(DescribeTaskQueueMode::Enhanced);
            }
            if expected == "root partition" {
                request.task_queue.as_mut().unwrap().set_kind(TaskQueueKind::Sticky);
            }
            change(request);
        });
        let refused = refused.await.unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument);
        assert!(refused.message().contains(expected), "{refused}");
    }
}
