use steadfast::prelude::*;

#[derive(Default)]
struct Counter {
    count: u32,
}

#[workflow]
impl Counter {
    #[run]
    async fn run(ctx: WorkflowContext<Self>) -> WorkflowResult<u32> {
        Ok(ctx.state(|s| s.count))
    }

    #[run]
    async fn run_again(_ctx: WorkflowContext<Self>) -> WorkflowResult<u32> {
        Ok(0)
    }
}

fn main() {}
