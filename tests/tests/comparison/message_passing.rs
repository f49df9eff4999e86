use steadfast::prelude::*;

#[derive(Default)]
pub struct Counter {
    counter: i32,
}

#[workflow]
impl Counter {
    #[run]
    async fn run(ctx: WorkflowContext<Self>, target: i32) -> WorkflowResult<i32> {
        ctx.wait_condition(|s| s.counter >= target).await?;
        Ok(ctx.state(|s| s.counter))
    }

    #[signal]
    fn increment(&mut self, amount: i32) {
        self.counter += amount;
    }

    #[query]
    fn counter(&self) -> i32 {
        self.counter
    }

    #[validator(set_counter)]
    fn check_counter(&self, value: &i32) -> Result<(), Rejection> {
        if *value < 0 {
            Err("a counter is not negative".into())
        } else {
            Ok(())
        }
    }

    #[update]
    fn set_counter(&mut self, value: i32) -> i32 {
        std::mem::replace(&mut self.counter, value)
    }
}
