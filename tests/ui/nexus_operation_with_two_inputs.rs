use steadfast::prelude::*;

#[nexus_service]
trait Office {
    async fn greet(&self, name: String, times: u32) -> Result<String, NexusError>;
}

fn main() {}
