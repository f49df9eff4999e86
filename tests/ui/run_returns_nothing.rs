use steadfast::prelude::*;

#[derive(Default)]
struct Counter {
    count: u32,
}

#[workflow]
impl Counter {
    #[run]
    async fn run(ctx: WorkflowContext<Self>) {
        ctx.sleep(secs(1)).await.ok();
    }
}

fn main() {}
