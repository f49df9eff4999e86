use steadfast::prelude::*;

#[nexus_service]
struct Office;

fn main() {}
