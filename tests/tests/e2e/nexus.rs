//! Operations of Nexus services, called by workflows.

use steadfast::{prelude::*, workflow::NexusCancellation};
use steadfast_proto::{common::Payload, failure::Failure, nexus::start_operation_response as start};
use tests::{Environment, Outcome, RunningWorker};

/// `greet` is done at once, `refuse` fails, anything else takes for ever.
fn greetings(operation: &str, input: &[u8]) -> start::Variant {
    let name = String::from_utf8_lossy(input).trim_matches('"').to_owned();
    match operation {
        "greet" => start::Variant::SyncSuccess(start::Sync {
            payload: Some(Payload::encoded("json/plain", format!("\"Hello, {name}!\""))),
            ..start::Sync::default()
        }),
        "refuse" => start::Variant::Failure(Failure::application("NoGreeting", format!("no greeting for {name}"))),
        _ => start::Variant::AsyncSuccess(start::Async {
            operation_token: format!("{operation} {name}"),
            ..start::Async::default()
        }),
    }
}

/// Calls an operation, and tells what it gets.
#[derive(Default)]
struct Caller;

#[workflow]
impl Caller {
    #[run]
    async fn run(ctx: WorkflowContext<Self>, endpoint: String, operation: String) -> WorkflowResult<String> {
        let call = ctx.nexus_untyped::<String, _>(endpoint, "Greetings", operation, "Ada");
        let called = call.schedule_to_close_timeout(secs(30)).summary("a greeting").await;
        Ok(match called {
            Ok(greeting) => greeting,
            Err(failure) => format!(
                "{} of {}: {}",
                failure.operation(),
                failure.service(),
                failure.message()
            ),
        })
    }
}

/// Starts an operation that never ends, and cancels it.
#[derive(Default)]
struct Impatient;

#[workflow]
impl Impatient {
    #[run]
    async fn run(ctx: WorkflowContext<Self>, endpoint: String) -> WorkflowResult<String> {
        let call = ctx.nexus_untyped::<String, _>(endpoint, "Greetings", "ponder", "Ada");
        let call = call.cancellation_type(NexusCancellation::WaitCancellationRequested);
        let operation = call.start().await?;
        let token = operation.operation_token().unwrap_or_default().to_owned();
        operation.cancel();
        match operation.await {
            Err(failure) if failure.is_cancelled() => Ok(format!("{token}, cancelled")),
            other => Ok(format!("{token}: {other:?}")),
        }
    }
}

#[tokio::test]
async fn an_operation_that_is_done_at_once_returns_its_result() -> Outcome {
    let environment = Environment::connect().await?;
    let endpoint = environment.nexus_endpoint(greetings).await?;
    let _worker = RunningWorker::start(environment.worker().workflow::<Caller>());
    let caller = environment
        .start::<Caller>((endpoint.name().to_owned(), "greet".to_owned()))
        .await?;
    assert_eq!(caller.result().await?, "Hello, Ada!");
    environment.check_history("nexus_sync", &caller).await
}

#[tokio::test]
async fn an_operation_that_fails_tells_why() -> Outcome {
    let environment = Environment::connect().await?;
    let endpoint = environment.nexus_endpoint(greetings).await?;
    let _worker = RunningWorker::start(environment.worker().workflow::<Caller>());
    let caller = environment
        .start::<Caller>((endpoint.name().to_owned(), "refuse".to_owned()))
        .await?;
    assert_eq!(caller.result().await?, "refuse of Greetings: no greeting for Ada");
    environment.check_history("nexus_failed", &caller).await
}

#[tokio::test]
async fn an_operation_that_takes_a_while_is_cancelled() -> Outcome {
    let environment = Environment::connect().await?;
    let endpoint = environment.nexus_endpoint(greetings).await?;
    let _worker = RunningWorker::start(environment.worker().workflow::<Impatient>());
    let impatient = environment.start::<Impatient>(endpoint.name().to_owned()).await?;
    assert_eq!(impatient.result().await?, "ponder Ada, cancelled");
    Ok(())
}
