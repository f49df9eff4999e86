use steadfast::prelude::*;

#[nexus_service]
trait Bank<T> {
    async fn deposit(&self, amount: T) -> Result<u32, NexusError>;
}

fn main() {}
