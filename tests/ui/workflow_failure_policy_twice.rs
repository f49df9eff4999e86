use steadfast::prelude::*;

#[derive(Default)]
struct Counter;

#[workflow(untyped_error = "fail_task", untyped_error = "fail_workflow")]
impl Counter {
    #[run]
    async fn run(_ctx: WorkflowContext<Self>) -> WorkflowResult<()> {
        Ok(())
    }
}

fn main() {}
