use steadfast::prelude::*;

#[activity(name = "ship", name = "send")]
async fn ship(order: u32) -> Result<(), ActivityError> {
    let _ = order;
    Ok(())
}

fn main() {}
