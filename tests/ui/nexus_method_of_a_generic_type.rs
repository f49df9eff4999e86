use steadfast::prelude::*;

struct Bank<T>(T);

#[nexus_service]
impl<T> Bank<T> {
    #[operation]
    async fn deposit(&self, amount: u32) -> Result<u32, NexusError> {
        Ok(amount)
    }
}

fn main() {}
