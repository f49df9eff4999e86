use steadfast::prelude::*;

#[activity]
async fn greet(name: impl Into<String>) -> Result<String, ActivityError> {
    Ok(name.into())
}

fn main() {}
