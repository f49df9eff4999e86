use steadfast::prelude::*;

#[activity]
async fn look_up(name: String) -> Result<u32, ActivityError> {
    Ok(name.len() as u32)
}

#[derive(Default)]
struct Counter;

#[workflow]
impl Counter {
    #[run]
    async fn run(ctx: WorkflowContext<Self>, name: String) -> WorkflowResult<u32> {
        Ok(ctx.local_activity::<look_up>(name).await?)
    }
}

fn main() {}
