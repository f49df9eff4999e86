//! Child workflows: completed, failed, cancelled, abandoned, signalled, refused.

use crate::{activities::greet, recorded::replays};
use steadfast::{
    error::WorkflowError,
    prelude::*,
    workflow::{ChildCall, ChildCancellation, ParentClosePolicy},
};
use tests::Outcome;

#[derive(Default)]
struct Child {
    word: Option<String>,
}

#[workflow]
impl Child {
    #[run]
    async fn run(ctx: WorkflowContext<Self>, what: String) -> WorkflowResult<String> {
        match what.as_str() {
            "fail" => Err(WorkflowError::new("the child gave up").type_name("GaveUp")),
            "word" => Ok(ctx.wait_some(|state| state.word.clone()).await?),
            "wait" => {
                ctx.wait_condition(|_| false).await?;
                Ok("never".into())
            }
            _ => Ok(ctx.activity::<greet>(what).await?),
        }
    }

    #[signal]
    fn word(&mut self, word: String) {
        self.word = Some(word);
    }
}

fn child<S>(ctx: &WorkflowContext<S>, what: &str, number: u32) -> ChildCall<Child, String> {
    let id = format!("{}-child-{number}", ctx.info().workflow_id());
    ctx.child::<Child>(what.to_owned()).id(id)
}

#[derive(Default)]
struct ChildCompleted;

#[workflow]
impl ChildCompleted {
    #[run]
    async fn run(ctx: WorkflowContext<Self>, what: String) -> WorkflowResult<String> {
        let child = child(&ctx, &what, 1).start().await?;
        let text = match child.result().await {
            Ok(text) => text,
            Err(failure) => {
                assert_eq!(failure.type_name(), Some("GaveUp"));
                "failed".into()
            }
        };
        Ok(ctx.activity::<greet>(text).await?)
    }
}

#[derive(Default)]
struct ChildrenParallel;

#[workflow]
impl ChildrenParallel {
    #[run]
    async fn run(ctx: WorkflowContext<Self>, count: u32) -> WorkflowResult<usize> {
        let starts: Vec<_> = (1..=count)
            .map(|number| child(&ctx, &number.to_string(), number).start())
            .collect();
        let children = try_join_all(starts).await?;
        let results = try_join_all(children.iter().map(|child| child.result())).await?;
        Ok(results.len())
    }
}

#[derive(Default)]
struct ChildCancelled;

#[workflow]
impl ChildCancelled {
    #[run]
    async fn run(ctx: WorkflowContext<Self>, kind: String) -> WorkflowResult<String> {
        let cancellation = match kind.as_str() {
            "try" => ChildCancellation::TryCancel,
            "wait" => ChildCancellation::WaitCancellationCompleted,
            // The official SDK waits for the end here too.
            "requested" => ChildCancellation::WaitCancellationCompleted,
            _ => ChildCancellation::Abandon,
        };
        let child = child(&ctx, "wait", 1).cancellation_type(cancellation).start().await?;
        ctx.sleep(tests::millis(300)).await?;
        child.cancel();
        let text = match child.result().await {
            Err(failure) if failure.is_cancelled() => "cancelled",
            _ => "done",
        };
        ctx.sleep(tests::millis(100)).await?;
        Ok(ctx.activity::<greet>(text.to_owned()).await?)
    }
}

#[derive(Default)]
struct ChildAbandoned;

#[workflow]
impl ChildAbandoned {
    #[run]
    async fn run(ctx: WorkflowContext<Self>) -> WorkflowResult<String> {
        let child = child(&ctx, "word", 1).parent_close_policy(ParentClosePolicy::Abandon);
        Ok(child.start().await?.run_id().to_owned())
    }
}

#[derive(Default)]
struct ChildSignalled;

#[workflow]
impl ChildSignalled {
    #[run]
    async fn run(ctx: WorkflowContext<Self>) -> WorkflowResult<String> {
        let child = child(&ctx, "word", 1).start().await?;
        child.word("hush".into()).await?;
        Ok(child.result().await?)
    }
}

#[derive(Default)]
struct ChildRefused;

#[workflow]
impl ChildRefused {
    #[run]
    async fn run(ctx: WorkflowContext<Self>) -> WorkflowResult<String> {
        let first = child(&ctx, "word", 1).start().await?;
        let second = child(&ctx, "word", 1).start().await;
        let word = match second {
            Err(failure) if failure.is_already_exists() => "refused",
            _ => "started",
        };
        first.word(word.into()).await?;
        Ok(first.result().await?)
    }
}

#[test]
fn children_complete_and_fail() -> Outcome {
    replays::<ChildCompleted>("child_completed")?;
    replays::<ChildCompleted>("child_failed")?;
    replays::<ChildrenParallel>("child_parallel")
}

#[test]
fn children_are_cancelled() -> Outcome {
    for kind in ["try", "wait", "requested", "abandon"] {
        replays::<ChildCancelled>(&format!("child_cancelled_{kind}"))?;
    }
    Ok(())
}

#[test]
fn children_outlive_are_signalled_and_refused() -> Outcome {
    replays::<ChildAbandoned>("child_abandoned")?;
    replays::<ChildSignalled>("child_signalled")?;
    replays::<ChildRefused>("child_refused")
}

#[test]
fn a_child_replays() -> Outcome {
    replays::<Child>("child_cancelled_wait_child")?;
    replays::<Child>("child_abandoned_child")
}
