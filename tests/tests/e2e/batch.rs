//! Batches: one operation on many workflows.

use steadfast::{
    client::{
        BatchDescription, BatchError, BatchHandle, BatchOperationState, ResetPoint, ResetReapplyExcludeType,
        ResultError, WorkflowStatus,
    },
    prelude::*,
};
use tests::{Environment, Failure, Outcome, RunningWorker};

#[derive(Default)]
struct Tally {
    sum: u32,
}

#[workflow]
impl Tally {
    #[run]
    async fn run(ctx: WorkflowContext<Self>) -> WorkflowResult<u32> {
        ctx.wait_condition(|s| s.sum > 2).await?;
        Ok(ctx.state(|s| s.sum))
    }

    #[signal]
    fn add(&mut self, number: u32) {
        self.sum += number;
    }

    #[query]
    fn sum(&self) -> u32 {
        self.sum
    }
}

/// Two workflows that have begun; their ids.
async fn two(environment: &Environment) -> Result<[String; 2], Failure> {
    let ids = ["one", "two"].map(|name| environment.name(name));
    for id in &ids {
        let start = environment.client().start::<Tally>(()).id(id);
        assert_eq!(start.task_queue(environment.queue()).await?.sum().await?, 0);
    }
    Ok(ids)
}

async fn done(batch: &BatchHandle) -> Result<BatchDescription, Failure> {
    loop {
        let description = batch.describe().await?;
        if description.state() != BatchOperationState::Running {
            return Ok(description);
        }
        tokio::task::yield_now().await;
    }
}

fn check_done(description: &BatchDescription) {
    assert_eq!(description.state(), BatchOperationState::Completed);
    let counts = (description.total(), description.completed(), description.failed());
    assert_eq!(counts, (2, 2, 0));
    assert!(description.start_time().is_some() && description.close_time().is_some());
}

#[tokio::test]
async fn a_batch_signals_then_resets_then_deletes_workflows_by_their_ids() -> Outcome {
    let environment = Environment::connect().await?;
    let _worker = RunningWorker::start(environment.worker().workflow::<Tally>());
    let client = environment.client();
    let ids = two(&environment).await?;
    check_done(&done(&client.batch_of(&ids).signal("add", (3_u32,)).await?).await?);
    for id in &ids {
        assert_eq!(client.workflow::<Tally>(id).result().await?, 3);
    }
    let kinds = [ResetReapplyExcludeType::Signal];
    let reset = client.batch_of(&ids);
    let reset = reset
        .reset_without_reapplying(ResetPoint::FirstWorkflowTask, kinds)
        .await?;
    check_done(&done(&reset).await?);
    for id in &ids {
        let again = client.workflow::<Tally>(id);
        again.add(4).await?;
        assert_eq!(again.result().await?, 4);
    }
    let reset = client.batch_of(&ids).reset(ResetPoint::LastWorkflowTask).await?;
    check_done(&done(&reset).await?);
    for id in &ids {
        assert_eq!(client.workflow::<Tally>(id).result().await?, 4);
    }
    let deletion = client.batch_of(&ids).delete().await?;
    check_done(&done(&deletion).await?);
    Ok(())
}

#[tokio::test]
async fn a_batch_ends_the_workflows_that_a_query_finds() -> Outcome {
    let environment = Environment::connect().await?;
    let _worker = RunningWorker::start(environment.worker().workflow::<Tally>());
    let client = environment.client();
    let query = format!("TaskQueue = '{}' AND ExecutionStatus = 'Running'", environment.queue());
    let ids = two(&environment).await?;
    while client.count(&query).await? != 2 {
        tokio::task::yield_now().await;
    }
    let batch = client.batch(query).reason("closing").terminate().await?;
    let description = done(&batch).await?;
    check_done(&description);
    assert_eq!(description.reason(), "closing");
    for id in &ids {
        match client.workflow::<Tally>(id).result().await {
            Err(ResultError::Terminated(failure)) => assert!(failure.message().contains("closing"), "{failure}"),
            other => panic!("expected a terminated workflow, got {other:?}"),
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_batch_is_listed() -> Outcome {
    let environment = Environment::connect().await?;
    let _worker = RunningWorker::start(environment.worker().workflow::<Tally>());
    let client = environment.client();
    let ids = two(&environment).await?;
    let job_id = environment.name("batch");
    let batch = client.batch_of(&ids).job_id(&job_id).cancel().await?;
    check_done(&done(&batch).await?);
    for id in &ids {
        let tally = client.workflow::<Tally>(id);
        assert!(matches!(tally.result().await, Err(ResultError::Cancelled(_))));
        assert_eq!(tally.describe().await?.status(), WorkflowStatus::Canceled);
    }
    // Lists learn of it a little later.
    'listed: loop {
        let mut batches = client.list_batches();
        while let Some(summary) = batches.next().await? {
            if summary.job_id() == job_id {
                break 'listed;
            }
        }
        tokio::task::yield_now().await;
    }
    Ok(())
}

#[tokio::test]
async fn a_batch_is_stopped() -> Outcome {
    let environment = Environment::connect().await?;
    let _worker = RunningWorker::start(environment.worker().workflow::<Tally>());
    let client = environment.client();
    let ids = two(&environment).await?;
    let batch = client.batch_of(&ids).per_second(0.001).cancel().await?;
    batch.stop("a mistake").await?;
    let state = done(&batch).await?.state();
    assert!(
        matches!(state, BatchOperationState::Failed | BatchOperationState::Completed),
        "{state:?}"
    );
    for id in &ids {
        let _ = client.workflow::<Tally>(id).terminate("seen enough").await;
    }
    let unknown = client.batch_handle(environment.name("unknown"));
    let error = unknown.describe().await;
    assert!(matches!(error, Err(BatchError::NotFound(_))), "{error:?}");
    Ok(())
}
