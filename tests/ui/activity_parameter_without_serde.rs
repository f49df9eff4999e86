use steadfast::prelude::*;

struct Order;

#[activity]
async fn ship(order: Order) -> Result<(), ActivityError> {
    let _ = order;
    Ok(())
}

fn main() {}
