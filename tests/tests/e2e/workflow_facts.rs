//! What workflow code can know of its run, and what it and its starter can say about it.

use std::time::Duration;
use steadfast::{
    Priority, activity::RetryPolicy, client::VersioningOverride, prelude::*, workflow::ContinueAsNewVersioningBehavior,
};
use steadfast_proto::{history::history_event::Attributes, workflow::versioning_override::Override};
use tests::{Environment, Failure, Outcome, RunningWorker, millis};

/// Notes which update calls it.
#[derive(Default)]
struct Ledger {
    closed: bool,
}

fn id(update: Option<steadfast::workflow::UpdateInfo>) -> String {
    update.map_or_else(|| "none".to_owned(), |update| format!("{} {}", update.name, update.id))
}

#[workflow]
impl Ledger {
    #[run]
    async fn run(ctx: WorkflowContext<Self>) -> WorkflowResult<String> {
        ctx.wait_condition(|s| s.closed).await?;
        Ok(id(ctx.current_update()))
    }

    #[update]
    fn note(&mut self, ctx: &HandlerContext) -> String {
        id(ctx.current_update())
    }

    #[validator(note)]
    fn check_note(&self, ctx: &HandlerContext) -> Result<(), Rejection> {
        match ctx.current_update() {
            Some(update) if update.id == "unwanted" => Err("not that one".into()),
            _ => Ok(()),
        }
    }

    #[update]
    async fn note_later(ctx: WorkflowContext<Self>) -> Result<String, UpdateError> {
        ctx.sleep(millis(10)).await?;
        Ok(id(ctx.current_update()))
    }

    #[signal]
    fn close(&mut self) {
        self.closed = true;
    }
}

#[tokio::test]
async fn an_update_knows_its_id() -> Outcome {
    let environment = Environment::connect().await?;
    let _worker = RunningWorker::start(environment.worker().workflow::<Ledger>());
    let ledger = environment.start::<Ledger>(()).await?;
    assert_eq!(ledger.note().id("first").await?, "note first");
    assert_eq!(ledger.note_later().id("second").await?, "note_later second");
    assert!(ledger.note().id("unwanted").await.is_err());
    ledger.close().await?;
    assert_eq!(ledger.result().await?, "none", "the main routine is no update");
    Ok(())
}

#[derive(Debug, PartialEq, Serialize, Deserialize, ApplicationError)]
#[error("attempt {0} was not good enough")]
struct NotGoodEnough(u32);

/// Fails the first time, and tells how.
#[derive(Default)]
struct Perfectionist;

#[workflow]
impl Perfectionist {
    #[run]
    async fn run(ctx: WorkflowContext<Self>) -> WorkflowResult<String> {
        match ctx.info().last_failure() {
            None => Err(NotGoodEnough(ctx.info().attempt()).into()),
            Some(failure) => Ok(format!("{:?}", failure.application::<NotGoodEnough>())),
        }
    }
}

#[tokio::test]
async fn a_run_that_is_tried_again_knows_how_the_one_before_failed() -> Outcome {
    let environment = Environment::connect().await?;
    let _worker = RunningWorker::start(environment.worker().workflow::<Perfectionist>());
    let policy = RetryPolicy::default().initial_interval(millis(10)).maximum_attempts(2);
    let perfectionist = environment.start::<Perfectionist>(()).retry_policy(policy).await?;
    assert_eq!(perfectionist.result().await?, "Some(NotGoodEnough(1))");
    Ok(())
}

/// Continues once, after a while.
#[derive(Default)]
struct Patient;

#[workflow]
impl Patient {
    #[run]
    async fn run(ctx: WorkflowContext<Self>, again: bool) -> WorkflowResult<bool> {
        if again {
            return ctx
                .continue_as_new_with(false)
                .start_delay(Duration::from_secs(1))
                .into();
        }
        Ok(ctx.info().continued_run_id().is_some())
    }
}

#[tokio::test]
async fn a_run_may_begin_again_after_a_while() -> Outcome {
    let environment = Environment::connect().await?;
    let _worker = RunningWorker::start(environment.worker().workflow::<Patient>());
    let patient = environment.start::<Patient>(true).await?;
    assert!(patient.result().await?);
    environment.check_history("continue_as_new_later", &patient).await?;
    let last = environment.client().workflow::<Patient>(patient.id());
    let events = environment.history(&last).await?;
    let Some(Attributes::WorkflowExecutionStartedEventAttributes(started)) = &events[0].attributes else {
        panic!("the run begins otherwise: {:?}", events[0]);
    };
    assert_eq!(started.first_workflow_task_backoff.map(|delay| delay.seconds), Some(1));
    Ok(())
}

/// Continues on the current version of its deployment, whatever it began on.
#[derive(Default)]
struct Mover;

#[workflow]
impl Mover {
    #[run]
    async fn run(ctx: WorkflowContext<Self>, again: bool) -> WorkflowResult<()> {
        if again {
            let next = ctx.continue_as_new_with(false);
            return next
                .initial_versioning_behavior(ContinueAsNewVersioningBehavior::AutoUpgrade)
                .into();
        }
        Ok(())
    }
}

#[tokio::test]
async fn a_run_may_begin_again_on_another_version() -> Outcome {
    let environment = Environment::connect().await?;
    let _worker = RunningWorker::start(environment.worker().workflow::<Mover>());
    let mover = environment.start::<Mover>(true).await?;
    mover.result().await?;
    let events = environment.history(&mover).await?;
    let Some(Attributes::WorkflowExecutionContinuedAsNewEventAttributes(next)) = &events[4].attributes else {
        panic!("the run ends otherwise: {:?}", events[4]);
    };
    // It is for the server alone: what a run of a deployment's version does with it is in `deployment.rs`.
    assert_eq!(
        next.initial_versioning_behavior(),
        ContinueAsNewVersioningBehavior::Unspecified
    );
    Ok(())
}

#[activity(start_to_close_timeout = "30s")]
async fn rank(ctx: ActivityContext) -> Result<Option<u32>, ActivityError> {
    Ok(ctx.info().priority)
}

#[derive(Default)]
struct Ranked;

#[workflow]
impl Ranked {
    #[run]
    async fn run(ctx: WorkflowContext<Self>, has_child: bool) -> WorkflowResult<Vec<Option<u32>>> {
        let priority = Priority::new(2).fairness_key("a").fairness_weight(2.5);
        let mut ranks = vec![ctx.activity::<rank>(()).priority(priority).await?];
        if has_child {
            ranks.extend(ctx.child::<Self>(false).priority(4).await?);
        }
        Ok(ranks)
    }
}

#[tokio::test]
async fn priorities_are_given_to_workflows_children_and_activities() -> Outcome {
    let environment = Environment::connect().await?;
    let _worker = RunningWorker::start(environment.worker().workflow::<Ranked>().activity::<rank>());
    let ranked = environment.start::<Ranked>(true).priority(1).await?;
    assert_eq!(ranked.result().await?, [Some(2), Some(2)]);
    environment.check_history("priorities", &ranked).await
}

#[tokio::test]
async fn a_start_says_which_version_is_to_run_it() -> Outcome {
    let environment = Environment::connect().await?;
    let start = async |name: &str, versioning| {
        let call = environment.start::<Patient>(false).id(environment.name(name));
        let handle = call.versioning_override(versioning).await?;
        let events = environment.history(&handle).await?;
        handle.terminate("seen enough").await?;
        let Some(Attributes::WorkflowExecutionStartedEventAttributes(started)) = &events[0].attributes else {
            panic!("the run begins otherwise: {:?}", events[0]);
        };
        Ok::<_, Failure>(
            started
                .versioning_override
                .clone()
                .and_then(|versioning| versioning.r#override),
        )
    };
    let auto_upgrade = start("auto-upgrade", VersioningOverride::AutoUpgrade).await?;
    assert_eq!(auto_upgrade, Some(Override::AutoUpgrade(true)));
    Ok(())
}

/// Waits to be cancelled, and tells why it was. What it draws on the way is the same on replay.
#[derive(Default)]
struct Reasonable {
    drawn: Vec<u64>,
}

#[workflow]
impl Reasonable {
    #[run]
    async fn run(ctx: WorkflowContext<Self>) -> WorkflowResult<(Option<String>, Vec<u64>)> {
        let mut order = [1, 2, 3, 4, 5, 6];
        ctx.shuffle(&mut order);
        ctx.state_mut(|s| s.drawn = order.to_vec());
        assert!(ctx.random_range(10..20) / 10 == 1 && ctx.cancel_reason().is_none());
        let _ = ctx.sleep(hours(1)).await;
        Ok((ctx.cancel_reason(), order.to_vec()))
    }

    #[query]
    fn drawn(&self) -> Vec<u64> {
        self.drawn.clone()
    }
}

#[tokio::test]
async fn a_cancelled_workflow_knows_why_and_draws_the_same_on_replay() -> Outcome {
    let environment = Environment::connect().await?;
    let worker = environment.worker().workflow::<Reasonable>().max_cached_workflows(0);
    let _worker = RunningWorker::start(worker);
    let reasonable = environment.start::<Reasonable>(()).await?;
    let drawn = reasonable.drawn().await?;
    reasonable.cancel().reason("sold out").await?;
    assert_eq!(reasonable.result().await?, (Some("sold out".to_owned()), drawn.clone()));
    assert_eq!(reasonable.drawn().await?, drawn);
    Ok(())
}

/// Counts its runs, as a cron schedule begins them.
#[derive(Default)]
struct Clock;

#[workflow]
impl Clock {
    #[run]
    async fn run(ctx: WorkflowContext<Self>) -> WorkflowResult<(u32, bool)> {
        let info = ctx.info();
        let so_far: Option<(u32, bool)> = info.last_completion_result()?;
        let is_first = info.first_execution_run_id() == info.run_id();
        assert_eq!(info.cron_schedule(), Some("@every 1s"));
        Ok((so_far.map_or(1, |(count, _)| count + 1), is_first))
    }
}

#[tokio::test]
async fn a_run_of_a_cron_schedule_knows_what_the_one_before_returned() -> Outcome {
    let environment = Environment::connect().await?;
    let _worker = RunningWorker::start(environment.worker().workflow::<Clock>());
    let first = environment.start::<Clock>(()).cron_schedule("@every 1s").await?;
    assert_eq!(first.result().follow_runs(false).await?, (1, true));
    let end = environment
        .history(&first)
        .await?
        .pop()
        .and_then(|event| event.attributes);
    let Some(Attributes::WorkflowExecutionCompletedEventAttributes(end)) = end else {
        panic!("the run ends otherwise: {end:?}");
    };
    let second = first.with_run_id(end.into_inner().new_execution_run_id);
    assert_eq!(second.result().follow_runs(false).await?, (2, false));
    environment
        .client()
        .workflow::<Clock>(first.id())
        .terminate("seen enough")
        .await?;
    Ok(())
}

/// Says how it is, and remembers what it said.
#[derive(Default)]
struct Talker;

#[workflow]
impl Talker {
    #[run]
    async fn run(ctx: WorkflowContext<Self>) -> WorkflowResult<(String, bool, usize, bool)> {
        ctx.set_current_details("well");
        ctx.sleep(millis(1)).await?;
        Ok((
            ctx.current_details(),
            ctx.history_size_bytes() > 100,
            ctx.continue_as_new_reasons().len(),
            ctx.target_deployment_changed(),
        ))
    }
}

#[tokio::test]
async fn a_workflow_knows_what_it_said_and_how_large_its_history_is() -> Outcome {
    let environment = Environment::connect().await?;
    let _worker = RunningWorker::start(environment.worker().workflow::<Talker>());
    let talker = environment.start::<Talker>(()).await?;
    assert_eq!(talker.result().await?, ("well".to_owned(), true, 0, false));
    assert!(talker.describe().await?.history_size_bytes() > 100);
    Ok(())
}
