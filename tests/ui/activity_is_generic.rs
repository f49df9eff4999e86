use steadfast::prelude::*;

#[activity]
async fn store<T: Serialize>(value: T) -> Result<(), ActivityError> {
    let _ = value;
    Ok(())
}

fn main() {}
