use steadfast::prelude::*;

#[nexus_service]
trait Office {
    async fn greet(&self, ctx: ActivityContext, name: String) -> Result<String, NexusError>;
}

fn main() {}
