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

    #[update]
    fn add(&mut self, by: u32) -> u32 {
        self.count += by;
        self.count
    }

    #[validator(add)]
    fn check_add(&self, by: &u64) -> Result<(), Rejection> {
        if *by == 0 { Err("nothing to add".into()) } else { Ok(()) }
    }
}

fn main() {}
