//! Patches. `Patched` exists in four editions of the same name, as code changes over time.

use crate::{
    activities::{Activities, options},
    registry::Registry,
    scenario::Scenario,
};
use anyhow::{Result, ensure};
use std::time::Duration;
use temporalio_macros::{workflow, workflow_methods};
use temporalio_sdk::{SyncWorkflowContext, WorkflowContext, WorkflowResult};

/// An edition of `Patched`: greets once, waits for `go`, greets once more.
macro_rules! edition {
    ($(#[$text:meta])* $edition:ident, |$ctx:ident| $is_new:expr) => {
        $(#[$text])*
        #[workflow]
        #[derive(Default)]
        pub struct $edition {
            go: bool,
        }

        #[workflow_methods]
        impl $edition {
            #[run(name = "Patched")]
            pub async fn run($ctx: &mut WorkflowContext<Self>) -> WorkflowResult<String> {
                let name = if $is_new { "new" } else { "old" };
                if name == "new" {
                    $ctx.timer(Duration::from_millis(10)).await;
                }
                $ctx.execute_activity(Activities::greet, name.to_owned(), options()).await?;
                $ctx.wait_condition(|state| state.go).await?;
                Ok($ctx.execute_activity(Activities::greet, format!("{name} end"), options()).await?)
            }

            #[signal]
            pub fn go(&mut self, _ctx: &mut SyncWorkflowContext<Self>) {
                self.go = true;
            }
        }
    };
}

edition! {
    /// Before the patch.
    PatchedOriginal, |ctx| false
}
edition! {
    /// Both paths.
    PatchedBoth, |ctx| ctx.patched("new-greeting")
}
edition! {
    /// The new path only; old runs are gone.
    PatchedDeprecated, |ctx| {
        ctx.deprecate_patch("new-greeting");
        true
    }
}
edition! {
    /// Runs with a marker that isn't deprecated are gone too.
    PatchedRemoved, |ctx| true
}

/// Four patches: two in one task, one used twice, one at the end.
#[workflow]
#[derive(Default)]
pub struct PatchSeveral;

#[workflow_methods]
impl PatchSeveral {
    #[run]
    pub async fn run(ctx: &mut WorkflowContext<Self>) -> WorkflowResult<String> {
        let first = ctx.patched("first");
        let second = ctx.patched("second");
        let mut text = ctx
            .execute_activity(Activities::greet, format!("{first} {second}"), options())
            .await?;
        if ctx.patched("third") {
            ctx.timer(Duration::from_millis(10)).await;
        }
        if ctx.patched("first") {
            text = ctx
                .execute_activity(Activities::greet, "again".to_owned(), options())
                .await?;
        }
        ctx.deprecate_patch("fourth");
        Ok(text)
    }
}

/// A loop before it was patched.
#[workflow]
#[derive(Default)]
pub struct PatchLoopOriginal;

#[workflow_methods]
impl PatchLoopOriginal {
    #[run(name = "PatchLoop")]
    pub async fn run(ctx: &mut WorkflowContext<Self>, rounds: u32) -> WorkflowResult<u32> {
        for _ in 0..rounds {
            ctx.timer(Duration::from_millis(300)).await;
        }
        Ok(0)
    }
}

/// A loop with a patch inside.
#[workflow]
#[derive(Default)]
pub struct PatchLoop;

#[workflow_methods]
impl PatchLoop {
    #[run(name = "PatchLoop")]
    pub async fn run(ctx: &mut WorkflowContext<Self>, rounds: u32) -> WorkflowResult<u32> {
        let mut patched = 0;
        for round in 0..rounds {
            ctx.timer(Duration::from_millis(300)).await;
            if ctx.patched("in-loop") {
                ctx.execute_activity(Activities::greet, round.to_string(), options())
                    .await?;
                patched += 1;
            }
        }
        Ok(patched)
    }
}

/// A loop with a patch of its own for each round.
#[workflow]
#[derive(Default)]
pub struct PatchEachRound;

#[workflow_methods]
impl PatchEachRound {
    #[run]
    pub async fn run(ctx: &mut WorkflowContext<Self>, rounds: u32) -> WorkflowResult<u32> {
        let mut patched = 0;
        for round in 0..rounds {
            if ctx.patched(&format!("round-{round}")) {
                patched += 1;
                ctx.timer(Duration::from_millis(20)).await;
            }
        }
        Ok(patched)
    }
}

fn original(registry: &mut Registry<'_>) -> Result<()> {
    registry
        .workflow::<PatchedOriginal>()?
        .workflow::<PatchLoopOriginal>()?;
    Ok(())
}

fn both(registry: &mut Registry<'_>) -> Result<()> {
    registry.workflow::<PatchedBoth>()?.workflow::<PatchLoop>()?;
    registry.workflow::<PatchSeveral>()?.workflow::<PatchEachRound>()?;
    Ok(())
}

fn deprecated(registry: &mut Registry<'_>) -> Result<()> {
    registry.workflow::<PatchedDeprecated>()?;
    Ok(())
}

fn removed(registry: &mut Registry<'_>) -> Result<()> {
    registry.workflow::<PatchedRemoved>()?;
    Ok(())
}

pub const SCENARIOS: &[Scenario] = &[
    scenario!(
        "patch_before",
        [("patch_before", original), ("patch_before", both)],
        |stage| {
            stage.worker(original).await?;
            let handle = stage.start(PatchedOriginal::run, ()).await?;
            handle.signal(PatchedOriginal::go, (), Default::default()).await?;
            ensure!(handle.get_result(Default::default()).await? == "Hello, old end!");
            stage.save(&handle).await?;
            stage.stop_worker().await
        }
    ),
    scenario!("patch_new", [("patch_new", both), ("patch_new", deprecated)], |stage| {
        stage.worker(both).await?;
        let handle = stage.start(PatchedBoth::run, ()).await?;
        handle.signal(PatchedBoth::go, (), Default::default()).await?;
        ensure!(handle.get_result(Default::default()).await? == "Hello, new end!");
        stage.save(&handle).await?;
        stage.stop_worker().await
    }),
    scenario!(
        "patch_deprecated",
        [
            ("patch_deprecated", deprecated),
            ("patch_deprecated", both),
            ("patch_deprecated", removed)
        ],
        |stage| {
            stage.worker(deprecated).await?;
            let handle = stage.start(PatchedDeprecated::run, ()).await?;
            handle.signal(PatchedDeprecated::go, (), Default::default()).await?;
            ensure!(handle.get_result(Default::default()).await? == "Hello, new end!");
            stage.save(&handle).await?;
            stage.stop_worker().await
        }
    ),
    scenario!(
        "patch_removed",
        [("patch_removed", removed), ("patch_removed", deprecated)],
        |stage| {
            stage.worker(removed).await?;
            let handle = stage.start(PatchedRemoved::run, ()).await?;
            handle.signal(PatchedRemoved::go, (), Default::default()).await?;
            ensure!(handle.get_result(Default::default()).await? == "Hello, new end!");
            stage.save(&handle).await?;
            stage.stop_worker().await
        }
    ),
    scenario!("patch_deployed_midway", both, |stage| {
        stage.worker(original).await?;
        let handle = stage.start(PatchedOriginal::run, ()).await?;
        stage.until(|events| events.len() >= 10).await?;
        stage.stop_worker().await?;
        stage.worker(both).await?;
        handle.signal(PatchedOriginal::go, (), Default::default()).await?;
        ensure!(handle.get_result(Default::default()).await? == "Hello, old end!");
        stage.save(&handle).await?;
        stage.stop_worker().await
    }),
    scenario!("patch_several", both, |stage| {
        ensure!(stage.run(both, PatchSeveral::run, ()).await? == Some("Hello, again!".into()));
        Ok(())
    }),
    scenario!("patch_in_loop", both, |stage| {
        ensure!(stage.run(both, PatchLoop::run, 3).await? == Some(3));
        Ok(())
    }),
    scenario!("patch_each_round", both, |stage| {
        ensure!(stage.run(both, PatchEachRound::run, 5).await? == Some(5));
        Ok(())
    }),
    // The first round ran without the patch: the answer stays "no" for those that were replayed, and is remembered.
    scenario!("patch_in_loop_deployed_midway", both, |stage| {
        stage.worker(original).await?;
        let handle = stage.start(PatchLoopOriginal::run, 4).await?;
        stage.until(|events| events.len() >= 10).await?;
        stage.stop_worker().await?;
        stage.worker(both).await?;
        handle.get_result(Default::default()).await?;
        stage.save(&handle).await?;
        stage.stop_worker().await
    }),
    // No round was complete yet: the patch is reached in a new task, and taken.
    scenario!("patch_reached_after_deployment", both, |stage| {
        stage.worker(original).await?;
        let handle = stage.start(PatchLoopOriginal::run, 3).await?;
        stage.until(|events| events.len() >= 5).await?;
        stage.stop_worker().await?;
        stage.worker(both).await?;
        ensure!(handle.get_result(Default::default()).await? == 3);
        stage.save(&handle).await?;
        stage.stop_worker().await
    }),
];
