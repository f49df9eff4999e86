use steadfast::prelude::*;

#[nexus_service]
trait Office {
    async fn greet(&self, name: String) -> Result<String, NexusError>;
}

struct Local;

#[nexus_service]
impl Office for Local {
    async fn greet(&self, name: String) -> Result<usize, NexusError> {
        Ok(name.len())
    }
}

fn main() {}
