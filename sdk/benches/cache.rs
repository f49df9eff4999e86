//! What many workflows in a worker's cache cost: a task of one of them, and the memory of each that waits.
//!
//! `cargo bench -p steadfast --bench cache` fails if a task costs more among 100,000 workflows than among 1,000, or if a
//! workflow takes more memory than it should. The server is in the same process; its time is part of a task's.

use cap::Cap;
use futures_util::{StreamExt, TryStreamExt, stream};
use std::{
    alloc::System,
    error::Error,
    time::{Duration, Instant},
};
use steadfast::prelude::*;

#[global_allocator]
static MEMORY: Cap<System> = Cap::new(System, usize::MAX);

/// A cached workflow that waits takes no more than this.
const BYTES_MAX: usize = 3 * 1024;
/// A task among many workflows takes no more than this times one among few.
const GROWTH_MAX: f64 = 1.5;
const FEW: usize = 1_000;
const MANY: usize = 100_000;
const TASKS: usize = 2_000;

/// Waits, and counts what it is told.
#[derive(Default)]
struct Waiting {
    told: u32,
}

#[workflow]
impl Waiting {
    #[run]
    async fn run(ctx: WorkflowContext<Self>, until: u32) -> WorkflowResult<u32> {
        ctx.wait_condition(|s| s.told >= until).await?;
        Ok(ctx.state(|s| s.told))
    }

    #[update]
    fn tell(&mut self) -> u32 {
        self.told += 1;
        self.told
    }

    #[query]
    fn told(&self) -> u32 {
        self.told
    }
}

struct Measured {
    bytes_per_workflow: usize,
    task: Duration,
}

/// So many workflows wait in the cache; some of them get a task each, one after the other.
async fn measure(workflows: usize) -> Result<Measured, Box<dyn Error>> {
    let client = Client::embedded()?;
    let worker = Worker::new(&client, "cache")
        .workflow::<Waiting>()
        .max_cached_workflows(workflows);
    let worker = worker.max_concurrent_workflow_tasks(100).start();
    let handles: Vec<_> = stream::iter(0..workflows)
        .map(|_| async {
            let handle = client.start::<Waiting>(u32::MAX).task_queue("cache").await?;
            // It answers once its first task is done, and it is in the cache.
            handle.told().await?;
            Ok::<_, Box<dyn Error>>(handle)
        })
        .buffer_unordered(50)
        .try_collect()
        .await?;
    let step = (workflows / TASKS).max(1);
    let mut best = Duration::MAX;
    for _ in 0..3 {
        let start = Instant::now();
        for handle in handles.iter().step_by(step).cycle().take(TASKS) {
            handle.tell().await?;
        }
        best = best.min(start.elapsed() / u32::try_from(TASKS)?);
    }
    // What goes with the worker is what the cache held.
    let before = MEMORY.allocated();
    worker.shutdown().await?;
    let bytes_per_workflow = before.saturating_sub(MEMORY.allocated()) / workflows;
    Ok(Measured {
        bytes_per_workflow,
        task: best,
    })
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let (few, many) = (measure(FEW).await?, measure(MANY).await?);
    for (workflows, measured) in [(FEW, &few), (MANY, &many)] {
        println!(
            "{workflows:>7} cached workflows: {:?} a task, {} bytes a workflow",
            measured.task, measured.bytes_per_workflow
        );
    }
    let growth = many.task.as_secs_f64() / few.task.as_secs_f64();
    println!("a task among {MANY} takes {growth:.2} times one among {FEW}");
    if many.bytes_per_workflow > BYTES_MAX {
        return Err(format!(
            "a cached workflow takes {} bytes, at most {BYTES_MAX} are right",
            many.bytes_per_workflow
        )
        .into());
    }
    if growth > GROWTH_MAX {
        return Err(
            format!("a task takes {growth:.2} times as long among many, at most {GROWTH_MAX} are right").into(),
        );
    }
    Ok(())
}
