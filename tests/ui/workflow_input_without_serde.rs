use steadfast::prelude::*;

struct Start(u32);

#[derive(Default)]
struct Counter;

#[workflow]
impl Counter {
    #[run]
    async fn run(_ctx: WorkflowContext<Self>, start: Start) -> WorkflowResult<u32> {
        Ok(start.0)
    }
}

fn main() {}
