//! Signals.

use steadfast::{client::SignalError, prelude::*};
use tests::{Environment, Outcome, RunningWorker, millis};

/// Collects what it is told.
#[derive(Default)]
struct Inbox {
    notes: Vec<String>,
    wanted: usize,
}

#[workflow]
impl Inbox {
    #[init]
    fn new(wanted: usize) -> Self {
        Self {
            notes: Vec::new(),
            wanted,
        }
    }

    #[run]
    async fn run(ctx: WorkflowContext<Self>, _wanted: usize) -> WorkflowResult<Vec<String>> {
        ctx.wait_condition(|s| s.notes.len() >= s.wanted).await?;
        ctx.all_handlers_finished().await?;
        Ok(ctx.state(|s| s.notes.clone()))
    }

    #[signal]
    fn note(&mut self, text: String, times: usize) {
        self.notes.extend(vec![text; times]);
    }

    #[signal(name = "note-later")]
    async fn note_later(ctx: WorkflowContext<Self>, text: String) -> WorkflowResult<()> {
        ctx.sleep(millis(20)).await?;
        ctx.state_mut(|s| s.notes.push(text));
        Ok(())
    }

    #[query]
    fn count(&self) -> usize {
        self.notes.len()
    }
}

#[tokio::test]
async fn signals_sent_before_the_first_task_arrive_in_their_order() -> Outcome {
    let environment = Environment::connect().await?;
    let inbox = environment.start::<Inbox>(4).await?;
    inbox.note("first".to_owned(), 1).await?;
    inbox.note("second".to_owned(), 2).await?;
    inbox.note("third".to_owned(), 1).await?;
    let _worker = RunningWorker::start(environment.worker().workflow::<Inbox>());
    assert_eq!(inbox.result().await?, ["first", "second", "second", "third"]);
    environment.check_history("signal_before_start", &inbox).await
}

#[tokio::test]
async fn a_signal_wakes_a_waiting_workflow() -> Outcome {
    let environment = Environment::connect().await?;
    let _worker = RunningWorker::start(environment.worker().workflow::<Inbox>());
    let inbox = environment.start::<Inbox>(1).await?;
    assert_eq!(inbox.count().await?, 0, "the first task is done");
    inbox.note("hello".to_owned(), 1).await?;
    assert_eq!(inbox.result().await?, ["hello"]);
    environment.check_history("signal_after_start", &inbox).await
}

#[tokio::test]
async fn an_async_signal_handler_may_wait() -> Outcome {
    let environment = Environment::connect().await?;
    let _worker = RunningWorker::start(environment.worker().workflow::<Inbox>());
    let inbox = environment.start::<Inbox>(1).await?;
    assert_eq!(inbox.count().await?, 0, "the first task is done");
    inbox.note_later("late".to_owned()).await?;
    assert_eq!(inbox.result().await?, ["late"]);
    environment.check_history("signal_async", &inbox).await
}

#[tokio::test]
async fn a_signal_starts_the_workflow_that_is_not_there() -> Outcome {
    let environment = Environment::connect().await?;
    let inbox = environment
        .start::<Inbox>(1)
        .with_signal(|inbox| inbox.note("started".to_owned(), 1))
        .await?;
    let _worker = RunningWorker::start(environment.worker().workflow::<Inbox>());
    assert_eq!(inbox.result().await?, ["started"]);
    environment.check_history("signal_with_start", &inbox).await
}

#[tokio::test]
async fn signal_with_start_signals_the_workflow_that_runs_already() -> Outcome {
    let environment = Environment::connect().await?;
    let inbox = environment.start::<Inbox>(2).await?;
    inbox.note("first".to_owned(), 1).await?;
    let same = environment
        .start::<Inbox>(2)
        .with_signal(|inbox| inbox.note("second".to_owned(), 1))
        .await?;
    assert_eq!(same.run_id(), inbox.run_id());
    let _worker = RunningWorker::start(environment.worker().workflow::<Inbox>());
    assert_eq!(inbox.result().await?, ["first", "second"]);
    environment.check_history("signal_with_start_running", &inbox).await
}

#[tokio::test]
async fn a_signal_of_the_same_request_id_counts_once() -> Outcome {
    let environment = Environment::connect().await?;
    let inbox = environment.start::<Inbox>(2).await?;
    inbox.note("once".to_owned(), 1).request_id("the-request").await?;
    inbox.note("once".to_owned(), 1).request_id("the-request").await?;
    inbox.note("more".to_owned(), 1).await?;
    let _worker = RunningWorker::start(environment.worker().workflow::<Inbox>());
    assert_eq!(inbox.result().await?, ["once", "more"]);
    environment.check_history("signal_deduplicated", &inbox).await
}

#[tokio::test]
async fn a_signal_that_nobody_handles_is_passed_over() -> Outcome {
    let environment = Environment::connect().await?;
    let inbox = environment.start::<Inbox>(1).await?;
    inbox.signal_untyped("no-such-signal", (1, "x".to_owned())).await?;
    inbox.note("known".to_owned(), 1).await?;
    let _worker = RunningWorker::start(environment.worker().workflow::<Inbox>());
    assert_eq!(inbox.result().await?, ["known"]);
    environment.check_history("signal_unknown", &inbox).await
}

#[tokio::test]
async fn a_signal_with_wrong_arguments_is_dropped() -> Outcome {
    let environment = Environment::connect().await?;
    let inbox = environment.start::<Inbox>(1).await?;
    inbox.signal_untyped("note", (vec![1, 2], "twice".to_owned())).await?;
    inbox.note("right".to_owned(), 1).await?;
    let _worker = RunningWorker::start(environment.worker().workflow::<Inbox>());
    assert_eq!(inbox.result().await?, ["right"]);
    environment.check_history("signal_undecodable", &inbox).await
}

#[tokio::test]
async fn a_closed_workflow_takes_no_signals() -> Outcome {
    let environment = Environment::connect().await?;
    let _worker = RunningWorker::start(environment.worker().workflow::<Inbox>());
    let inbox = environment.start::<Inbox>(0).await?;
    inbox.result().await?;
    let error = inbox
        .note("late".to_owned(), 1)
        .await
        .expect_err("the workflow is closed");
    assert!(matches!(error, SignalError::NotFound(_)), "{error}");
    let error = environment
        .client()
        .workflow::<Inbox>("never-started")
        .note(String::new(), 1)
        .await;
    assert!(matches!(error, Err(SignalError::NotFound(_))), "{error:?}");
    Ok(())
}
