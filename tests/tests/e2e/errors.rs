//! Bad input and bad code: each is told, and the worker goes on.

use std::{
    backtrace::Backtrace,
    sync::atomic::{AtomicBool, Ordering},
};
use steadfast::{
    activity::RetryPolicy,
    client::{Client, ResultError, StartError},
    prelude::*,
    worker::WorkerError,
};
use steadfast_proto::{
    enums::WorkflowTaskFailedCause,
    history::{WorkflowTaskFailedEventAttributes, history_event::Attributes},
};
use tests::{Environment, Outcome, RunningWorker};

#[derive(Default)]
struct Good;

#[workflow]
impl Good {
    #[run]
    async fn run(_ctx: WorkflowContext<Self>, number: u32) -> WorkflowResult<u32> {
        Ok(number + 1)
    }
}

/// The good workflow still works: what happened before did the worker no harm.
async fn works(environment: &Environment) -> Outcome {
    let good = environment
        .client()
        .execute::<Good>(1)
        .id(environment.name("good"))
        .task_queue(environment.queue());
    assert_eq!(good.await?, 2);
    Ok(())
}

/// Waits for the first failed workflow task.
async fn failed_task(environment: &Environment, id: &str) -> Result<WorkflowTaskFailedEventAttributes, tests::Failure> {
    loop {
        let workflow = environment.client().workflow::<steadfast::workflow::Untyped>(id);
        for event in environment.history(&workflow).await? {
            if let Some(Attributes::WorkflowTaskFailedEventAttributes(failed)) = event.attributes {
                return Ok(failed.into_inner());
            }
        }
        tokio::task::yield_now().await;
    }
}

fn message(failed: &WorkflowTaskFailedEventAttributes) -> &str {
    failed.failure.as_ref().map_or("", |failure| &failure.message)
}

#[tokio::test]
async fn an_unknown_workflow_type_fails_the_task_until_somebody_knows_it() -> Outcome {
    #[derive(Default)]
    struct Other;

    #[workflow]
    impl Other {
        #[run]
        async fn run(_ctx: WorkflowContext<Self>) -> WorkflowResult<String> {
            Ok("known at last".to_owned())
        }
    }

    let environment = Environment::connect().await?;
    let worker = RunningWorker::start(environment.worker().workflow::<Good>());
    let other = environment.start::<Other>(()).await?;
    let failed = failed_task(&environment, other.id()).await?;
    assert!(
        message(&failed).contains("Other") && message(&failed).contains("Good"),
        "{failed:?}"
    );
    works(&environment).await?;
    worker.stop().await?;

    let _better = RunningWorker::start(environment.worker().workflow::<Good>().workflow::<Other>());
    assert_eq!(other.result().await?, "known at last");
    Ok(())
}

#[tokio::test]
async fn input_that_cannot_be_read_fails_the_task() -> Outcome {
    let environment = Environment::connect().await?;
    let _worker = RunningWorker::start(environment.worker().workflow::<Good>());
    let start = environment.client().start_untyped("Good", ("one".to_owned(),));
    let bad = start
        .id(environment.name("bad"))
        .task_queue(environment.queue())
        .await?;
    let failed = failed_task(&environment, bad.id()).await?;
    assert!(
        message(&failed).contains("u32") || message(&failed).contains("number"),
        "{failed:?}"
    );
    works(&environment).await?;
    bad.terminate("it will never work").await?;
    Ok(())
}

/// Panics in the first task of the process, as code with a bug that is fixed by a new version.
static WORKFLOW_IS_FIXED: AtomicBool = AtomicBool::new(false);

#[derive(Default)]
struct Panics;

#[workflow]
impl Panics {
    #[run]
    async fn run(_ctx: WorkflowContext<Self>) -> WorkflowResult<String> {
        assert!(WORKFLOW_IS_FIXED.swap(true, Ordering::SeqCst), "the teapot is empty");
        Ok("tea".to_owned())
    }
}

#[tokio::test]
async fn a_panic_in_a_workflow_fails_the_task_and_a_fixed_one_goes_on() -> Outcome {
    let environment = Environment::connect().await?;
    let _worker = RunningWorker::start(environment.worker().workflow::<Panics>().workflow::<Good>());
    let tea = environment.start::<Panics>(()).await?;
    assert_eq!(tea.result().await?, "tea");
    let failed = failed_task(&environment, tea.id()).await?;
    assert!(message(&failed).contains("the teapot is empty"), "{failed:?}");
    assert_eq!(failed.cause(), WorkflowTaskFailedCause::WorkflowWorkerUnhandledFailure);
    works(&environment).await?;
    environment.check_history("error_panic_in_workflow", &tea).await
}

/// Awaits what no server knows of.
#[derive(Default)]
struct Stranded;

#[workflow]
impl Stranded {
    #[run]
    async fn run(ctx: WorkflowContext<Self>) -> WorkflowResult<()> {
        let (_sender, receiver) = tokio::sync::oneshot::channel::<()>();
        ctx.sleep(tests::millis(1)).await?;
        let _ = receiver.await;
        Ok(())
    }
}

/// Where `Stranded` awaits the channel.
const STRANDED_AT: u32 = line!() - 6;

#[tokio::test]
async fn a_workflow_that_awaits_nothing_of_ours_is_failed_at_once_not_left_hanging() -> Outcome {
    let environment = Environment::connect().await?;
    let _worker = RunningWorker::start(environment.worker().workflow::<Stranded>().workflow::<Good>());
    let stranded = environment.start::<Stranded>(()).await?;
    let failed = failed_task(&environment, stranded.id()).await?;
    assert!(
        message(&failed).contains("awaits a future that isn't the workflow's"),
        "{failed:?}"
    );
    // Lines of awaits are in the debug information, if there is any; else the call before is told.
    let has_lines = Backtrace::force_capture().to_string().contains("e2e/errors.rs:");
    let line = if has_lines { STRANDED_AT } else { STRANDED_AT - 1 };
    assert!(
        message(&failed).contains(&format!("e2e/errors.rs:{line}:")),
        "{failed:?}"
    );
    works(&environment).await?;
    stranded.terminate("it will never get on").await?;
    Ok(())
}

#[activity(start_to_close_timeout = "10s")]
async fn panics(ctx: ActivityContext) -> Result<u32, ActivityError> {
    let attempt = ctx.info().attempt;
    assert!(attempt > 1, "the cup is broken");
    Ok(attempt)
}

#[activity(start_to_close_timeout = "10s")]
fn panics_while_blocking(ctx: ActivityContext) -> Result<u32, ActivityError> {
    let attempt = ctx.info().attempt;
    assert!(attempt > 1, "the cup is broken");
    Ok(attempt)
}

#[derive(Default)]
struct CallsPanics;

#[workflow]
impl CallsPanics {
    #[run]
    async fn run(ctx: WorkflowContext<Self>, blocking: bool) -> WorkflowResult<u32> {
        let quick = RetryPolicy::default().initial_interval(tests::millis(10));
        Ok(match blocking {
            true => ctx.activity::<panics_while_blocking>(()).retry_policy(quick).await?,
            false => ctx.activity::<panics>(()).retry_policy(quick).await?,
        })
    }
}

async fn panic_in_an_activity(blocking: bool, history: &str) -> Outcome {
    let environment = Environment::connect().await?;
    let worker = environment.worker().workflow::<CallsPanics>().workflow::<Good>();
    let _worker = RunningWorker::start(worker.activity::<panics>().activity::<panics_while_blocking>());
    let calls = environment.start::<CallsPanics>(blocking).await?;
    assert_eq!(calls.result().await?, 2);
    works(&environment).await?;
    environment.check_history(history, &calls).await
}

#[tokio::test]
async fn a_panic_in_an_activity_fails_the_attempt() -> Outcome {
    panic_in_an_activity(false, "error_panic_in_activity").await
}

#[tokio::test]
async fn a_panic_in_a_blocking_activity_fails_the_attempt() -> Outcome {
    panic_in_an_activity(true, "error_panic_in_blocking_activity").await
}

#[derive(Default)]
struct CallsUnknown;

#[workflow]
impl CallsUnknown {
    #[run]
    async fn run(ctx: WorkflowContext<Self>, case: String) -> WorkflowResult<String> {
        let call = match case.as_str() {
            "unknown" => ctx.activity_untyped::<u32>("no-such-activity", ()),
            _ => ctx.activity_untyped::<u32>("panics", (1, 2)),
        };
        let result = call
            .start_to_close_timeout(secs(10))
            .retry_policy(RetryPolicy::never())
            .await;
        Ok(result.map_or_else(|failure| failure.message().to_owned(), |number| number.to_string()))
    }
}

#[tokio::test]
async fn an_unknown_activity_fails_and_tells_which_there_are() -> Outcome {
    let environment = Environment::connect().await?;
    let _worker = RunningWorker::start(environment.worker().workflow::<CallsUnknown>().activity::<panics>());
    let told = environment
        .start::<CallsUnknown>("unknown".to_owned())
        .await?
        .result()
        .await?;
    assert!(told.contains("no-such-activity") && told.contains("panics"), "{told}");
    Ok(())
}

#[activity]
async fn add(first: u32, second: u32) -> Result<u32, ActivityError> {
    Ok(first + second)
}

#[derive(Default)]
struct CallsWrongly;

#[workflow]
impl CallsWrongly {
    #[run]
    async fn run(ctx: WorkflowContext<Self>) -> WorkflowResult<String> {
        let call = ctx
            .activity_untyped::<u32>("add", ("one".to_owned(), 2))
            .start_to_close_timeout(secs(10));
        let result = call.retry_policy(RetryPolicy::never()).await;
        Ok(result.map_or_else(|failure| failure.message().to_owned(), |number| number.to_string()))
    }
}

#[tokio::test]
async fn an_activitys_input_that_cannot_be_read_fails_the_attempt() -> Outcome {
    let environment = Environment::connect().await?;
    let _worker = RunningWorker::start(environment.worker().workflow::<CallsWrongly>().activity::<add>());
    let told = environment.start::<CallsWrongly>(()).await?.result().await?;
    assert!(told.contains("u32") || told.contains("expected"), "{told}");
    Ok(())
}

#[tokio::test]
async fn a_result_that_cannot_be_read_is_told() -> Outcome {
    let environment = Environment::connect().await?;
    let _worker = RunningWorker::start(environment.worker().workflow::<Good>());
    let start = environment.client().start_untyped("Good", (1,));
    let good = start
        .id(environment.name("good"))
        .task_queue(environment.queue())
        .await?;
    let result = good.result_untyped::<String>().await;
    assert!(matches!(result, Err(ResultError::Decode(_))), "{result:?}");
    Ok(())
}

/// What a worker without it did: the code has changed in a way that does not fit.
mod changed {
    use super::*;

    #[derive(Default)]
    pub(super) struct Plan {
        go: bool,
    }

    #[workflow(name = "Plan")]
    impl Plan {
        #[run]
        async fn run(ctx: WorkflowContext<Self>) -> WorkflowResult<()> {
            ctx.activity_untyped::<()>("something-else", ())
                .start_to_close_timeout(secs(10))
                .await?;
            Ok(())
        }

        #[signal]
        fn go(&mut self) {
            self.go = true;
        }
    }
}

#[derive(Default)]
struct Plan {
    go: bool,
}

#[workflow]
impl Plan {
    #[run]
    async fn run(ctx: WorkflowContext<Self>) -> WorkflowResult<()> {
        ctx.sleep(hours(1)).await?;
        Ok(())
    }

    #[signal]
    fn go(&mut self) {
        self.go = true;
    }

    #[query]
    fn is_going(&self) -> bool {
        self.go
    }
}

#[tokio::test]
async fn changed_code_that_does_not_fit_the_history_fails_the_task_with_both_sides() -> Outcome {
    let environment = Environment::connect().await?;
    let old = RunningWorker::start(environment.worker().workflow::<Plan>());
    let plan = environment.start::<Plan>(()).await?;
    assert!(!plan.is_going().await?, "the first task is done");
    old.stop().await?;

    let _new = RunningWorker::start(environment.worker().workflow::<changed::Plan>().workflow::<Good>());
    plan.go().await?;
    let failed = failed_task(&environment, plan.id()).await?;
    assert_eq!(failed.cause(), WorkflowTaskFailedCause::NonDeterministicError);
    for part in ["something-else", "errors.rs"] {
        assert!(message(&failed).contains(part), "{}", message(&failed));
    }
    works(&environment).await?;
    plan.terminate("it will never fit").await?;
    Ok(())
}

#[tokio::test]
async fn a_worker_that_registers_twice_does_not_start() -> Outcome {
    let environment = Environment::connect().await?;
    let twice = environment.worker().workflow::<Good>().workflow::<Good>().run().await;
    let Err(WorkerError::Registration(mistakes)) = &twice else {
        panic!("expected a refusal, got {twice:?}")
    };
    assert!(mistakes.iter().any(|mistake| mistake.contains("Good")), "{mistakes:?}");
    let nothing = environment.worker().run().await;
    assert!(matches!(nothing, Err(WorkerError::NothingRegistered)), "{nothing:?}");
    Ok(())
}

#[tokio::test]
async fn an_address_without_a_server_is_told() {
    let refused = Client::connect("127.0.0.1:1").await;
    let text = refused.err().map(|error| error.to_string()).unwrap_or_default();
    assert!(text.contains("127.0.0.1:1"), "{text}");
}

#[tokio::test]
async fn an_empty_task_queue_is_refused() -> Outcome {
    let environment = Environment::connect().await?;
    let refused = environment.client().start::<Good>(1).task_queue("").await;
    assert!(matches!(refused, Err(StartError::Rpc(_))), "{refused:?}");
    Ok(())
}
