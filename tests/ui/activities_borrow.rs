use steadfast::prelude::*;

struct Parcels<'a> {
    key: &'a str,
}

#[activities]
impl<'a> Parcels<'a> {
    #[activity]
    async fn ship(&self, order: u32) -> Result<String, ActivityError> {
        Ok(format!("{order} {}", self.key))
    }
}

fn main() {}
