use steadfast::prelude::*;

struct Office;

fn call<S>(ctx: WorkflowContext<S>) {
    let _ = ctx.nexus::<Office>("office");
}

fn main() {}
