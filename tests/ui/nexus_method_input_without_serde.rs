use steadfast::prelude::*;

struct Amount(u32);

struct Bank;

#[nexus_service]
impl Bank {
    #[operation]
    async fn deposit(&self, amount: Amount) -> Result<u32, NexusError> {
        Ok(amount.0)
    }
}

fn main() {}
