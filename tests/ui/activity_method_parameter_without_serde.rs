use steadfast::prelude::*;

struct Parcel;

struct Parcels;

#[activities]
impl Parcels {
    #[activity]
    async fn ship(&self, parcel: Parcel, days: u32) -> Result<u32, ActivityError> {
        let Parcel = parcel;
        Ok(days)
    }
}

fn main() {}
