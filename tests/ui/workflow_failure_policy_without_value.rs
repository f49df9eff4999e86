use steadfast::prelude::*;

#[derive(Default)]
struct Counter;

#[workflow(mismatch)]
impl Counter {
    #[run]
    async fn run(_ctx: WorkflowContext<Self>) -> WorkflowResult<()> {
        Ok(())
    }
}

fn main() {}
