//! Many of everything.

use crate::support::*;
use std::time::Duration;
use steadfast_proto::{
    tonic::Request,
    workflowservice::{PollWorkflowTaskQueueRequest, PollWorkflowTaskQueueResponse},
};

const POLLS: usize = 10_000;

#[tokio::test]
async fn ten_thousand_open_polls_are_served_and_let_go() {
    let bench = real();
    let poll = |name: String| {
        let service = bench.service.clone();
        async move {
            let request = PollWorkflowTaskQueueRequest {
                namespace: "default".to_owned(),
                task_queue: queue(&name),
                ..Default::default()
            };
            service
                .poll_workflow_task_queue(Request::new(request))
                .await
                .unwrap()
                .into_inner()
        }
    };
    let mut polls = tokio::task::JoinSet::new();
    for number in 0..POLLS {
        // Some queues have one poller, one has thousands.
        polls.spawn(poll(if number < 100 {
            number.to_string()
        } else {
            QUEUE.to_owned()
        }));
    }
    // All of them wait before the first task comes.
    tokio::task::yield_now().await;
    for number in 0..200 {
        let mut request = start(&format!("workflow {number}"));
        if number < 100 {
            request.task_queue = queue(&number.to_string());
        }
        bench.start_with(request).await.unwrap();
    }
    let mut served: Vec<PollWorkflowTaskQueueResponse> = Vec::new();
    while served.len() < 200 {
        served.push(polls.join_next().await.unwrap().unwrap());
    }
    let mut ids: Vec<String> = served
        .into_iter()
        .map(|task| task.workflow_execution.unwrap().workflow_id)
        .collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 200);
    assert_eq!(polls.len(), POLLS - 200);
    polls.shutdown().await;
    // Nobody polls any more: a task waits for who comes next.
    bench.start("last").await;
    let task = tokio::time::timeout(Duration::from_secs(20), bench.poll())
        .await
        .unwrap();
    assert_eq!(task.workflow_execution.unwrap().workflow_id, "last");
}
