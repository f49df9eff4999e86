use steadfast::prelude::*;

#[nexus_service]
trait Office {
    async fn greet(&mut self, name: String) -> Result<String, NexusError>;
}

fn main() {}
