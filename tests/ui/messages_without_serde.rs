use steadfast::prelude::*;

struct Amount(u32);

struct Total(u32);

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
    async fn add(ctx: WorkflowContext<Self>, times: u32, by: Amount) {
        ctx.state_mut(|s| s.count += times * by.0);
    }

    #[query]
    fn above(&self, limit: Amount) -> bool {
        self.count > limit.0
    }

    #[update]
    fn set(&mut self, amount: Amount) -> Result<Total, ActivityError> {
        self.count = amount.0;
        Ok(Total(self.count))
    }

    #[update]
    async fn grow(ctx: WorkflowContext<Self>, by: u32) -> Total {
        Total(ctx.state_mut(|s| {
            s.count += by;
            s.count
        }))
    }
}

fn main() {}
