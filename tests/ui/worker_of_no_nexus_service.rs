use steadfast::prelude::*;

struct Office;

fn serve(worker: Worker) -> Worker {
    worker.nexus_service(Office)
}

fn main() {}
