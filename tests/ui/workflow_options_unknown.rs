use steadfast::prelude::*;

#[derive(Default)]
struct Counter {
    count: u32,
}

#[workflow(queue = "counters")]
impl Counter {
    #[run]
    async fn run(ctx: WorkflowContext<Self>) -> WorkflowResult<u32> {
        Ok(ctx.state(|s| s.count))
    }

    #[signal(names = "more")]
    fn add(&mut self, by: u32) {
        self.count += by;
    }

    #[query(unfinished = "abandon")]
    fn count(&self) -> u32 {
        self.count
    }

    #[update(validator = check)]
    fn set(&mut self, to: u32) {
        self.count = to;
    }
}

fn main() {}
