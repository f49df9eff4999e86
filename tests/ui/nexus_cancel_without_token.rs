use steadfast::prelude::*;

#[nexus_service]
trait Office {
    async fn greet(&self, name: String) -> Result<String, NexusError>;
    #[cancel(greet)]
    async fn stop(&self) -> Result<(), NexusError>;
}

fn main() {}
