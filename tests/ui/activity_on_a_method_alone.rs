use steadfast::prelude::*;

struct Parcels;

impl Parcels {
    #[activity]
    async fn ship(&self, order: u32) -> Result<(), ActivityError> {
        let _ = order;
        Ok(())
    }
}

fn main() {}
