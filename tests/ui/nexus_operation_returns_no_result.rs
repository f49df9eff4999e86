use steadfast::prelude::*;

#[nexus_service]
trait Bank {
    async fn deposit(&self, amount: u32) -> u32;
}

fn main() {}
