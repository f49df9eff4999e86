use steadfast::prelude::*;

#[allow(non_camel_case_types)]
struct ship {
    order: u32,
}

#[activity]
async fn ship(order: u32) -> Result<u32, ActivityError> {
    Ok(order)
}

fn main() {}
