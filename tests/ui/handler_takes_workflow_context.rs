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

    #[signal]
    fn add(&mut self, ctx: WorkflowContext<Self>, by: u32) {
        self.count += by;
        drop(ctx);
    }
}

fn main() {}
