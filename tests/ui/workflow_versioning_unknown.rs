use steadfast::prelude::*;

#[derive(Default)]
struct Counter {
    count: u32,
}

#[workflow(versioning = "sticky")]
impl Counter {
    #[run]
    async fn run(ctx: WorkflowContext<Self>) -> WorkflowResult<u32> {
        Ok(ctx.state(|s| s.count))
    }

    #[signal(unfinished = "ignore")]
    async fn add(ctx: WorkflowContext<Self>, more: u32) {
        ctx.state_mut(|s| s.count += more);
    }
}

fn main() {}
