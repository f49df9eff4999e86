use steadfast::prelude::*;

struct Tracking;

#[activity]
async fn ship(order: u32) -> Result<Tracking, ActivityError> {
    let _ = order;
    Ok(Tracking)
}

fn main() {}
