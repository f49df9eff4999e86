//! Patches: workflow code that changes while runs of the old code go on.

use steadfast::prelude::*;
use tests::{Environment, Outcome, RunningWorker, millis};

/// The versions of one workflow, in the order in which they are deployed.
mod first {
    use super::*;

    #[derive(Default)]
    pub(super) struct Recipe {
        go: bool,
    }

    #[workflow]
    impl Recipe {
        #[run]
        async fn run(ctx: WorkflowContext<Self>) -> WorkflowResult<String> {
            ctx.wait_condition(|s| s.go).await?;
            ctx.sleep(millis(10)).await?;
            Ok("boiled".to_owned())
        }

        #[signal]
        fn go(&mut self) {
            self.go = true;
        }

        #[query]
        fn is_waiting(&self) -> bool {
            !self.go
        }
    }
}

mod patched {
    use super::*;

    #[derive(Default)]
    pub(super) struct Recipe {
        go: bool,
    }

    #[workflow]
    impl Recipe {
        #[run]
        async fn run(ctx: WorkflowContext<Self>) -> WorkflowResult<String> {
            let fries = ctx.patched("fried-not-boiled");
            ctx.wait_condition(|s| s.go).await?;
            if fries {
                return Ok("fried".to_owned());
            }
            ctx.sleep(millis(10)).await?;
            Ok("boiled".to_owned())
        }

        #[signal]
        fn go(&mut self) {
            self.go = true;
        }

        #[query]
        fn is_waiting(&self) -> bool {
            !self.go
        }
    }
}

mod deprecated {
    use super::*;

    #[derive(Default)]
    pub(super) struct Recipe {
        go: bool,
    }

    #[workflow]
    impl Recipe {
        #[run]
        async fn run(ctx: WorkflowContext<Self>) -> WorkflowResult<String> {
            ctx.deprecate_patch("fried-not-boiled");
            ctx.wait_condition(|s| s.go).await?;
            Ok("fried".to_owned())
        }

        #[signal]
        fn go(&mut self) {
            self.go = true;
        }

        #[query]
        fn is_waiting(&self) -> bool {
            !self.go
        }
    }
}

#[tokio::test]
async fn a_run_of_the_old_code_goes_on_as_it_began() -> Outcome {
    let environment = Environment::connect().await?;
    let old = RunningWorker::start(environment.worker().workflow::<first::Recipe>());
    let recipe = environment.start::<first::Recipe>(()).await?;
    assert!(recipe.is_waiting().await?, "the first task is done");
    old.stop().await?;

    let _new = RunningWorker::start(environment.worker().workflow::<patched::Recipe>());
    recipe.go().await?;
    assert_eq!(recipe.result().await?, "boiled");
    Ok(())
}

#[tokio::test]
async fn a_new_run_takes_the_patched_path_and_marks_it() -> Outcome {
    let environment = Environment::connect().await?;
    let _worker = RunningWorker::start(environment.worker().workflow::<patched::Recipe>());
    let recipe = environment.start::<patched::Recipe>(()).await?;
    assert!(recipe.is_waiting().await?, "the first task is done");
    recipe.go().await?;
    assert_eq!(recipe.result().await?, "fried");
    environment.check_history("patch_marked", &recipe).await
}

#[tokio::test]
async fn a_patched_run_goes_on_once_the_patch_is_deprecated() -> Outcome {
    let environment = Environment::connect().await?;
    let old = RunningWorker::start(environment.worker().workflow::<patched::Recipe>());
    let recipe = environment.start::<patched::Recipe>(()).await?;
    assert!(recipe.is_waiting().await?, "the first task is done");
    old.stop().await?;

    let _new = RunningWorker::start(environment.worker().workflow::<deprecated::Recipe>());
    recipe.go().await?;
    assert_eq!(recipe.result().await?, "fried");
    Ok(())
}

#[tokio::test]
async fn a_deprecated_patch_is_still_marked_in_new_runs() -> Outcome {
    let environment = Environment::connect().await?;
    let _worker = RunningWorker::start(environment.worker().workflow::<deprecated::Recipe>());
    let recipe = environment.start::<deprecated::Recipe>(()).await?;
    assert!(recipe.is_waiting().await?, "the first task is done");
    recipe.go().await?;
    assert_eq!(recipe.result().await?, "fried");
    environment.check_history("patch_deprecated", &recipe).await
}
