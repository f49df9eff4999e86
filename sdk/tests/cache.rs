//! What a workflow in a worker's cache takes. By itself, as nothing else may take memory meanwhile.

use cap::Cap;
use futures_util::{StreamExt, TryStreamExt, stream};
use std::{alloc::System, error::Error};
use steadfast::prelude::*;

#[global_allocator]
static MEMORY: Cap<System> = Cap::new(System, usize::MAX);

const BYTES_MAX: usize = 3 * 1024;
const WORKFLOWS: usize = 1_000;

/// Waits for a signal.
#[derive(Default)]
struct Waiting {
    is_told: bool,
}

#[workflow]
impl Waiting {
    #[run]
    async fn run(ctx: WorkflowContext<Self>, _input: ()) -> WorkflowResult<()> {
        ctx.wait_condition(|s| s.is_told).await?;
        Ok(())
    }

    #[signal]
    fn tell(&mut self) {
        self.is_told = true;
    }

    #[query]
    fn is_told(&self) -> bool {
        self.is_told
    }
}

#[tokio::test]
async fn a_workflow_that_waits_takes_three_kilobytes_at_most() -> Result<(), Box<dyn Error>> {
    let client = Client::embedded()?;
    let worker = Worker::new(&client, "cache").workflow::<Waiting>();
    let worker = worker.max_cached_workflows(WORKFLOWS).start();
    let handles: Vec<_> = stream::iter(0..WORKFLOWS)
        .map(|_| async {
            let handle = client.start::<Waiting>(()).task_queue("cache").await?;
            // It answers once its first task is done, and it is in the cache.
            assert!(!handle.is_told().await?);
            Ok::<_, Box<dyn Error>>(handle)
        })
        .buffer_unordered(50)
        .try_collect()
        .await?;
    // What goes with the worker is what the cache held.
    let before = MEMORY.allocated();
    worker.shutdown().await?;
    let bytes = before.saturating_sub(MEMORY.allocated()) / handles.len();
    println!("{bytes} bytes a workflow");
    assert!(
        bytes <= BYTES_MAX,
        "a cached workflow takes {bytes} bytes, at most {BYTES_MAX} are right"
    );
    Ok(())
}
