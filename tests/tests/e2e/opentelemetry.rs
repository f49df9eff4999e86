//! Traces and metrics to OpenTelemetry.

use opentelemetry::{
    Context,
    metrics::MeterProvider,
    propagation::{Extractor, Injector, TextMapPropagator, text_map_propagator::FieldIter},
    trace::{
        FutureExt, SpanContext, SpanId, SpanKind, Status, TraceContextExt, TraceFlags, TraceId, TraceState, Tracer,
        TracerProvider,
    },
};
use opentelemetry_sdk::{
    metrics::{InMemoryMetricExporter, SdkMeterProvider},
    trace::{InMemorySpanExporter, SdkTracerProvider, SpanData},
};
use steadfast::{
    opentelemetry::{OpenTelemetryMeter, Tracing},
    prelude::*,
    proto::history::history_event::Attributes,
};
use tests::{Environment, Outcome, RunningWorker};

/// The spans of one test.
struct Spans {
    exporter: InMemorySpanExporter,
    provider: SdkTracerProvider,
}

impl Spans {
    fn new() -> Self {
        let exporter = InMemorySpanExporter::default();
        let provider = SdkTracerProvider::builder()
            .with_simple_exporter(exporter.clone())
            .build();
        Self { exporter, provider }
    }

    fn tracing(&self) -> Tracing {
        Tracing::with_tracer(self.provider.tracer("test"))
    }

    /// A span that the test itself begins, as the context around what it does.
    fn root(&self) -> Context {
        Context::new().with_span(self.provider.tracer("test").start("test"))
    }

    fn finished(&self) -> Vec<SpanData> {
        self.exporter.get_finished_spans().unwrap()
    }

    /// Each span as `its parent > its name`, in order.
    fn lines(&self) -> Vec<String> {
        let spans = self.finished();
        let name = |id: SpanId| {
            let parent = spans.iter().find(|span| span.span_context.span_id() == id);
            parent.map_or("nothing".to_owned(), |span| span.name.clone().into_owned())
        };
        let mut lines: Vec<_> = spans
            .iter()
            .map(|span| format!("{} > {}", name(span.parent_span_id), span.name))
            .collect();
        lines.sort();
        lines
    }
}

#[activity(start_to_close_timeout = "10s")]
async fn weigh(item: String) -> Result<usize, ActivityError> {
    Context::current().span().add_event("weighed", Vec::new());
    Ok(item.len())
}

/// On a thread of its own; the trace comes along.
#[activity(start_to_close_timeout = "10s")]
fn label(item: String) -> Result<String, ActivityError> {
    match Context::current().has_active_span() {
        true => Ok(format!("<{item}>")),
        false => Err(ActivityError::new("there is no span")),
    }
}

#[derive(Default)]
struct Letter;

#[workflow]
impl Letter {
    #[run]
    async fn run(ctx: WorkflowContext<Self>, item: String) -> WorkflowResult<String> {
        Ok(ctx.activity::<label>(item).await?)
    }
}

#[derive(Default)]
struct Post {
    item: Option<String>,
}

#[workflow]
impl Post {
    #[run]
    async fn run(ctx: WorkflowContext<Self>) -> WorkflowResult<String> {
        let item = ctx.wait_some(|s| s.item.clone()).await?;
        ctx.local_activity::<weigh>(item.clone())
            .start_to_close_timeout(secs(5))
            .await?;
        let letter = ctx.child::<Letter>(item).await?;
        ctx.sleep(secs(1)).await?;
        Ok(letter)
    }

    #[update]
    async fn weighs(ctx: WorkflowContext<Self>, item: String) -> Result<usize, UpdateError> {
        Ok(ctx.activity::<weigh>(item).await?)
    }

    #[signal]
    fn send(&mut self, item: String) {
        self.item = Some(item);
    }

    #[query]
    fn is_sent(&self) -> bool {
        self.item.is_some()
    }
}

#[tokio::test]
async fn one_trace_leads_from_the_client_through_workflows_to_activities() -> Outcome {
    let spans = traced(1_000).await?;
    let mut expected = vec![
        "QueryWorkflow:is_sent > HandleQuery:is_sent",
        "StartActivity:label > RunActivity:label",
        "StartActivity:weigh > RunActivity:weigh",
        "StartActivity:weigh > RunActivity:weigh",
        "StartChildWorkflow:Letter > CompleteWorkflow:Letter",
        "StartChildWorkflow:Letter > RunWorkflow:Letter",
        "StartChildWorkflow:Letter > StartActivity:label",
        "StartWorkflow:Post > CompleteWorkflow:Post",
        "StartWorkflow:Post > HandleSignal:send",
        "StartWorkflow:Post > HandleUpdate:weighs",
        "StartWorkflow:Post > RunWorkflow:Post",
        "StartWorkflow:Post > StartActivity:weigh",
        "StartWorkflow:Post > StartActivity:weigh",
        "StartWorkflow:Post > StartChildWorkflow:Letter",
        "StartWorkflow:Post > ValidateUpdate:weighs",
        "nothing > test",
        "test > QueryWorkflow:is_sent",
        "test > SignalWorkflow:send",
        "test > StartWorkflow:Post",
        "test > StartWorkflowUpdate:weighs",
    ];
    expected.sort_unstable();
    assert_eq!(spans.lines(), expected);
    let all = spans.finished();
    let span = |name: &str| all.iter().find(|span| span.name == name).expect(name);
    let trace = span("test").span_context.trace_id();
    assert!(all.iter().all(|span| span.span_context.trace_id() == trace));
    // What a message's handler does is linked to the message.
    for (handled, sent) in [
        ("HandleSignal:send", "SignalWorkflow:send"),
        ("HandleUpdate:weighs", "StartWorkflowUpdate:weighs"),
        ("ValidateUpdate:weighs", "StartWorkflowUpdate:weighs"),
        ("HandleQuery:is_sent", "StartWorkflow:Post"),
    ] {
        let links: Vec<_> = span(handled)
            .links
            .iter()
            .map(|link| link.span_context.span_id())
            .collect();
        assert_eq!(links, [span(sent).span_context.span_id()], "{handled}");
    }
    assert_eq!(span("StartWorkflow:Post").span_kind, SpanKind::Client);
    assert_eq!(span("RunWorkflow:Post").span_kind, SpanKind::Server);
    let run = span("RunWorkflow:Post");
    assert_eq!(run.start_time, run.end_time);
    let keys: Vec<_> = run.attributes.iter().map(|attribute| attribute.key.as_str()).collect();
    assert_eq!(keys, ["temporalWorkflowID", "temporalRunID"]);
    Ok(())
}

#[tokio::test]
async fn workflows_that_are_replayed_make_no_span_again() -> Outcome {
    let (cached, replayed) = (traced(1_000).await?, traced(0).await?);
    assert_eq!(replayed.lines(), cached.lines());
    Ok(())
}

/// Runs the workflow, traced, on a worker that keeps so many in memory.
async fn traced(cached: usize) -> Result<Spans, tests::Failure> {
    let (environment, spans) = (Environment::connect().await?, Spans::new());
    let client = environment.client().interceptor(spans.tracing());
    let worker = environment
        .worker()
        .max_cached_workflows(cached)
        .plugin(spans.tracing());
    let _worker = RunningWorker::start(
        worker
            .workflow::<Post>()
            .workflow::<Letter>()
            .activity::<weigh>()
            .activity::<label>(),
    );
    let root = spans.root();
    let ran = async {
        let post = client
            .start::<Post>(())
            .id(environment.name("workflow"))
            .task_queue(environment.queue())
            .await?;
        assert_eq!(post.weighs("a parcel".to_owned()).await?, 8);
        post.send("a letter".to_owned()).await?;
        assert_eq!(post.result().await?, "<a letter>");
        assert!(post.is_sent().await?);
        Outcome::Ok(())
    };
    ran.with_context(root.clone()).await?;
    root.span().end();
    Ok(spans)
}

/// Writes nothing but the number of the trace, under a name of its own.
#[derive(Debug)]
struct TraceNumber;

const TRACE_NUMBER: &str = "trace-number";

impl TextMapPropagator for TraceNumber {
    fn inject_context(&self, context: &Context, injector: &mut dyn Injector) {
        let span = context.span();
        let span = span.span_context();
        injector.set(TRACE_NUMBER, format!("{}-{}", span.trace_id(), span.span_id()));
    }

    fn extract_with_context(&self, context: &Context, extractor: &dyn Extractor) -> Context {
        let Some((trace, span)) = extractor.get(TRACE_NUMBER).and_then(|text| text.split_once('-')) else {
            return context.clone();
        };
        let (Ok(trace), Ok(span)) = (TraceId::from_hex(trace), SpanId::from_hex(span)) else {
            return context.clone();
        };
        let parent = SpanContext::new(trace, span, TraceFlags::SAMPLED, true, TraceState::NONE);
        context.with_remote_span_context(parent)
    }

    fn fields(&self) -> FieldIter<'_> {
        FieldIter::new(&[])
    }
}

#[tokio::test]
async fn a_trace_is_handed_on_in_a_form_of_ones_own() -> Outcome {
    let (environment, spans) = (Environment::connect().await?, Spans::new());
    let own = || spans.tracing().propagator(TraceNumber);
    let client = environment.client().interceptor(own());
    let worker = environment.worker().plugin(own());
    let _worker = RunningWorker::start(worker.workflow::<Letter>().activity::<label>());
    let letter = client
        .start::<Letter>("a letter".to_owned())
        .id(environment.name("workflow"))
        .task_queue(environment.queue())
        .await?;
    assert_eq!(letter.result().await?, "<a letter>");
    let expected = [
        "StartActivity:label > RunActivity:label",
        "StartWorkflow:Letter > CompleteWorkflow:Letter",
        "StartWorkflow:Letter > RunWorkflow:Letter",
        "StartWorkflow:Letter > StartActivity:label",
        "nothing > StartWorkflow:Letter",
    ];
    assert_eq!(spans.lines(), expected);
    let started = letter.events().next().await?.ok_or("no event")?;
    let Some(Attributes::WorkflowExecutionStartedEventAttributes(started)) = started.attributes else {
        panic!("{started:?}");
    };
    let header = started.into_inner().header.unwrap_or_default();
    let written: Vec<_> = header.fields.values().map(|field| field.data.clone()).collect();
    let written = String::from_utf8(written.concat())?;
    assert!(
        written.contains(TRACE_NUMBER) && !written.contains("traceparent"),
        "{written}"
    );
    Ok(())
}

#[derive(Default)]
struct Broken;

#[workflow]
impl Broken {
    #[run]
    async fn run(ctx: WorkflowContext<Self>) -> WorkflowResult<()> {
        ctx.activity::<breaks>(()).await?;
        Ok(())
    }
}

#[activity(start_to_close_timeout = "10s")]
async fn breaks() -> Result<(), ActivityError> {
    Err(ActivityError::new("it broke").non_retryable())
}

#[tokio::test]
async fn what_fails_is_an_error_in_its_span() -> Outcome {
    let (environment, spans) = (Environment::connect().await?, Spans::new());
    let client = environment.client().interceptor(spans.tracing());
    let worker = environment.worker().plugin(spans.tracing());
    let _worker = RunningWorker::start(worker.workflow::<Broken>().activity::<breaks>());
    let broken = client
        .start::<Broken>(())
        .id(environment.name("workflow"))
        .task_queue(environment.queue());
    broken.await?.result().await.expect_err("its activity fails");
    let missing = client.workflow::<Broken>(environment.name("missing"));
    missing
        .signal_untyped("hello", ())
        .await
        .expect_err("it does not exist");
    let all = spans.finished();
    let status = |name: &str| all.iter().find(|span| span.name == name).expect(name).status.clone();
    assert_eq!(status("RunActivity:breaks"), Status::error("it broke"));
    assert!(matches!(status("CompleteWorkflow:Broken"), Status::Error { .. }));
    assert!(matches!(status("SignalWorkflow:hello"), Status::Error { .. }));
    assert_eq!(status("StartWorkflow:Broken"), Status::Unset);
    Ok(())
}

#[tokio::test]
async fn a_workflow_without_a_trace_has_spans_only_if_it_is_told_to() -> Outcome {
    for (always, expected) in [
        (false, vec!["nothing > RunActivity:label"]),
        (
            true,
            vec![
                "StartActivity:label > RunActivity:label",
                "nothing > CompleteWorkflow:Letter",
                "nothing > RunWorkflow:Letter",
                "nothing > StartActivity:label",
            ],
        ),
    ] {
        let (environment, spans) = (Environment::connect().await?, Spans::new());
        let tracing = if always {
            spans.tracing().always_trace_workflows()
        } else {
            spans.tracing()
        };
        let worker = environment.worker().plugin(tracing);
        let _worker = RunningWorker::start(worker.workflow::<Letter>().activity::<label>());
        let letter = environment.start::<Letter>("x".to_owned()).await?;
        assert_eq!(letter.result().await?, "<x>");
        assert_eq!(spans.lines(), expected);
    }
    Ok(())
}

#[derive(Default)]
struct Scales;

#[workflow]
impl Scales {
    #[run]
    async fn run(ctx: WorkflowContext<Self>, item: String) -> WorkflowResult<usize> {
        Ok(ctx.activity::<weigh>(item).await?)
    }
}

#[tokio::test]
async fn metrics_go_to_the_meter_of_opentelemetry() -> Outcome {
    let environment = Environment::connect().await?;
    let exporter = InMemoryMetricExporter::default();
    let provider = SdkMeterProvider::builder()
        .with_periodic_exporter(exporter.clone())
        .build();
    let client = environment
        .client()
        .metrics(OpenTelemetryMeter::with_meter(provider.meter("test")));
    let worker = steadfast::Worker::new(&client, environment.queue());
    let _worker = RunningWorker::start(worker.workflow::<Scales>().activity::<weigh>());
    let scales = client
        .start::<Scales>("x".to_owned())
        .id(environment.name("workflow"))
        .task_queue(environment.queue());
    assert_eq!(scales.await?.result().await?, 1);
    provider.force_flush()?;
    let metrics = exporter.get_finished_metrics()?;
    let names: Vec<_> = metrics
        .iter()
        .flat_map(|metrics| metrics.scope_metrics())
        .flat_map(|scope| scope.metrics())
        .map(|metric| metric.name().to_owned())
        .collect();
    for name in [
        "temporal_request",
        "temporal_activity_execution_latency",
        "temporal_workflow_completed",
    ] {
        assert!(names.iter().any(|known| known == name), "{name} is not among {names:?}");
    }
    Ok(())
}
