//! Starting, describing and finding workflows; what an id may be used for.

use std::future::IntoFuture;
use steadfast::{
    client::{ResultError, StartError, WorkflowIdConflictPolicy, WorkflowIdReusePolicy, WorkflowStatus},
    prelude::*,
};
use tests::{Environment, Outcome, RunningWorker, millis};

/// Waits until it is let go, if it is told to wait at all.
#[derive(Default)]
struct Echo {
    released: bool,
}

#[workflow]
impl Echo {
    #[run]
    async fn run(ctx: WorkflowContext<Self>, text: String, waits: bool) -> WorkflowResult<String> {
        if waits {
            ctx.wait_condition(|s| s.released).await?;
        }
        if text == "fail" {
            Err(std::fmt::Error.into())
        } else {
            Ok(text)
        }
    }

    #[signal]
    fn release(&mut self) {
        self.released = true;
    }

    #[query]
    fn is_released(&self) -> bool {
        self.released
    }
}

fn echo(text: &str, waits: bool) -> (String, bool) {
    (text.to_owned(), waits)
}

#[tokio::test]
async fn a_workflow_is_executed_in_one_call() -> Outcome {
    let environment = Environment::connect().await?;
    let _worker = RunningWorker::start(environment.worker().workflow::<Echo>());
    let text = environment
        .client()
        .execute::<Echo>(echo("hello", false))
        .task_queue(environment.queue())
        .await?;
    assert_eq!(text, "hello");
    Ok(())
}

#[tokio::test]
async fn the_simplest_workflow_has_five_events() -> Outcome {
    let environment = Environment::connect().await?;
    let _worker = RunningWorker::start(environment.worker().workflow::<Echo>());
    let workflow = environment.start::<Echo>(echo("hello", false)).await?;
    assert_eq!(workflow.result().await?, "hello");
    assert_eq!(environment.history(&workflow).await?.len(), 5);
    environment.check_history("workflow_simplest", &workflow).await
}

#[tokio::test]
async fn the_result_is_there_for_whoever_asks_by_the_id() -> Outcome {
    let environment = Environment::connect().await?;
    let _worker = RunningWorker::start(environment.worker().workflow::<Echo>());
    let started = environment.start::<Echo>(echo("hello", true)).await?;
    let found = environment.client().workflow::<Echo>(started.id());
    let (waiting, released) = tokio::join!(found.result().into_future(), started.release().into_future());
    released?;
    assert_eq!(waiting?, "hello");
    assert_eq!(started.result().await?, "hello", "again, after it closed");
    Ok(())
}

#[tokio::test]
async fn an_unknown_workflow_has_no_result() -> Outcome {
    let environment = Environment::connect().await?;
    let result = environment
        .client()
        .workflow::<Echo>(environment.name("nobody"))
        .result()
        .await;
    assert!(matches!(result, Err(ResultError::NotFound(_))), "{result:?}");
    Ok(())
}

#[tokio::test]
async fn a_description_tells_what_the_server_knows() -> Outcome {
    let environment = Environment::connect().await?;
    let _worker = RunningWorker::start(environment.worker().workflow::<Echo>());
    let workflow = environment
        .start::<Echo>(echo("hello", true))
        .memo("colour", "red".to_owned())
        .await?;
    assert!(!workflow.is_released().await?, "the first task is done");

    let running = workflow.describe().await?;
    assert_eq!((running.id(), running.workflow_type()), (workflow.id(), "Echo"));
    assert_eq!(running.status(), WorkflowStatus::Running);
    assert_eq!(Some(running.run_id()), workflow.run_id());
    assert_eq!(running.task_queue(), environment.queue());
    assert_eq!(running.history_length(), 4);
    assert_eq!(running.memo::<String>("colour")?.as_deref(), Some("red"));
    assert!(running.start_time().is_some() && running.close_time().is_none());

    workflow.release().await?;
    workflow.result().await?;
    let closed = workflow.describe().await?;
    assert_eq!(closed.status(), WorkflowStatus::Completed);
    assert!(closed.close_time() >= closed.start_time());
    Ok(())
}

#[tokio::test]
async fn the_id_of_a_running_workflow_cannot_be_used_again() -> Outcome {
    let environment = Environment::connect().await?;
    let first = environment.start::<Echo>(echo("first", true)).await?;
    match environment.start::<Echo>(echo("second", true)).await {
        Err(StartError::AlreadyStarted(existing)) => {
            assert_eq!(
                (existing.workflow_id(), Some(existing.run_id())),
                (first.id(), first.run_id())
            );
        }
        other => panic!("expected that it is started already, got {other:?}"),
    }
    Ok(())
}

#[tokio::test]
async fn a_start_of_the_same_request_id_gives_the_same_run() -> Outcome {
    let environment = Environment::connect().await?;
    let request = environment.name("request");
    let first = environment
        .start::<Echo>(echo("first", true))
        .request_id(&request)
        .await?;
    let second = environment
        .start::<Echo>(echo("second", true))
        .request_id(&request)
        .await?;
    assert_eq!(first.run_id(), second.run_id());
    Ok(())
}

#[tokio::test]
async fn a_conflict_may_give_the_workflow_that_runs() -> Outcome {
    let environment = Environment::connect().await?;
    let first = environment.start::<Echo>(echo("first", true)).await?;
    let second = environment.start::<Echo>(echo("second", true));
    let second = second.id_conflict_policy(WorkflowIdConflictPolicy::UseExisting).await?;
    assert_eq!(first.run_id(), second.run_id());
    environment.check_history("conflict_use_existing", &first).await
}

#[tokio::test]
async fn a_conflict_may_terminate_the_workflow_that_runs() -> Outcome {
    let environment = Environment::connect().await?;
    let first = environment.start::<Echo>(echo("first", true)).await?;
    let second = environment.start::<Echo>(echo("second", false));
    let second = second
        .id_conflict_policy(WorkflowIdConflictPolicy::TerminateExisting)
        .await?;
    assert_ne!(first.run_id(), second.run_id());
    assert!(matches!(first.result().await, Err(ResultError::Terminated(_))));
    let _worker = RunningWorker::start(environment.worker().workflow::<Echo>());
    assert_eq!(second.result().await?, "second");
    environment.check_history("conflict_terminate_existing", &first).await
}

/// Runs one to its end, and starts another of the same id.
async fn again(text: &str, policy: WorkflowIdReusePolicy) -> Result<Result<String, StartError>, tests::Failure> {
    let environment = Environment::connect().await?;
    let _worker = RunningWorker::start(environment.worker().workflow::<Echo>());
    let first = environment.start::<Echo>(echo(text, false)).await?;
    let _ = first.result().await;
    match environment
        .start::<Echo>(echo("second", false))
        .id_reuse_policy(policy)
        .await
    {
        Ok(second) => Ok(Ok(second.result().await?)),
        Err(error) => Ok(Err(error)),
    }
}

#[tokio::test]
async fn the_id_of_a_closed_workflow_can_be_used_again() -> Outcome {
    assert_eq!(again("first", WorkflowIdReusePolicy::AllowDuplicate).await??, "second");
    Ok(())
}

#[tokio::test]
async fn the_id_of_a_closed_workflow_can_be_kept_from_use() -> Outcome {
    let refused = again("first", WorkflowIdReusePolicy::RejectDuplicate).await?;
    assert!(matches!(refused, Err(StartError::AlreadyStarted(_))), "{refused:?}");
    Ok(())
}

#[tokio::test]
async fn only_the_id_of_a_failed_workflow_can_be_used_again_if_so_wished() -> Outcome {
    let refused = again("first", WorkflowIdReusePolicy::AllowDuplicateFailedOnly).await?;
    assert!(matches!(refused, Err(StartError::AlreadyStarted(_))), "{refused:?}");
    assert_eq!(
        again("fail", WorkflowIdReusePolicy::AllowDuplicateFailedOnly).await??,
        "second"
    );
    Ok(())
}

#[tokio::test]
async fn a_workflow_starts_after_its_delay() -> Outcome {
    let environment = Environment::connect().await?;
    let _worker = RunningWorker::start(environment.worker().workflow::<Echo>());
    let workflow = environment
        .start::<Echo>(echo("late", false))
        .start_delay(millis(300))
        .await?;
    assert_eq!(workflow.result().await?, "late");
    let description = workflow.describe().await?;
    let waited = description
        .execution_time()
        .zip(description.start_time())
        .map(|(began, asked)| began.duration_since(asked));
    assert_eq!(waited.transpose()?, Some(millis(300)));
    environment.check_history("workflow_start_delay", &workflow).await
}

#[tokio::test]
async fn a_run_that_takes_too_long_times_out() -> Outcome {
    let environment = Environment::connect().await?;
    let _worker = RunningWorker::start(environment.worker().workflow::<Echo>());
    let workflow = environment
        .start::<Echo>(echo("never", true))
        .run_timeout(secs(1))
        .await?;
    assert!(!workflow.is_released().await?, "the first task is done");
    let result = workflow.result().await;
    assert!(matches!(result, Err(ResultError::TimedOut(_))), "{result:?}");
    assert_eq!(workflow.describe().await?.status(), WorkflowStatus::TimedOut);
    environment.check_history("workflow_run_timeout", &workflow).await
}

#[tokio::test]
async fn a_workflow_is_started_and_driven_by_names_alone() -> Outcome {
    let environment = Environment::connect().await?;
    let _worker = RunningWorker::start(environment.worker().workflow::<Echo>());
    let started = environment.client().start_untyped("Echo", echo("hello", true));
    let workflow = started
        .id(environment.name("workflow"))
        .task_queue(environment.queue())
        .await?;
    assert!(!workflow.query_untyped::<_, bool>("is_released", ()).await?);
    workflow.signal_untyped("release", ()).await?;
    assert_eq!(workflow.result_untyped::<String>().await?, "hello");
    environment.check_history("workflow_untyped", &workflow).await
}
