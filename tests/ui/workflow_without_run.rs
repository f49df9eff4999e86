use steadfast::prelude::*;

#[derive(Default)]
struct Counter {
    count: u32,
}

#[workflow]
impl Counter {
    #[signal]
    fn add(&mut self, by: u32) {
        self.count += by;
    }
}

fn main() {}
