use steadfast::prelude::*;

struct Amount(u32);

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
    fn add(&mut self, by: Amount) {
        self.count += by.0;
    }
}

fn main() {}
