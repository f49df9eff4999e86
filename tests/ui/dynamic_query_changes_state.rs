use steadfast::{convert::RawArgs, prelude::*};

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

    #[query(dynamic)]
    fn any(&mut self, _name: &str, _args: RawArgs) -> u32 {
        self.count += 1;
        self.count
    }

    #[update(dynamic)]
    fn any_update(&mut self, _name: &str, _args: RawArgs) -> Result<u32, UpdateError> {
        Ok(self.count)
    }

    #[validator(any_update)]
    fn check(&self, _name: &str) -> Result<(), Rejection> {
        Ok(())
    }
}

fn main() {}
