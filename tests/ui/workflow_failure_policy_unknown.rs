use steadfast::prelude::*;

#[derive(Default)]
struct Counter;

#[workflow(panic = "abort")]
impl Counter {
    #[run]
    async fn run(_ctx: WorkflowContext<Self>) -> WorkflowResult<()> {
        Ok(())
    }
}

fn main() {}
