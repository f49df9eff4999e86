//! Workers that say how they are, and that they leave.

use crate::support::*;
use std::time::{Duration, Instant};
use steadfast_proto::{
    enums::WorkerStatus,
    taskqueue::TaskQueueMetadata,
    tonic::{Code, Request},
    worker::WorkerHeartbeat,
    workflowservice::*,
};

fn heartbeat(key: &str, queue: &str) -> WorkerHeartbeat {
    WorkerHeartbeat {
        worker_instance_key: key.to_owned(),
        task_queue: queue.to_owned(),
        status: WorkerStatus::Running.into(),
        ..Default::default()
    }
}

async fn record(bench: &Bench, workers: Vec<WorkerHeartbeat>) {
    let request = RecordWorkerHeartbeatRequest {
        namespace: "default".to_owned(),
        worker_heartbeat: workers,
        ..Default::default()
    };
    bench
        .service
        .record_worker_heartbeat(Request::new(request))
        .await
        .unwrap();
}

async fn list(bench: &Bench, query: &str, page_size: i32, token: &[u8]) -> Result<(Vec<String>, Vec<u8>), Code> {
    let request = ListWorkersRequest {
        namespace: "default".to_owned(),
        query: query.to_owned(),
        page_size,
        next_page_token: token.to_vec().into(),
        ..Default::default()
    };
    let answer = bench.service.list_workers(Request::new(request)).await;
    let answer = answer.map_err(|status| status.code())?.into_inner();
    let keys = answer.workers.into_iter().map(|worker| worker.worker_instance_key);
    Ok((keys.collect(), answer.next_page_token.to_vec()))
}

async fn status(bench: &Bench, key: &str) -> Result<WorkerStatus, (Code, String)> {
    let request = DescribeWorkerRequest {
        namespace: "default".to_owned(),
        worker_instance_key: key.to_owned(),
    };
    let answer = bench.service.describe_worker(Request::new(request)).await;
    let answer = answer.map_err(|status| (status.code(), status.message().to_owned()))?;
    let info = answer.into_inner().worker_info.unwrap();
    Ok(info.worker_heartbeat.unwrap().status())
}

#[tokio::test]
async fn workers_are_listed_page_by_page_and_by_what_they_are() {
    let bench = real();
    let workers = [("a", "orders"), ("b", "orders"), ("c", "bills")];
    record(&bench, workers.map(|(key, queue)| heartbeat(key, queue)).to_vec()).await;
    let (first, token) = list(&bench, "", 2, &[]).await.unwrap();
    assert_eq!(first, ["a", "b"]);
    assert_eq!(
        list(&bench, "", 2, &token).await.unwrap(),
        (vec!["c".to_owned()], vec![])
    );
    let (orders, _) = list(&bench, "TaskQueue = 'orders' AND Status='Running'", 0, &[])
        .await
        .unwrap();
    assert_eq!(orders, ["a", "b"]);
    assert_eq!(list(&bench, "Mood = 'good'", 0, &[]).await, Err(Code::Unimplemented));
}

#[tokio::test]
async fn workers_are_counted() {
    let bench = real();
    record(
        &bench,
        vec![heartbeat("a", "one"), heartbeat("b", "one"), heartbeat("c", "two")],
    )
    .await;
    for (query, expected) in [("", 3), ("TaskQueue = 'one'", 2)] {
        let request = CountWorkersRequest {
            namespace: "default".to_owned(),
            query: query.to_owned(),
            ..Default::default()
        };
        let counted = bench.service.count_workers(Request::new(request)).await.unwrap();
        assert_eq!(counted.into_inner().count, expected, "{query}");
    }
}

#[tokio::test]
async fn the_last_word_of_a_worker_counts() {
    let bench = real();
    record(&bench, vec![heartbeat("a", "orders")]).await;
    assert_eq!(status(&bench, "a").await, Ok(WorkerStatus::Running));
    let request = ShutdownWorkerRequest {
        namespace: "default".to_owned(),
        worker_instance_key: "a".to_owned(),
        worker_heartbeat: Some(WorkerHeartbeat {
            status: WorkerStatus::ShuttingDown.into(),
            ..heartbeat("a", "orders")
        }),
        ..Default::default()
    };
    bench.service.shutdown_worker(Request::new(request)).await.unwrap();
    assert_eq!(status(&bench, "a").await, Ok(WorkerStatus::ShuttingDown));
    assert_eq!(
        status(&bench, "b").await,
        Err((Code::NotFound, "Worker b not found".to_owned()))
    );
}

#[tokio::test]
async fn a_queue_hands_out_no_more_activities_in_a_second_than_its_workers_asked_for() {
    let bench = real();
    bench.start("workflow").await;
    let task = bench.poll().await;
    let commands = (1..=4).map(|id| activity(&id.to_string(), |_| {}));
    bench.answer(&task, commands.collect()).await.unwrap();
    let start = Instant::now();
    for _ in 0..4 {
        let request = PollActivityTaskQueueRequest {
            namespace: "default".to_owned(),
            task_queue: queue(QUEUE),
            task_queue_metadata: Some(TaskQueueMetadata {
                max_tasks_per_second: Some(20.0),
            }),
            ..Default::default()
        };
        let task = bench
            .service
            .poll_activity_task_queue(Request::new(request))
            .await
            .unwrap();
        assert!(!task.into_inner().task_token.is_empty());
    }
    assert!(start.elapsed() >= Duration::from_millis(145), "{:?}", start.elapsed());
}
