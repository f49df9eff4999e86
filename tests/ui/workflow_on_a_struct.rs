use steadfast::prelude::*;

#[workflow]
struct Counter {
    count: u32,
}

fn main() {}
