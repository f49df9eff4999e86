use steadfast::prelude::*;

#[derive(Default)]
struct Counter {
    count: u32,
}

#[workflow]
impl Counter {
    #[run]
    fn run(&self) -> WorkflowResult<u32> {
        Ok(self.count)
    }

    #[signal]
    fn result(&mut self) {
        self.count = 0;
    }

    #[query]
    async fn count(&mut self) -> u32 {
        self.count
    }
}

fn main() {}
