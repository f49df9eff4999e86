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

    #[query]
    fn count(&self) -> Amount {
        Amount(self.count)
    }
}

fn main() {}
