use steadfast::prelude::*;

#[activity(timeout = "30s")]
async fn ship(order: u32) -> Result<(), ActivityError> {
    let _ = order;
    Ok(())
}

fn main() {}
