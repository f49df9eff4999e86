use steadfast::prelude::*;

#[nexus_service(endpoint = "office")]
trait Office {
    #[operation(input = "name")]
    async fn greet(&self, name: String) -> Result<String, NexusError>;
}

fn main() {}
