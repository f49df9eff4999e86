use steadfast::prelude::*;

#[nexus_service]
trait Office {
    async fn greet(&self, name: String);
}

fn main() {}
