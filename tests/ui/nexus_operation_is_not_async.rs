use steadfast::prelude::*;

#[nexus_service]
trait Office {
    fn greet(&self, name: String) -> Result<String, NexusError>;
}

fn main() {}
