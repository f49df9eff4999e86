use steadfast::prelude::*;

#[activity]
async fn greet(name: String, ctx: ActivityContext) -> Result<String, ActivityError> {
    drop(ctx);
    Ok(name)
}

fn main() {}
