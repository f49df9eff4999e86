use steadfast::prelude::*;

#[workflow]
trait CounterApi {
    #[run]
    async fn run(ctx: WorkflowContext<Self>) -> WorkflowResult<u32>;

    #[signal]
    fn add(&mut self, by: u32);
}

#[derive(Default)]
struct Counter {
    count: u32,
}

#[workflow]
impl CounterApi for Counter {
    async fn run(ctx: WorkflowContext<Self>) -> WorkflowResult<u32> {
        Ok(ctx.state(|s| s.count))
    }

    #[signal]
    fn add(&mut self, by: u32) {
        self.count += by;
    }
}

fn main() {}
