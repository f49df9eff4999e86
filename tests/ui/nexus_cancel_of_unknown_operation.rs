use steadfast::prelude::*;

#[nexus_service]
trait Office {
    async fn greet(&self, name: String) -> Result<String, NexusError>;
    #[cancel(great)]
    async fn stop(&self, token: &str) -> Result<(), NexusError>;
}

fn main() {}
