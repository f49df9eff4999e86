use steadfast::prelude::*;

struct Amount(u32);

#[nexus_service]
trait Bank {
    async fn deposit(&self, amount: Amount) -> Result<u32, NexusError>;
}

fn main() {}
