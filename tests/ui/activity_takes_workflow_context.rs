use steadfast::prelude::*;

struct Counter;

#[activity]
async fn greet(ctx: WorkflowContext<Counter>, name: String) -> Result<String, ActivityError> {
    drop(ctx);
    Ok(name)
}

fn main() {}
