use steadfast::prelude::*;

struct Receipt(u32);

struct Bank;

#[nexus_service]
impl Bank {
    #[operation]
    async fn deposit(&self, amount: u32) -> Result<Receipt, NexusError> {
        Ok(Receipt(amount))
    }
}

fn main() {}
