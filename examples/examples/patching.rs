//! Patching: workflow code changes while runs of the old code go on.

use examples::Outcome;
use std::time::Duration;
use steadfast::prelude::*;

/// As it was.
mod before {
    use super::*;

    #[derive(Default)]
    pub struct Recipe {
        hungry: bool,
    }

    #[workflow]
    impl Recipe {
        #[run]
        async fn run(ctx: WorkflowContext<Self>) -> WorkflowResult<String> {
            ctx.wait_condition(|s| s.hungry).await?;
            ctx.sleep(Duration::from_millis(20)).await?;
            Ok("boiled".to_owned())
        }

        #[signal]
        fn serve(&mut self) {
            self.hungry = true;
        }

        #[query]
        fn is_waiting(&self) -> bool {
            !self.hungry
        }
    }
}

/// As it is now: what has begun is boiled, what begins from now on is fried. When nothing boils any more,
/// `ctx.deprecate_patch("fry")` takes the place of the condition; when no history has the mark, that goes, too.
#[derive(Default)]
struct Recipe {
    hungry: bool,
}

#[workflow]
impl Recipe {
    #[run]
    async fn run(ctx: WorkflowContext<Self>) -> WorkflowResult<String> {
        let is_fried = ctx.patched("fry");
        ctx.wait_condition(|s| s.hungry).await?;
        if is_fried {
            return Ok("fried".to_owned());
        }
        ctx.sleep(Duration::from_millis(20)).await?;
        Ok("boiled".to_owned())
    }

    #[signal]
    fn serve(&mut self) {
        self.hungry = true;
    }
}

#[tokio::main]
async fn main() -> Outcome {
    run(&examples::connect().await?).await
}

pub async fn run(client: &Client) -> Outcome {
    let worker = Worker::new(client, "patching").workflow::<before::Recipe>().start();
    let old = client.start::<before::Recipe>(()).task_queue("patching").await?;
    assert!(old.is_waiting().await?);
    worker.shutdown().await?;

    let worker = Worker::new(client, "patching").workflow::<Recipe>().start(); // the deployment
    let new = client.start::<Recipe>(()).task_queue("patching").await?;
    old.serve().await?;
    new.serve().await?;
    let (old, new) = (old.result().await?, new.result().await?);
    println!("begun before: {old}, begun after: {new}");
    assert_eq!((old.as_str(), new.as_str()), ("boiled", "fried"));
    Ok(worker.shutdown().await?)
}
