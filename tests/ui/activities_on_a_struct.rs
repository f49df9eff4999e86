use steadfast::prelude::*;

#[activities]
struct Parcels;

fn main() {}
