//! What the worker runs. The other side has the same, under the same names.

use steadfast::prelude::*;

#[activity(start_to_close_timeout = "60s")]
pub async fn echo(word: String) -> Result<String, ActivityError> {
    Ok(word)
}

#[derive(Default)]
pub struct Hello;

#[workflow]
impl Hello {
    #[run]
    async fn run(ctx: WorkflowContext<Self>, name: String) -> WorkflowResult<String> {
        Ok(ctx.activity::<echo>(name).await?)
    }
}

/// Activities one after the other.
#[derive(Default)]
pub struct Seq;

#[workflow]
impl Seq {
    #[run]
    async fn run(ctx: WorkflowContext<Self>, count: u32) -> WorkflowResult<u32> {
        for number in 0..count {
            ctx.activity::<echo>(number.to_string()).await?;
        }
        Ok(count)
    }
}

/// Activities all at once.
#[derive(Default)]
pub struct Fanout;

#[workflow]
impl Fanout {
    #[run]
    async fn run(ctx: WorkflowContext<Self>, count: u32) -> WorkflowResult<u32> {
        let calls = (0..count).map(|number| ctx.activity::<echo>(number.to_string()));
        try_join_all(calls).await?;
        Ok(count)
    }
}

/// Ends after so many signals.
#[derive(Default)]
pub struct Signals {
    count: u32,
}

#[workflow]
impl Signals {
    #[run]
    async fn run(ctx: WorkflowContext<Self>, until: u32) -> WorkflowResult<u32> {
        ctx.wait_condition(|s| s.count >= until).await?;
        Ok(ctx.state(|s| s.count))
    }

    #[signal]
    fn inc(&mut self, by: u32) {
        self.count += by;
    }
}

/// Ends after so many updates.
#[derive(Default)]
pub struct Updates {
    count: u32,
}

#[workflow]
impl Updates {
    #[run]
    async fn run(ctx: WorkflowContext<Self>, until: u32) -> WorkflowResult<u32> {
        ctx.wait_condition(|s| s.count >= until).await?;
        Ok(ctx.state(|s| s.count))
    }

    #[update]
    fn add(&mut self, by: u32) -> u32 {
        self.count += by;
        self.count
    }
}

/// Timers of a millisecond, all at once.
#[derive(Default)]
pub struct Timers;

#[workflow]
impl Timers {
    #[run]
    async fn run(ctx: WorkflowContext<Self>, count: u32) -> WorkflowResult<u32> {
        let timers = (0..count).map(|_| ctx.sleep(std::time::Duration::from_millis(1)));
        try_join_all(timers).await?;
        Ok(count)
    }
}

/// Sleeps for so many days.
#[derive(Default)]
pub struct Sleeps;

#[workflow]
impl Sleeps {
    #[run]
    async fn run(ctx: WorkflowContext<Self>, days: u64) -> WorkflowResult<()> {
        ctx.sleep(hours(24 * days)).await?;
        Ok(())
    }
}

/// Local activities one after the other.
#[derive(Default)]
pub struct LocalSeq;

#[workflow]
impl LocalSeq {
    #[run]
    async fn run(ctx: WorkflowContext<Self>, count: u32) -> WorkflowResult<u32> {
        for number in 0..count {
            ctx.local_activity::<echo>(number.to_string()).await?;
        }
        Ok(count)
    }
}

/// Waits to be told.
#[derive(Default)]
pub struct WaitSig {
    may_go: bool,
}

#[workflow]
impl WaitSig {
    #[run]
    async fn run(ctx: WorkflowContext<Self>) -> WorkflowResult<()> {
        ctx.wait_condition(|s| s.may_go).await?;
        Ok(())
    }

    #[signal]
    fn go(&mut self) {
        self.may_go = true;
    }
}
