use steadfast::prelude::*;

#[activity]
async fn greet(name: Option<&str>) -> Result<String, ActivityError> {
    Ok(name.unwrap_or("you").to_owned())
}

fn main() {}
