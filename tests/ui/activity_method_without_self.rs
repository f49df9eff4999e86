use steadfast::prelude::*;

struct Parcels;

#[activities]
impl Parcels {
    #[activity]
    async fn ship(order: u32) -> Result<u32, ActivityError> {
        Ok(order)
    }
}

fn main() {}
