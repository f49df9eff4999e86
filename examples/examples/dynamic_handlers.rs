//! Handlers of any name, and handlers that are added while the workflow runs.

use examples::Outcome;
use steadfast::{convert::RawArgs, prelude::*, workflow::Untyped};

#[derive(Default)]
struct Counters {
    counts: std::collections::BTreeMap<String, u64>,
    closed: bool,
}

#[workflow]
impl Counters {
    #[run]
    async fn run(ctx: WorkflowContext<Self>) -> WorkflowResult<u64> {
        ctx.wait_condition(|s| !s.counts.is_empty()).await?;
        // From now on, "close" has a handler of its own.
        ctx.handlers().signal("close", |s, ()| s.closed = true);
        ctx.wait_condition(|s| s.closed).await?;
        Ok(ctx.state(|s| s.counts.values().sum()))
    }

    /// Gets the signals that no other handler is named after.
    #[signal(dynamic)]
    fn count(&mut self, name: &str, args: RawArgs) {
        *self.counts.entry(name.to_owned()).or_default() += args.get(0).unwrap_or(1);
    }

    #[query(dynamic)]
    fn of(&self, name: &str, _args: RawArgs) -> Result<u64, Rejection> {
        let count = self.counts.get(name).copied();
        count.ok_or_else(|| format!("nobody has counted {name}").into())
    }
}

#[tokio::main]
async fn main() -> Outcome {
    run(&examples::connect().await?).await
}

pub async fn run(client: &Client) -> Outcome {
    let worker = Worker::new(client, "dynamic_handlers").workflow::<Counters>().start();
    let counters = client.start::<Counters>(()).task_queue("dynamic_handlers").await?;
    let untyped = client.workflow::<Untyped>(counters.id());
    untyped.signal_untyped("apples", (2,)).await?;
    untyped.signal_untyped("pears", ()).await?;
    untyped.signal_untyped("apples", (3,)).await?;
    let apples: u64 = untyped.query_untyped("apples", ()).await?;
    println!("{apples} apples");
    assert_eq!(apples, 5);
    if let Err(unknown) = untyped.query_untyped::<_, u64>("plums", ()).await {
        println!("{unknown}");
    }
    untyped.signal_untyped("close", ()).await?;
    assert_eq!(counters.result().await?, 6);
    Ok(worker.shutdown().await?)
}
