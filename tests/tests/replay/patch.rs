//! Patches: one workflow in four editions, several in a run, in loops, deployed while runs were under way.

use crate::{
    activities::greet,
    recorded::{replay, replays},
};
use steadfast::prelude::*;
use tests::{Outcome, millis};

/// An edition of the same workflow: greets once, waits for `go`, greets once more.
macro_rules! edition {
    ($edition:ident, |$ctx:ident| $is_new:expr) => {
        #[derive(Default)]
        struct $edition {
            go: bool,
        }

        #[workflow(name = "Patched")]
        impl $edition {
            #[run]
            async fn run($ctx: WorkflowContext<Self>) -> WorkflowResult<String> {
                let name = if $is_new { "new" } else { "old" };
                if name == "new" {
                    $ctx.sleep(millis(10)).await?;
                }
                $ctx.activity::<greet>(name.to_owned()).await?;
                $ctx.wait_condition(|state| state.go).await?;
                Ok($ctx.activity::<greet>(format!("{name} end")).await?)
            }

            #[signal]
            fn go(&mut self) {
                self.go = true;
            }
        }
    };
}

edition!(PatchedOriginal, |ctx| false);
edition!(PatchedBoth, |ctx| ctx.patched("new-greeting"));
edition!(PatchedDeprecated, |ctx| {
    ctx.deprecate_patch("new-greeting");
    true
});
edition!(PatchedRemoved, |ctx| true);

#[test]
fn each_edition_replays_its_own_runs() -> Outcome {
    replays::<PatchedOriginal>("patch_before")?;
    replays::<PatchedBoth>("patch_new")?;
    replays::<PatchedDeprecated>("patch_deprecated")?;
    replays::<PatchedRemoved>("patch_removed")
}

#[test]
fn each_edition_replays_the_runs_of_its_neighbours() -> Outcome {
    replay::<PatchedBoth>("patch_before")?;
    replay::<PatchedDeprecated>("patch_new")?;
    replay::<PatchedBoth>("patch_deprecated")?;
    replay::<PatchedRemoved>("patch_deprecated")?;
    replay::<PatchedDeprecated>("patch_removed")?;
    Ok(())
}

#[test]
fn an_edition_does_not_replay_runs_that_it_left_behind() {
    assert!(
        replay::<PatchedOriginal>("patch_new").is_err(),
        "the new path is unknown"
    );
    assert!(
        replay::<PatchedRemoved>("patch_new").is_err(),
        "its marker isn't deprecated"
    );
    assert!(
        replay::<PatchedDeprecated>("patch_before").is_err(),
        "the old path is gone"
    );
}

#[test]
fn a_run_that_passed_the_patch_before_it_was_deployed() -> Outcome {
    replay::<PatchedBoth>("patch_deployed_midway")?;
    Ok(())
}

#[derive(Default)]
struct PatchSeveral;

#[workflow]
impl PatchSeveral {
    #[run]
    async fn run(ctx: WorkflowContext<Self>) -> WorkflowResult<String> {
        let first = ctx.patched("first");
        let second = ctx.patched("second");
        let mut text = ctx.activity::<greet>(format!("{first} {second}")).await?;
        if ctx.patched("third") {
            ctx.sleep(millis(10)).await?;
        }
        if ctx.patched("first") {
            text = ctx.activity::<greet>("again".to_owned()).await?;
        }
        ctx.deprecate_patch("fourth");
        Ok(text)
    }
}

#[test]
fn several_patches_in_one_run() -> Outcome {
    replays::<PatchSeveral>("patch_several")
}

#[derive(Default)]
struct PatchLoop;

#[workflow]
impl PatchLoop {
    #[run]
    async fn run(ctx: WorkflowContext<Self>, rounds: u32) -> WorkflowResult<u32> {
        let mut patched = 0;
        for round in 0..rounds {
            ctx.sleep(millis(300)).await?;
            if ctx.patched("in-loop") {
                ctx.activity::<greet>(round.to_string()).await?;
                patched += 1;
            }
        }
        Ok(patched)
    }
}

#[test]
fn a_patch_in_a_loop() -> Outcome {
    replays::<PatchLoop>("patch_in_loop")
}

#[test]
fn the_answer_for_the_first_rounds_holds_for_the_later_ones() -> Outcome {
    replay::<PatchLoop>("patch_in_loop_deployed_midway")?;
    Ok(())
}

#[test]
fn a_patch_first_reached_after_it_was_deployed() -> Outcome {
    replays::<PatchLoop>("patch_reached_after_deployment")
}

#[derive(Default)]
struct PatchEachRound;

#[workflow]
impl PatchEachRound {
    #[run]
    async fn run(ctx: WorkflowContext<Self>, rounds: u32) -> WorkflowResult<u32> {
        let mut patched = 0;
        for round in 0..rounds {
            if ctx.patched(&format!("round-{round}")) {
                patched += 1;
                ctx.sleep(millis(20)).await?;
            }
        }
        Ok(patched)
    }
}

#[test]
fn a_patch_for_each_round() -> Outcome {
    replays::<PatchEachRound>("patch_each_round")
}
