//! What the worker runs. The other side has the same, under the same names.

use std::time::Duration;
use temporalio_macros::{activities, workflow, workflow_methods};
use temporalio_sdk::{
    ActivityOptions, LocalActivityOptions, SyncWorkflowContext, WorkflowContext, WorkflowResult,
    activities::{ActivityContext, ActivityError},
    workflows::join_all,
};

pub struct Activities;
#[activities]
impl Activities {
    #[activity(name = "echo")]
    pub async fn echo(_ctx: ActivityContext, x: String) -> Result<String, ActivityError> {
        Ok(x)
    }
}

fn options() -> ActivityOptions {
    ActivityOptions::start_to_close_timeout(Duration::from_secs(60))
}

#[workflow]
#[derive(Default)]
pub struct Hello;
#[workflow_methods]
impl Hello {
    #[run]
    pub async fn run(ctx: &mut WorkflowContext<Self>, name: String) -> WorkflowResult<String> {
        Ok(ctx.execute_activity(Activities::echo, name, options()).await?)
    }
}

#[workflow]
#[derive(Default)]
pub struct Seq;
#[workflow_methods]
impl Seq {
    #[run]
    pub async fn run(ctx: &mut WorkflowContext<Self>, count: u32) -> WorkflowResult<u32> {
        for i in 0..count {
            ctx.execute_activity(Activities::echo, i.to_string(), options()).await?;
        }
        Ok(count)
    }
}

#[workflow]
#[derive(Default)]
pub struct Fanout;
#[workflow_methods]
impl Fanout {
    #[run]
    pub async fn run(ctx: &mut WorkflowContext<Self>, count: u32) -> WorkflowResult<u32> {
        let rs = join_all((0..count).map(|i| ctx.execute_activity(Activities::echo, i.to_string(), options()))).await;
        let mut n = 0;
        for r in rs {
            r?;
            n += 1;
        }
        Ok(n)
    }
}

#[workflow]
#[derive(Default)]
pub struct Signals {
    n: u32,
}
#[workflow_methods]
impl Signals {
    #[run]
    pub async fn run(ctx: &mut WorkflowContext<Self>, count: u32) -> WorkflowResult<u32> {
        ctx.wait_condition(|s| s.n >= count).await?;
        Ok(ctx.state(|s| s.n))
    }
    #[signal(name = "inc")]
    pub fn inc(&mut self, _ctx: &mut SyncWorkflowContext<Self>, by: u32) {
        self.n += by;
    }
}

#[workflow]
#[derive(Default)]
pub struct Updates {
    n: u32,
}
#[workflow_methods]
impl Updates {
    #[run]
    pub async fn run(ctx: &mut WorkflowContext<Self>, count: u32) -> WorkflowResult<u32> {
        ctx.wait_condition(|s| s.n >= count).await?;
        Ok(ctx.state(|s| s.n))
    }
    #[update(name = "add")]
    pub fn add(&mut self, _ctx: &mut SyncWorkflowContext<Self>, by: u32) -> u32 {
        self.n += by;
        self.n
    }
}

#[workflow]
#[derive(Default)]
pub struct Timers;
#[workflow_methods]
impl Timers {
    #[run]
    pub async fn run(ctx: &mut WorkflowContext<Self>, count: u32) -> WorkflowResult<u32> {
        let rs = join_all((0..count).map(|_| ctx.timer(Duration::from_millis(1)))).await;
        Ok(rs.len() as u32)
    }
}

#[workflow]
#[derive(Default)]
pub struct LocalSeq;
#[workflow_methods]
impl LocalSeq {
    #[run]
    pub async fn run(ctx: &mut WorkflowContext<Self>, count: u32) -> WorkflowResult<u32> {
        for i in 0..count {
            ctx.execute_local_activity(
                Activities::echo,
                i.to_string(),
                LocalActivityOptions::builder()
                    .start_to_close_timeout(Duration::from_secs(60))
                    .build(),
            )
            .await?;
        }
        Ok(count)
    }
}

#[workflow]
#[derive(Default)]
pub struct WaitSig {
    go: bool,
}
#[workflow_methods]
impl WaitSig {
    #[run]
    pub async fn run(ctx: &mut WorkflowContext<Self>) -> WorkflowResult<()> {
        ctx.wait_condition(|s| s.go).await?;
        Ok(())
    }
    #[signal(name = "go")]
    pub fn go(&mut self, _ctx: &mut SyncWorkflowContext<Self>) {
        self.go = true;
    }
}
