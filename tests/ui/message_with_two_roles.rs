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
    #[update]
    fn add(&mut self, by: u32) {
        self.count += by;
    }
}

fn main() {}
