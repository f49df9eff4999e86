use steadfast::prelude::*;

struct Parcels {
    sent: u32,
}

#[activities]
impl Parcels {
    #[activity]
    async fn ship(&mut self, order: u32) -> Result<u32, ActivityError> {
        self.sent += order;
        Ok(self.sent)
    }
}

fn main() {}
