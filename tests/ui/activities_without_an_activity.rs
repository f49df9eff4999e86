use steadfast::prelude::*;

struct Parcels;

#[activities]
impl Parcels {
    async fn ship(&self, order: u32) -> Result<(), ActivityError> {
        let _ = order;
        Ok(())
    }
}

fn main() {}
