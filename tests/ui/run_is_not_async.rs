use steadfast::prelude::*;

#[derive(Default)]
struct Counter {
    count: u32,
}

#[workflow]
impl Counter {
    #[run]
    fn run(_ctx: WorkflowContext<Self>) -> WorkflowResult<u32> {
        Ok(1)
    }
}

fn main() {}
