//! One trace from the program that starts a workflow to the activity that does the work.

use examples::Outcome;
use opentelemetry::{
    Context,
    trace::{FutureExt, TraceContextExt, Tracer, TracerProvider},
};
use opentelemetry_sdk::trace::{InMemorySpanExporter, SdkTracerProvider};
use std::future::IntoFuture;
use steadfast::{opentelemetry::Tracing, prelude::*};

#[activity(start_to_close_timeout = "5s")]
async fn charge(cents: u32) -> Result<String, ActivityError> {
    // What the activity does is part of its span.
    Context::current().span().add_event("asking the bank", Vec::new());
    Ok(format!("charged {cents}"))
}

#[derive(Default)]
struct Order;

#[workflow]
impl Order {
    #[run]
    async fn run(ctx: WorkflowContext<Self>, cents: u32) -> WorkflowResult<String> {
        Ok(ctx.activity::<charge>(cents).await?)
    }
}

#[tokio::main]
async fn main() -> Outcome {
    run(&examples::connect().await?).await
}

pub async fn run(client: &Client) -> Outcome {
    // A program would export to a collector; this one looks at the spans itself.
    let exporter = InMemorySpanExporter::default();
    let provider = SdkTracerProvider::builder()
        .with_simple_exporter(exporter.clone())
        .build();
    let tracer = provider.tracer("shop");

    let tracing = Tracing::with_tracer(provider.tracer("steadfast"));
    let client = client.interceptor(tracing.clone());
    let worker = Worker::new(&client, "opentelemetry")
        .plugin(tracing)
        .workflow::<Order>()
        .activity::<charge>()
        .start();

    let request = Context::new().with_span(tracer.start("POST /orders"));
    let order = client.execute::<Order>(1_200).task_queue("opentelemetry").into_future();
    assert_eq!(order.with_context(request.clone()).await?, "charged 1200");
    request.span().end();
    worker.shutdown().await?;

    let spans = exporter.get_finished_spans()?;
    let trace = request.span().span_context().trace_id();
    for name in [
        "StartWorkflow:Order",
        "RunWorkflow:Order",
        "StartActivity:charge",
        "RunActivity:charge",
    ] {
        let span = spans.iter().find(|span| span.name == name).ok_or(name)?;
        println!("{trace} {name}");
        assert_eq!(span.span_context.trace_id(), trace);
    }
    Ok(())
}
