//! Interceptors, and the headers that they send along.

use std::sync::{Arc, Mutex};
use steadfast::{
    client::{Client, RpcError},
    convert::HeaderCodec,
    error::Failure,
    interceptor::*,
    prelude::*,
    proto::{
        command::ScheduleActivityTaskCommandAttributes,
        common::Payloads,
        history::history_event::Attributes,
        workflowservice::{SignalWorkflowExecutionRequest, SignalWorkflowExecutionResponse},
    },
};
use tests::{
    Environment, Outcome, RunningWorker,
    codec::{SEALED, SealedAnywhere},
};

/// Sends the tenant along with everything a client asks for, and workflows pass it on.
struct Tenant;

impl ClientInterceptor for Tenant {
    fn headers(&self, headers: &mut Headers) {
        headers.set("tenant", &"acme").expect("text is JSON");
    }
}

impl WorkflowInterceptor for Tenant {
    fn headers(&self, ctx: &InterceptorContext, headers: &mut Headers) {
        headers.copy_from(&ctx.info().headers(), "tenant");
    }
}

fn tenant(headers: &Headers) -> String {
    headers
        .get("tenant")
        .ok()
        .flatten()
        .unwrap_or_else(|| "nobody".to_owned())
}

#[activity(start_to_close_timeout = "10s")]
async fn who(ctx: ActivityContext) -> Result<String, ActivityError> {
    Ok(tenant(ctx.headers()))
}

#[derive(Default)]
struct Listener {
    told: Vec<String>,
}

#[workflow]
impl Listener {
    #[run]
    async fn run(ctx: WorkflowContext<Self>) -> WorkflowResult<String> {
        ctx.wait_condition(|s| !s.told.is_empty()).await?;
        let started = tenant(&ctx.info().headers());
        Ok(format!("{started}, {}", ctx.state(|s| s.told.join(", "))))
    }

    #[signal]
    fn tell(&mut self, ctx: HandlerContext) {
        self.told.push(tenant(&ctx.message_headers()));
    }
}

/// Asks everybody whom it works for.
#[derive(Default)]
struct Chain {
    told: Vec<String>,
}

#[workflow]
impl Chain {
    #[run]
    async fn run(ctx: WorkflowContext<Self>) -> WorkflowResult<Vec<String>> {
        let mut all = vec![tenant(&ctx.info().headers()), tenant(&ctx.message_headers())];
        all.push(ctx.activity::<who>(()).await?);
        all.push(ctx.local_activity::<who>(()).start_to_close_timeout(secs(10)).await?);
        let child = ctx.child::<Listener>(()).start().await?;
        child.tell().await?;
        all.push(child.result().await?);
        ctx.wait_condition(|s| s.told.len() == 3).await?;
        all.extend(ctx.state(|s| s.told.clone()));
        Ok(all)
    }

    #[signal]
    fn tell(&mut self, ctx: HandlerContext) {
        self.told.push(format!("signal of {}", tenant(&ctx.message_headers())));
    }

    #[signal]
    async fn tell_later(ctx: WorkflowContext<Self>) -> WorkflowResult<()> {
        ctx.sleep(millis(1)).await?;
        let of = tenant(&ctx.message_headers());
        ctx.state_mut(|s| s.told.push(format!("later signal of {of}")));
        Ok(())
    }

    #[update]
    async fn tell_and_wait(ctx: WorkflowContext<Self>) -> String {
        let _ = ctx.wait_condition(|s| s.told.len() == 2).await;
        let of = tenant(&ctx.message_headers());
        ctx.state_mut(|s| s.told.push(format!("update of {of}")));
        of
    }

    #[query]
    fn asked_by(&self, ctx: HandlerContext) -> String {
        tenant(&ctx.message_headers())
    }
}

fn millis(millis: u64) -> std::time::Duration {
    std::time::Duration::from_millis(millis)
}

#[tokio::test]
async fn a_header_goes_from_the_client_to_everything_that_a_workflow_calls() -> Outcome {
    let environment = Environment::connect().await?;
    let client = environment.client().interceptor(Tenant);
    let _worker = RunningWorker::start(
        environment
            .worker()
            .workflow_interceptor(Tenant)
            .workflow::<Chain>()
            .workflow::<Listener>()
            .activity::<who>(),
    );
    let start = client
        .start::<Chain>(())
        .id(environment.name("workflow"))
        .task_queue(environment.queue());
    let chain = start.await?;
    chain.tell().await?;
    chain.tell_later().await?;
    assert_eq!(chain.tell_and_wait().await?, "acme");
    assert_eq!(chain.asked_by().await?, "acme");
    assert_eq!(
        chain.result().await?,
        [
            "acme",
            "nobody", // the main routine handles no message
            "acme",
            "acme",
            "acme, acme",
            "signal of acme",
            "later signal of acme",
            "update of acme"
        ]
    );
    let plain = environment.client().workflow::<Chain>(chain.id());
    assert_eq!(plain.asked_by().await?, "nobody");
    let events = environment.history(&plain).await?;
    let attributes = || events.iter().filter_map(|event| event.attributes.as_ref());
    assert!(attributes().any(|event| matches!(event, Attributes::ActivityTaskScheduledEventAttributes(_))));
    for event in attributes() {
        let header = match event {
            Attributes::WorkflowExecutionStartedEventAttributes(event) => &event.header,
            Attributes::WorkflowExecutionSignaledEventAttributes(event) => &event.header,
            Attributes::ActivityTaskScheduledEventAttributes(event) => &event.header,
            Attributes::StartChildWorkflowExecutionInitiatedEventAttributes(event) => &event.header,
            Attributes::SignalExternalWorkflowExecutionInitiatedEventAttributes(event) => &event.header,
            _ => continue,
        };
        let names = header.iter().flat_map(|header| header.fields.keys());
        assert_eq!(names.collect::<Vec<_>>(), ["tenant"], "{event:?}");
    }
    Ok(())
}

#[tokio::test]
async fn a_run_that_continues_as_new_hands_its_headers_on() -> Outcome {
    let environment = Environment::connect().await?;
    let client = environment.client().interceptor(Tenant);
    let _worker = RunningWorker::start(environment.worker().workflow::<Once>());
    let once = client
        .start::<Once>(true)
        .id(environment.name("workflow"))
        .task_queue(environment.queue())
        .await?;
    assert_eq!(once.result().await?, "acme");
    Ok(())
}

#[derive(Default)]
struct Once;

#[workflow]
impl Once {
    #[run]
    async fn run(ctx: WorkflowContext<Self>, again: bool) -> WorkflowResult<String> {
        if again {
            return ctx.continue_as_new(false);
        }
        Ok(tenant(&ctx.info().headers()))
    }
}

/// Notes what passes.
#[derive(Clone, Default)]
struct Log {
    name: &'static str,
    lines: Arc<Mutex<Vec<String>>>,
}

impl Log {
    fn note(&self, what: impl AsRef<str>) {
        self.lines
            .lock()
            .unwrap()
            .push(format!("{}: {}", self.name, what.as_ref()));
    }
}

impl WorkflowInterceptor for Log {
    async fn execute(
        &self,
        call: ExecuteWorkflow,
        next: Next<ExecuteWorkflow, WorkflowResult<Payloads>>,
    ) -> WorkflowResult<Payloads> {
        let ctx = call.ctx.clone();
        self.note("begins");
        let result = next.run(call).await;
        self.note(if ctx.is_replaying() { "ended long ago" } else { "ends" });
        result
    }

    async fn signal(&self, call: HandleSignal, next: Next<HandleSignal, WorkflowResult<()>>) -> WorkflowResult<()> {
        self.note(format!("signal {}", call.name));
        next.run(call).await
    }

    async fn update(&self, mut call: HandleUpdate, next: Next<HandleUpdate, Answer>) -> Answer {
        self.note(format!("update {}", call.name));
        call.arguments = Some(
            call.ctx
                .converter()
                .encode_result(&"a pear")
                .map_err(|_| Failure::default())?,
        );
        next.run(call).await
    }

    fn validate_update(
        &self,
        call: HandleUpdate,
        next: NextNow<'_, HandleUpdate, Result<(), Failure>>,
    ) -> Result<(), Failure> {
        if call.headers.is_empty() {
            return Err(Failure {
                message: "who are you?".to_owned(),
                ..Failure::default()
            });
        }
        next.run(call)
    }

    fn query(&self, call: HandleQuery, next: NextNow<'_, HandleQuery, Answer>) -> Answer {
        let converter = call.ctx.converter().clone();
        let items: usize = converter.decode_result(Some(&next.run(call)?)).unwrap_or_default();
        converter.encode_result(&(items * 100)).map_err(|_| Failure::default())
    }

    fn schedule_activity(
        &self,
        _: &InterceptorContext,
        activity: &mut Outgoing<Box<ScheduleActivityTaskCommandAttributes>>,
    ) {
        activity.message.activity_id = "renamed".to_owned();
    }
}

impl ActivityInterceptor for Log {
    async fn execute(&self, call: ExecuteActivity, next: Next<ExecuteActivity, ActivityOutcome>) -> ActivityOutcome {
        self.note(format!("runs {}", call.ctx.info().activity_id));
        let outcome = next.run(call).await;
        self.note("has run");
        outcome
    }

    fn heartbeat(&self, ctx: &ActivityContext, details: Option<Payloads>) -> Option<Payloads> {
        let text: Option<String> = ctx.converter().decode_result(details.as_ref()).ok();
        self.note(format!("{} is alive", text.unwrap_or_default()));
        details
    }
}

impl ClientInterceptor for Log {
    async fn signal_workflow(
        &self,
        call: Outgoing<SignalWorkflowExecutionRequest>,
        next: Next<Outgoing<SignalWorkflowExecutionRequest>, Result<SignalWorkflowExecutionResponse, RpcError>>,
    ) -> Result<SignalWorkflowExecutionResponse, RpcError> {
        self.note(format!("sends {}", call.message.signal_name));
        let answer = next.run(call).await;
        self.note("sent");
        answer
    }
}

#[activity(start_to_close_timeout = "10s")]
async fn pack(ctx: ActivityContext, item: String) -> Result<String, ActivityError> {
    ctx.heartbeat(&item)?;
    Ok(format!("{item}, packed"))
}

#[derive(Default)]
struct Basket {
    items: Vec<String>,
    closed: bool,
}

#[workflow]
impl Basket {
    #[run]
    async fn run(ctx: WorkflowContext<Self>) -> WorkflowResult<Vec<String>> {
        ctx.wait_condition(|s| s.closed).await?;
        let mut packed = Vec::new();
        for item in ctx.state(|s| s.items.clone()) {
            packed.push(ctx.activity::<pack>(item).await?);
        }
        Ok(packed)
    }

    #[update]
    fn add(&mut self, item: String) -> usize {
        self.items.push(item);
        self.items.len()
    }

    #[signal]
    fn close(&mut self) {
        self.closed = true;
    }

    #[query]
    fn count(&self) -> usize {
        self.items.len()
    }
}

#[tokio::test]
async fn interceptors_see_and_change_what_passes_in_the_order_of_their_registration() -> Outcome {
    let environment = Environment::connect().await?;
    let (outer, inner) = (
        Log {
            name: "outer",
            ..Log::default()
        },
        Log {
            name: "inner",
            ..Log::default()
        },
    );
    let inner = Log {
        lines: Arc::clone(&outer.lines),
        ..inner
    };
    let client = environment
        .client()
        .interceptor(outer.clone())
        .interceptor(inner.clone());
    let _worker = RunningWorker::start(
        environment
            .worker()
            .workflow_interceptor(outer.clone())
            .activity_interceptor(outer.clone())
            .activity_interceptor(inner.clone())
            .workflow::<Basket>()
            .activity::<pack>(),
    );
    let basket = client
        .start::<Basket>(())
        .id(environment.name("workflow"))
        .task_queue(environment.queue())
        .await?;
    let refused = basket
        .add("an apple".to_owned())
        .await
        .expect_err("nobody says who asks");
    assert!(refused.to_string().contains("who are you?"), "{refused}");
    let known = client.interceptor(Tenant).workflow::<Basket>(basket.id());
    assert_eq!(known.add("an apple".to_owned()).await?, 1);
    assert_eq!(basket.count().await?, 100);
    basket.close().await?;
    assert_eq!(basket.result().await?, ["a pear, packed"]);
    let lines = outer.lines.lock().unwrap().clone();
    assert_eq!(lines[..2], ["outer: begins", "outer: update add"]);
    let mut rest = lines[2..].to_vec();
    // The answer to the signal and its handling are on different threads.
    rest.retain(|line| !line.ends_with("sent"));
    assert_eq!(
        rest,
        [
            "outer: sends close",
            "inner: sends close",
            "outer: signal close",
            "outer: runs renamed",
            "inner: runs renamed",
            "outer: a pear is alive",
            "inner: a pear is alive",
            "inner: has run",
            "outer: has run",
            "outer: ends",
        ]
    );
    Ok(())
}

tokio::task_local! {
    static WHO: String;
}

struct Scoped;

impl WorkflowInterceptor for Scoped {
    async fn execute(
        &self,
        call: ExecuteWorkflow,
        next: Next<ExecuteWorkflow, WorkflowResult<Payloads>>,
    ) -> WorkflowResult<Payloads> {
        WHO.scope(tenant(&call.headers), next.run(call)).await
    }
}

#[derive(Default)]
struct Deep;

#[workflow]
impl Deep {
    #[run]
    async fn run(ctx: WorkflowContext<Self>) -> WorkflowResult<String> {
        ctx.sleep(millis(1)).await?;
        Ok(WHO.with(Clone::clone))
    }
}

#[tokio::test]
async fn a_task_local_value_of_an_interceptor_is_there_in_all_of_the_workflows_code() -> Outcome {
    let environment = Environment::connect().await?;
    let client = environment.client().interceptor(Tenant);
    let _worker = RunningWorker::start(environment.worker().workflow_interceptor(Scoped).workflow::<Deep>());
    let deep = client
        .start::<Deep>(())
        .id(environment.name("workflow"))
        .task_queue(environment.queue());
    assert_eq!(deep.await?.result().await?, "acme");
    Ok(())
}

/// Asks an activity whom it works for.
#[derive(Default)]
struct Asking;

#[workflow]
impl Asking {
    #[run]
    async fn run(ctx: WorkflowContext<Self>) -> WorkflowResult<(String, String)> {
        Ok((tenant(&ctx.info().headers()), ctx.activity::<who>(()).await?))
    }
}

#[tokio::test]
async fn codecs_change_headers_as_far_as_was_said() -> Outcome {
    let environment = Environment::connect().await?;
    let plain = environment.another_client(Client::builder()).await?;
    // An activity does not read what its workflow sealed, if only workflows are said to.
    let rules = [
        (HeaderCodec::None, [false, false], "acme"),
        (HeaderCodec::All, [true, true], "acme"),
        (HeaderCodec::WorkflowsOnly, [false, true], "nobody"),
    ];
    for (rule, sealed, heard) in rules {
        let builder = Client::builder().codec(SealedAnywhere("key 1")).header_codec(rule);
        let client = environment.another_client(builder.interceptor(Tenant)).await?;
        let name = environment.name(&format!("{rule:?}"));
        let worker = Worker::new(&client, &name).workflow_interceptor(Tenant);
        let worker = RunningWorker::start(worker.workflow::<Asking>().activity::<who>());
        let asking = client.start::<Asking>(()).id(&name).task_queue(&name).await?;
        let told = ("acme".to_owned(), heard.to_owned());
        assert_eq!(asking.result().await?, told, "{rule:?}");
        worker.stop().await?;
        let events = plain.workflow::<Asking>(&name).fetch_history().await?.events;
        let headers = events.iter().filter_map(|event| match event.attributes.as_ref()? {
            Attributes::WorkflowExecutionStartedEventAttributes(started) => started.header.as_ref(),
            Attributes::ActivityTaskScheduledEventAttributes(scheduled) => scheduled.header.as_ref(),
            _ => None,
        });
        let seen: Vec<_> = headers
            .filter_map(|header| header.fields.get("tenant"))
            .map(|payload| payload.encoding() == SEALED.as_bytes())
            .collect();
        assert_eq!(seen, sealed, "{rule:?}");
    }
    Ok(())
}
