use steadfast::prelude::*;

#[activity]
async fn ship(order: u32) -> Result<String, ActivityError> {
    Ok(order.to_string())
}

struct Payments;

#[activities]
impl Payments {
    #[activity]
    async fn charge(&self, cents: u64) -> Result<u64, ActivityError> {
        Ok(cents)
    }
}

#[derive(Default)]
struct Counter {
    queue: Vec<u32>,
}

#[workflow]
impl Counter {
    #[run]
    async fn run(_ctx: WorkflowContext<Self>, start: u32) -> WorkflowResult<u32> {
        Ok(start)
    }

    #[signal]
    fn decide(&mut self, approved: bool) {
        self.queue.push(u32::from(approved));
    }

    #[query]
    fn status(&self) -> Option<u32> {
        self.queue.last().copied()
    }
}

async fn example(ctx: WorkflowContext<Counter>) -> WorkflowResult<()> {
    ctx.child::<Payments>(1).await?;
    Ok(())
}

fn main() {}
