use steadfast::prelude::*;

struct Refused;

#[activity]
async fn ship(order: u32) -> Result<(), Refused> {
    if order == 0 { Err(Refused) } else { Ok(()) }
}

fn main() {}
