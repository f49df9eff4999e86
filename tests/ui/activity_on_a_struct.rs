use steadfast::prelude::*;

#[activity]
struct Ship;

fn main() {}
