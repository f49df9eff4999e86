use steadfast::prelude::*;

#[activity(start_to_close_timeout = "30 seconds", heartbeat_timeout = 5)]
async fn ship(order: u32) -> Result<(), ActivityError> {
    let _ = order;
    Ok(())
}

fn main() {}
