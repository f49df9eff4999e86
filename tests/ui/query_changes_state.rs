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

    #[query]
    fn next(&mut self) -> u32 {
        self.count += 1;
        self.count
    }
}

fn main() {}
