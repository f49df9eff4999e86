//! Filters of lists, cron schedules and the JSON of search attributes are understood or refused.

use std::{cell::RefCell, time::Duration};
use steadfast_proto::{
    common::{Payload, SearchAttributes, WorkflowType},
    taskqueue::TaskQueue,
    workflowservice::{CountWorkflowExecutionsRequest, ListWorkflowExecutionsRequest, StartWorkflowExecutionRequest},
};
use steadfast_server::{
    SearchAttributeType as Type,
    engine::{Config, Engine, Error, Handled, Reply, Request, Time},
};

const TYPES: [(&str, Type); 7] = [
    ("Keyword", Type::Keyword),
    ("Int", Type::Int),
    ("Text", Type::Text),
    ("Bool", Type::Bool),
    ("Moment", Type::Datetime),
    ("Number", Type::Double),
    ("List", Type::KeywordList),
];

thread_local! {
    /// Asking for lists changes nothing, so one engine serves all inputs.
    static FILTERED: RefCell<Engine> = RefCell::new(engine());
}

/// The first line is a filter, the second a cron schedule, the rest the value of a search attribute.
pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let mut parts = text.splitn(3, '\n');
    let mut next = || parts.next().unwrap_or_default().to_owned();
    let (query, cron, value) = (next(), next(), next());
    FILTERED.with_borrow_mut(|engine| filter(engine, &query));
    if !cron.is_empty() {
        let _ = start(&mut engine(), "cron", |request| request.cron_schedule = cron);
    }
    for (name, _) in TYPES.iter().filter(|_| !value.is_empty()) {
        let mut engine = engine();
        if start(&mut engine, "value", |request| with_attribute(request, name, &value)).is_ok() {
            filter(&mut engine, &format!("{name} is not null"));
        }
    }
}

fn filter(engine: &mut Engine, query: &str) {
    let list = ask(
        engine,
        Request::ListWorkflowExecutions(Box::new(ListWorkflowExecutionsRequest {
            namespace: "default".to_owned(),
            query: query.to_owned(),
            page_size: 1000,
            ..Default::default()
        })),
    );
    let count = ask(
        engine,
        Request::CountWorkflowExecutions(Box::new(CountWorkflowExecutionsRequest {
            namespace: "default".to_owned(),
            query: query.to_owned(),
        })),
    );
    if let (Ok(Reply::ListWorkflowExecutions(list)), Ok(Reply::CountWorkflowExecutions(count))) = (&list, &count) {
        assert_eq!(list.executions.len() as i64, count.count, "{query}");
    }
}

fn ask(engine: &mut Engine, request: Request) -> Result<Reply, Error> {
    match engine.handle(now(), request.into())? {
        Handled::Reply(reply) => Ok(reply),
        Handled::Wait(_) => panic!("nothing to wait for"),
    }
}

fn now() -> Time {
    Time::default().plus(Duration::from_secs(1_700_000_000))
}

fn with_attribute(request: &mut StartWorkflowExecutionRequest, name: &str, value: &str) {
    let payload = Payload::encoded("json/plain", value.to_owned());
    let attributes = request.search_attributes.get_or_insert_with(SearchAttributes::default);
    attributes.indexed_fields.insert(name.to_owned(), payload);
}

/// An engine with a run for each type of search attribute.
fn engine() -> Engine {
    let mut engine = Engine::new(&Config {
        seed: 1,
        search_attributes: TYPES.iter().map(|(name, kind)| ((*name).to_owned(), *kind)).collect(),
        ..Config::default()
    });
    let values = [
        "\"a\"",
        "1",
        "\"some words\"",
        "true",
        "\"2026-01-02T03:04:05Z\"",
        "1.5",
        "[\"a\",\"b\"]",
    ];
    for ((name, _), value) in TYPES.iter().zip(values) {
        start(&mut engine, name, |request| with_attribute(request, name, value)).expect("a valid request");
    }
    engine
}

fn start(
    engine: &mut Engine,
    workflow_id: &str,
    set: impl FnOnce(&mut StartWorkflowExecutionRequest),
) -> Result<Reply, Error> {
    let mut request = StartWorkflowExecutionRequest {
        namespace: "default".to_owned(),
        workflow_id: workflow_id.to_owned(),
        workflow_type: Some(WorkflowType {
            name: "Type".to_owned(),
        }),
        task_queue: Some(TaskQueue {
            name: "queue".to_owned(),
            ..Default::default()
        }),
        ..Default::default()
    };
    set(&mut request);
    ask(engine, Request::StartWorkflowExecution(Box::new(request)))
}
