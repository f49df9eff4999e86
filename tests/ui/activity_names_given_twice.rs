use steadfast::prelude::*;

struct Parcels;

#[activities]
impl Parcels {
    #[activity]
    async fn ship(&self, order: u32) -> Result<u32, ActivityError> {
        Ok(order)
    }

    #[activity(name = "ship")]
    async fn send(&self, order: u32) -> Result<u32, ActivityError> {
        Ok(order)
    }
}

fn main() {}
