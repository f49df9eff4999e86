use steadfast::prelude::*;

#[derive(Default)]
struct Counter {
    count: u32,
}

#[workflow]
impl Counter {
    #[init]
    fn new(start: u32, step: u32) -> Self {
        Self { count: start + step }
    }

    #[run]
    async fn run(ctx: WorkflowContext<Self>, _start: u32) -> WorkflowResult<u32> {
        Ok(ctx.state(|s| s.count))
    }
}

fn main() {}
