use steadfast::prelude::*;

#[nexus_service]
trait Bank {
    async fn deposit<T>(&self, amount: u32) -> Result<u32, NexusError>;
}

fn main() {}
