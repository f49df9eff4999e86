//! Lists and counts.

use crate::support::*;
use std::collections::BTreeMap;
use steadfast_proto::{
    common::{Payload, SearchAttributes},
    operatorservice::AddSearchAttributesRequest,
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

/// A server with an attribute of every type, and runs `a` to `e` that have various values of them.
async fn seeded() -> Bench {
    let bench = real();
    let types = [
        ("Text", 1),
        ("Word", 2),
        ("Int", 3),
        ("Double", 4),
        ("Bool", 5),
        ("Time", 6),
        ("Words", 7),
    ];
    let add = AddSearchAttributesRequest {
        namespace: "default".to_owned(),
        search_attributes: types.iter().map(|(name, kind)| ((*name).to_owned(), *kind)).collect(),
    };
    bench
        .server
        .operator_service()
        .add_search_attributes(Request::new(add))
        .await
        .unwrap();
    let rows: [(&str, &[(&str, &str)]); 5] = [
        (
            "a",
            &[
                ("Text", "\"the quick brown fox\""),
                ("Word", "\"alpha\""),
                ("Int", "1"),
                ("Double", "1.5"),
                ("Bool", "true"),
                ("Time", "\"2026-01-02T03:04:05Z\""),
                ("Words", "[\"x\",\"y\"]"),
            ],
        ),
        (
            "b",
            &[
                ("Text", "\"Lazy Dog quick\""),
                ("Word", "\"alphabet\""),
                ("Int", "2"),
                ("Double", "2"),
                ("Bool", "false"),
                ("Time", "\"2026-06-02T03:04:05.123Z\""),
                ("Words", "[\"y\",\"z\"]"),
            ],
        ),
        ("c", &[("Word", "\"beta\""), ("Int", "-3")]),
        ("d", &[]),
        ("it's", &[("Word", "\"it's\"")]),
    ];
    for (id, values) in rows {
        bench.start_with(attributed(id, values)).await.unwrap();
    }
    for id in ["b", "c"] {
        let terminate = TerminateWorkflowExecutionRequest {
            namespace: "default".to_owned(),
            workflow_execution: execution(id),
            ..Default::default()
        };
        bench
            .service
            .terminate_workflow_execution(Request::new(terminate))
            .await
            .unwrap();
    }
    bench
}

fn attributed(id: &str, values: &[(&str, &str)]) -> StartWorkflowExecutionRequest {
    let indexed_fields: BTreeMap<String, Payload> = values
        .iter()
        .map(|(name, json)| ((*name).to_owned(), Payload::encoded("json/plain", (*json).to_owned())))
        .collect();
    StartWorkflowExecutionRequest {
        search_attributes: Some(SearchAttributes { indexed_fields }),
        ..start(id)
    }
}

async fn found(bench: &Bench, query: &str) -> Result<Vec<String>, String> {
    let rows = bench
        .service
        .list_workflow_executions(list(query, 0, bytes::Bytes::new()))
        .await;
    let rows = rows
        .map_err(|status| status.message().to_owned())?
        .into_inner()
        .executions;
    Ok(rows.into_iter().map(|row| row.execution.unwrap().workflow_id).collect())
}

/// Filters, and what each finds.
const FOUND: &[(&str, &[&str])] = &[
    ("`WorkflowType` = \"Type\"", &["it's", "d", "a", "c", "b"]),
    ("Word != 'alpha'", &["it's", "c", "b"]),
    ("not Word = 'alpha'", &["it's", "c", "b"]),
    ("NOT (Word = 'alpha' OR Int = 2)", &["c"]),
    ("NOT NOT Word = 'alpha'", &["a"]),
    ("Word > 'alpha'", &["it's", "c", "b"]),
    ("Word IN ('alpha','beta')", &["a", "c"]),
    ("Word NOT IN ('alpha','beta')", &["it's", "b"]),
    ("Word IS NULL", &["d"]),
    ("Word IS NOT NULL", &["it's", "a", "c", "b"]),
    ("Word STARTS_WITH 'alpha'", &["a", "b"]),
    ("Word NOT STARTS_WITH 'alpha'", &["it's", "c"]),
    ("Word starts_with 'b'", &["c"]),
    ("Word BETWEEN 'alpha' AND 'alphabet'", &["a", "b"]),
    ("Int = 1.0", &["a"]),
    ("Int = 1.5", &[]),
    ("Int < 0", &["c"]),
    ("Int = -3", &["c"]),
    ("Int >= 1 AND Int <= 2", &["a", "b"]),
    ("Int NOT BETWEEN 1 AND 2", &["c"]),
    ("Int <= 1e3", &["a", "c", "b"]),
    ("Int = 99999999999999999999", &[]),
    ("Double = 2", &["b"]),
    ("Double > 1.5", &["b"]),
    ("Bool = TRUE", &["a"]),
    ("Bool != true", &["b"]),
    ("Bool > false", &["a"]),
    ("Time = '2026-06-02T05:04:05.123+02:00'", &["b"]),
    ("Time > 1767323045000000000", &["b"]),
    ("Time BETWEEN '2026-01-01T00:00:00Z' AND '2026-02-01T00:00:00Z'", &["a"]),
    ("Words = 'y'", &["a", "b"]),
    ("Words != 'x'", &["it's", "d", "c", "b"]),
    ("Words IN ('x','z')", &["a", "b"]),
    ("Words NOT IN ('x')", &["it's", "d", "c", "b"]),
    ("Words IS NULL", &["it's", "d", "c"]),
    ("Text = 'QUICK'", &["a", "b"]),
    ("Text = 'lazy fox'", &["a", "b"]),
    ("Text = 'qui'", &[]),
    ("Text = 'quick*'", &["a", "b"]),
    ("Text != 'fox'", &["it's", "d", "c", "b"]),
    ("ExecutionStatus = 'Running'", &["it's", "d", "a"]),
    ("ExecutionStatus = 1", &["it's", "d", "a"]),
    ("ExecutionStatus != 'Terminated'", &["it's", "d", "a"]),
    (
        "ExecutionStatus IN ('Running','Terminated')",
        &["it's", "d", "a", "c", "b"],
    ),
    ("ExecutionStatus IN ('Failed','Terminated')", &["c", "b"]),
    ("ExecutionStatus > 'Running'", &["c", "b"]),
    ("ExecutionStatus = 'Paused'", &[]),
    ("ExecutionDuration < '1h'", &["c", "b"]),
    ("ExecutionDuration < '01:00:00'", &["c", "b"]),
    ("ExecutionDuration > '1d'", &[]),
    ("CloseTime IS NULL", &["it's", "d", "a"]),
    ("CloseTime > '2020-01-01T00:00:00Z'", &["c", "b"]),
    ("CloseTime < '2020-01-01T00:00:00Z'", &[]),
    (
        "CloseTime BETWEEN '2020-01-01T00:00:00Z' AND '2021-01-01T00:00:00Z'",
        &[],
    ),
    ("StartTime > '2020-01-01T00:00:00Z'", &["it's", "d", "a", "c", "b"]),
    ("StartTime < '2020-01-01T00:00:00Z'", &[]),
    ("HistoryLength >= 2", &["c", "b"]),
    ("TaskQueue = 'queue' AND RootWorkflowId = 'a'", &["a"]),
    ("ParentWorkflowId IS NULL", &["it's", "d", "a", "c", "b"]),
    ("WorkflowId = 'it''s'", &["it's"]),
    ("WorkflowId = \"it's\"", &["it's"]),
    ("WorkflowId = 'it\\'s'", &["it's"]),
    (
        "WorkflowId = 'a' OR WorkflowId = 'b' AND ExecutionStatus = 'Running'",
        &["a"],
    ),
    (
        "(WorkflowId = 'd' OR WorkflowId = 'b') AND ExecutionStatus = 'Running'",
        &["d"],
    ),
    ("WorkflowId = 'a' && WorkflowId = 'b'", &[]),
    ("Word IS NULL OR Int > 1", &["d", "b"]),
    ("Word = 'alpha' -- comment", &["a"]),
    ("RunId = 'x'", &[]),
    ("BuildIds IS NULL AND Int = 1", &["a"]),
    ("Int = 1 GROUP BY ExecutionStatus", &["a"]),
];

#[tokio::test]
async fn filters_find_what_the_original_finds() {
    let bench = seeded().await;
    for (query, expected) in FOUND {
        assert_eq!(found(&bench, query).await.unwrap(), *expected, "{query}");
    }
}

/// Filters that are refused, and in which words.
const REFUSED: &[(&str, &str)] = &[
    ("workflowtype = 'Type'", "invalid search attribute: workflowtype"),
    ("WorkflowId", "invalid expression: incomplete expression"),
    ("WorkflowId = ", "malformed SQL query: syntax error at position 40"),
    (
        "AND WorkflowId = 'a'",
        "malformed SQL query: syntax error at position 31 near 'and'",
    ),
    (
        "(WorkflowId = 'vis-a'",
        "malformed SQL query: syntax error at position 49",
    ),
    (
        "WorkflowId = 'vis-a')",
        "malformed SQL query: syntax error at position 49",
    ),
    (
        "WorkflowId = 'open",
        "malformed SQL query: syntax error at position 46 near 'open'",
    ),
    ("Word IN ()", "malformed SQL query: syntax error at position 38"),
    (
        "WorkflowId = RunId",
        "operation is not supported: column name on the right side of comparison expression (did you forget to quote \"RunId\"?)",
    ),
    (
        "Word = NULL",
        "invalid expression: unexpected value type *sqlparser.NullVal",
    ),
    (
        "Word = 1",
        "invalid expression: invalid value type for search attribute Word of type Keyword: 1 (type: int64)",
    ),
    (
        "Int = 'x'",
        "invalid expression: invalid value type for search attribute Int of type Int: \"x\" (type: string)",
    ),
    (
        "Word LIKE 'a%'",
        "operation is not supported: operator 'LIKE' not supported for Keyword type search attribute 'Word'",
    ),
    (
        "Text > 'a'",
        "operation is not supported: operator '>' not supported for Text type search attribute 'Text'",
    ),
    (
        "Words BETWEEN 'a' AND 'z'",
        "invalid expression: cannot do range condition on search attribute 'Words' of type KeywordList",
    ),
    (
        "Time > '2026-01-01'",
        "invalid expression: unable to parse datetime '2026-01-01'",
    ),
    (
        "ExecutionStatus = 'Odd'",
        "invalid expression: invalid ExecutionStatus value 'Odd'",
    ),
    (
        "ExecutionDuration < 'x'",
        "invalid expression: invalid duration value for search attribute ExecutionDuration: x",
    ),
    (
        "'x' = WorkflowId",
        "invalid expression: must be a column name but was *sqlparser.SQLVal",
    ),
    (
        "Int + 1 = 2",
        "invalid expression: must be a column name but was *sqlparser.BinaryExpr",
    ),
    (
        "! Int = 2",
        "invalid expression: must be a column name but was *sqlparser.UnaryExpr",
    ),
    (
        "true",
        "operation is not supported: expression of type sqlparser.BoolVal",
    ),
    ("ORDER BY StartTime", "operation is not supported: 'ORDER BY' clause"),
    ("Int = 1 LIMIT 1", "operation is not supported: 'LIMIT' clause"),
];

#[tokio::test]
async fn filters_are_refused_in_the_words_of_the_original() {
    let bench = seeded().await;
    for (query, expected) in REFUSED {
        let refused = found(&bench, query).await.unwrap_err();
        assert_eq!(refused, format!("invalid query: {expected}"), "{query}");
    }
    let deep = format!("{}Int = 1{}", "(".repeat(5000), ")".repeat(5000));
    assert!(found(&bench, &deep).await.unwrap_err().contains("nested deeper"));
}

#[tokio::test]
async fn counts_are_grouped_by_status_alone() {
    let bench = seeded().await;
    let count = |query: &str| {
        bench
            .service
            .count_workflow_executions(Request::new(CountWorkflowExecutionsRequest {
                namespace: "default".to_owned(),
                query: query.to_owned(),
            }))
    };
    let all = count("Int > -10").await.unwrap().into_inner();
    assert_eq!((all.count, all.groups.len()), (3, 0));
    let by_status = count("group by ExecutionStatus").await.unwrap().into_inner();
    let groups: Vec<_> = by_status
        .groups
        .iter()
        .map(|group| (group.group_values.first().unwrap().data.clone(), group.count))
        .collect();
    assert_eq!(groups, [("\"Running\"".into(), 3), ("\"Terminated\"".into(), 2)]);
    for (query, expected) in [
        (
            "GROUP BY ExecutionStatus, WorkflowType",
            "'GROUP BY' clause supports only a single field",
        ),
        (
            "GROUP BY Word",
            "'GROUP BY' clause is not supported for search attribute Word",
        ),
    ] {
        let refused = count(query).await.unwrap_err();
        assert_eq!(
            refused.message(),
            format!("invalid query: operation is not supported: {expected}")
        );
    }
}

#[tokio::test]
async fn open_and_closed_runs_are_listed_by_the_old_requests() {
    use list_closed_workflow_executions_request::Filters;
    let bench = seeded().await;
    let open = ListOpenWorkflowExecutionsRequest {
        namespace: "default".to_owned(),
        ..Default::default()
    };
    let open = bench
        .service
        .list_open_workflow_executions(Request::new(open))
        .await
        .unwrap();
    assert_eq!(open.into_inner().executions.len(), 3);
    let status = |status: i32| ListClosedWorkflowExecutionsRequest {
        namespace: "default".to_owned(),
        filters: Some(Filters::StatusFilter(steadfast_proto::filter::StatusFilter { status })),
        ..Default::default()
    };
    for (number, expected) in [(5, 2), (2, 0)] {
        let closed = bench
            .service
            .list_closed_workflow_executions(Request::new(status(number)))
            .await;
        assert_eq!(closed.unwrap().into_inner().executions.len(), expected);
    }
}

#[tokio::test]
async fn pages_go_on_where_the_one_before_ended_whatever_begins_meanwhile() {
    let bench = seeded().await;
    let mut token = bytes::Bytes::new();
    let mut seen = Vec::new();
    loop {
        let page = bench
            .service
            .list_workflow_executions(list("WorkflowType = 'Type'", 2, token))
            .await;
        let page = page.unwrap().into_inner();
        seen.extend(
            page.executions
                .into_iter()
                .map(|row| row.execution.unwrap().workflow_id),
        );
        bench.start(&format!("new {}", seen.len())).await;
        token = page.next_page_token;
        if token.is_empty() {
            break;
        }
    }
    assert_eq!(seen, ["it's", "d", "a", "c", "b"]);
    let foreign = bench
        .service
        .list_workflow_executions(list("", 2, "foreign".into()))
        .await;
    assert_eq!(foreign.unwrap_err().code(), Code::InvalidArgument);
}

#[tokio::test]
async fn values_of_the_wrong_type_are_refused_at_the_start() {
    let bench = seeded().await;
    for (name, json, shown) in [
        ("Int", "1.5", "1.5"),
        ("Int", "[1,2]", "[1 2]"),
        ("Word", "5", "5"),
        ("Bool", "\"true\"", "true"),
        ("Time", "\"2026-01-01\"", "2026-01-01"),
        ("Words", "\"a\"", "a"),
    ] {
        let refused = bench.start_with(attributed("f", &[(name, json)])).await.unwrap_err();
        let expected = format!("invalid value for search attribute {name} of type ");
        assert!(refused.message().starts_with(&expected), "{}", refused.message());
        assert!(
            refused.message().ends_with(&format!(": {shown}")),
            "{}",
            refused.message()
        );
    }
    bench
        .start_with(attributed("f", &[("Word", "null"), ("Words", "[]")]))
        .await
        .unwrap();
    let info = bench.describe("f").await.workflow_execution_info.unwrap();
    assert!(info.search_attributes.unwrap().indexed_fields.is_empty());
    let typed = bench
        .describe("a")
        .await
        .workflow_execution_info
        .unwrap()
        .search_attributes
        .unwrap();
    assert_eq!(
        typed.indexed_fields["Words"].metadata.get("type").unwrap(),
        "KeywordList"
    );
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
