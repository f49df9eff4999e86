use steadfast::prelude::*;

struct Receipt(u32);

#[nexus_service]
trait Bank {
    async fn deposit(&self, amount: u32) -> Result<Receipt, NexusError>;
}

fn main() {}
