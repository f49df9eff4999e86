use steadfast::prelude::*;

struct Tracking;

struct Parcels;

#[activities]
impl Parcels {
    #[activity]
    async fn ship(&self, order: u32) -> Result<Tracking, ActivityError> {
        let _ = order;
        Ok(Tracking)
    }
}

fn main() {}
