use steadfast::prelude::*;

#[derive(Default)]
struct Counter {
    count: u32,
}

#[workflow]
impl Counter {
    #[run]
    async fn run(&mut self, ctx: WorkflowContext<Self>) -> WorkflowResult<u32> {
        ctx.sleep(secs(1)).await?;
        Ok(self.count)
    }
}

fn main() {}
