//! What fails a workflow, and what its workflow task alone.

use std::sync::atomic::{AtomicBool, Ordering};
use steadfast::{
    client::ResultError,
    error::WorkflowFailure,
    prelude::*,
    workflow::{Fails, FailurePolicy},
};
use tests::{Environment, Outcome, RunningWorker};

/// The code before it was changed.
mod before {
    use super::*;

    #[derive(Default)]
    pub(super) struct Changing {
        go: bool,
    }

    #[workflow]
    impl Changing {
        #[run]
        async fn run(ctx: WorkflowContext<Self>) -> WorkflowResult<()> {
            Ok(ctx.sleep(hours(1)).await?)
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
}

/// And after: it does not fit the history any more.
mod after {
    use super::*;

    #[derive(Default)]
    pub(super) struct Changing {
        go: bool,
    }

    #[workflow(mismatch = "fail_workflow")]
    impl Changing {
        #[run]
        async fn run(ctx: WorkflowContext<Self>) -> WorkflowResult<()> {
            let call = ctx.activity_untyped::<()>("something-else", ());
            Ok(call.start_to_close_timeout(secs(10)).await?)
        }

        #[signal]
        fn go(&mut self) {
            self.go = true;
        }
    }
}

fn failure<T: std::fmt::Debug>(result: Result<T, ResultError>) -> WorkflowFailure {
    match result {
        Err(ResultError::Failed(failure)) => failure,
        other => panic!("the workflow should have failed: {other:?}"),
    }
}

#[tokio::test]
async fn changed_code_that_does_not_fit_the_history_fails_the_workflow_if_it_says_so() -> Outcome {
    let environment = Environment::connect().await?;
    let old = RunningWorker::start(environment.worker().workflow::<before::Changing>());
    let changing = environment.start::<before::Changing>(()).await?;
    assert!(!changing.is_going().await?, "the first task is done");
    old.stop().await?;

    let _worker = RunningWorker::start(environment.worker().workflow::<after::Changing>());
    changing.go().await?;
    let failure = failure(changing.result().await);
    assert_eq!(failure.type_name(), Some("NonDeterministic"));
    assert!(
        failure.message().contains("history and code differ at event 5"),
        "{failure}"
    );
    Ok(())
}

#[derive(Default)]
struct Clumsy;

#[workflow]
impl Clumsy {
    #[run]
    async fn run(ctx: WorkflowContext<Self>) -> WorkflowResult<()> {
        ctx.sleep(std::time::Duration::from_millis(1)).await?;
        panic!("dropped it")
    }
}

#[tokio::test]
async fn a_panic_fails_the_workflow_if_its_worker_says_so() -> Outcome {
    let environment = Environment::connect().await?;
    let policy = FailurePolicy::new().panic(Fails::Workflow);
    let worker = environment.worker().workflow::<Clumsy>().failure_policy(policy);
    let _worker = RunningWorker::start(worker);
    let clumsy = environment.start::<Clumsy>(()).await?;
    let failure = failure(clumsy.result().await);
    assert!(failure.message().ends_with("panicked: dropped it"), "{failure}");
    environment.check_history("failure_policy_panic", &clumsy).await
}

#[derive(Debug, Serialize, Deserialize, ApplicationError)]
#[error("{0} is not ours")]
struct NotOurs(u32);

static IS_MENDED: AtomicBool = AtomicBool::new(false);

#[derive(Default)]
struct Import;

#[workflow(untyped_error = "fail_task")]
impl Import {
    #[run]
    async fn run(_ctx: WorkflowContext<Self>, text: String) -> WorkflowResult<u32> {
        // The second time, as if the code had been mended.
        let is_mended = IS_MENDED.swap(true, Ordering::Relaxed);
        let number = text.trim_matches(|c: char| is_mended && c.is_whitespace()).parse()?;
        if number > 100 {
            Err(NotOurs(number))?;
        }
        Ok(number)
    }
}

#[tokio::test]
async fn an_error_that_nobody_thought_of_fails_the_task_if_the_workflow_says_so() -> Outcome {
    let environment = Environment::connect().await?;
    let _worker = RunningWorker::start(environment.worker().workflow::<Import>());
    let import = environment.start::<Import>(" 7".to_owned()).await?;
    assert_eq!(import.result().await?, 7);
    environment
        .check_history("failure_policy_untyped_error", &import)
        .await?;

    let other = environment
        .start::<Import>("700".to_owned())
        .id(environment.name("typed"))
        .await?;
    let failure = failure(other.result().await);
    assert!(matches!(failure.application(), Some(NotOurs(700))), "{failure}");
    Ok(())
}
