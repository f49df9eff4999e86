use std::time::SystemTime;
use steadfast::prelude::*;

pub struct UpdatableTimer {
    deadline: SystemTime,
}

#[workflow]
impl UpdatableTimer {
    #[init]
    fn new(deadline: SystemTime) -> Self {
        Self { deadline }
    }

    #[run]
    async fn run(ctx: WorkflowContext<Self>) -> WorkflowResult<SystemTime> {
        loop {
            let deadline = ctx.state(|s| s.deadline);
            let left = deadline.duration_since(ctx.now()).unwrap_or_default();
            let moved = ctx.wait_condition(|s| s.deadline != deadline);
            if moved.timeout(left).await?.is_none() {
                return Ok(deadline);
            }
        }
    }

    #[signal]
    fn move_deadline(&mut self, deadline: SystemTime) {
        self.deadline = deadline;
    }

    #[query]
    fn deadline(&self) -> SystemTime {
        self.deadline
    }
}
