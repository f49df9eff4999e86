//! Lists and counts.

use crate::support::*;
use steadfast_proto::{
    tonic::{Code, Request},
    workflowservice::*,
};

fn list(query: &str, page_size: i32, token: bytes::Bytes) -> Request<ListWorkflowExecutionsRequest> {
    Request::new(ListWorkflowExecutionsRequest {
        namespace: "default".to_owned(),
        query: query.to_owned(),
        page_size,
        next_page_token: token,
    })
}

#[tokio::test]
async fn runs_are_listed_by_what_they_are() {
    let bench = real();
    for id in ["a", "b", "c"] {
        bench.start(id).await;
    }
    let task = bench.poll().await;
    bench.answer(&task, vec![complete()]).await.unwrap();
    let cases = [
        ("", vec!["c", "b", "a"]),
        ("WorkflowId = 'b'", vec!["b"]),
        ("WorkflowId IN ('a', \"b\") AND ExecutionStatus = 'Running'", vec!["b"]),
        ("ExecutionStatus != 'Running'", vec!["a"]),
        ("WorkflowType = 'Other'", vec![]),
    ];
    for (query, expected) in cases {
        let found = bench
            .service
            .list_workflow_executions(list(query, 0, bytes::Bytes::new()))
            .await
            .unwrap()
            .into_inner();
        let ids: Vec<_> = found
            .executions
            .into_iter()
            .map(|row| row.execution.unwrap().workflow_id)
            .collect();
        assert_eq!(ids, expected, "{query}");
    }
    let count = CountWorkflowExecutionsRequest {
        namespace: "default".to_owned(),
        query: "GROUP BY ExecutionStatus".to_owned(),
    };
    let count = bench
        .service
        .count_workflow_executions(Request::new(count))
        .await
        .unwrap()
        .into_inner();
    assert_eq!((count.count, count.groups.len()), (3, 2));
}

#[tokio::test]
async fn a_list_comes_in_pages() {
    let bench = real();
    for id in ["a", "b", "c"] {
        bench.start(id).await;
    }
    let first = bench
        .service
        .list_workflow_executions(list("", 2, bytes::Bytes::new()))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(first.executions.len(), 2);
    let rest = bench
        .service
        .list_workflow_executions(list("", 2, first.next_page_token))
        .await
        .unwrap()
        .into_inner();
    assert_eq!((rest.executions.len(), rest.next_page_token.len()), (1, 0));
}

#[tokio::test]
async fn a_filter_that_is_not_understood_is_refused() {
    let bench = real();
    for query in [
        "Nonsense = 'x'",
        "WorkflowId",
        "WorkflowId LIKE 'x'",
        "ExecutionStatus = 'Odd'",
        "ORDER BY StartTime",
        "WorkflowId = 'open",
    ] {
        let refused = bench
            .service
            .list_workflow_executions(list(query, 0, bytes::Bytes::new()))
            .await
            .unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument, "{query}");
        assert!(
            refused.message().starts_with("invalid query: "),
            "{}",
            refused.message()
        );
    }
}
