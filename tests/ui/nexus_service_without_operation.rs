use steadfast::prelude::*;

struct Office;

#[nexus_service]
impl Office {
    async fn greet(&self, name: String) -> Result<String, NexusError> {
        Ok(name)
    }
}

fn main() {}
