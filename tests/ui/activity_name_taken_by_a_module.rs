use steadfast::prelude::*;

mod ship {
    use steadfast::prelude::*;

    #[activity]
    pub async fn ship(order: u32) -> Result<u32, ActivityError> {
        Ok(order)
    }
}
pub use ship::ship;

fn main() {}
