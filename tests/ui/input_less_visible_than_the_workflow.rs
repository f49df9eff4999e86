use steadfast::prelude::*;

#[derive(Serialize, Deserialize)]
struct Start(u32);

#[derive(Default)]
pub struct Counter {
    count: u32,
}

#[workflow]
impl Counter {
    #[run]
    async fn run(_ctx: WorkflowContext<Self>, start: Start) -> WorkflowResult<u32> {
        Ok(start.0)
    }
}

fn main() {}
