use std::time::Duration;
use steadfast::prelude::*;
use tokio::time::sleep;

#[activity(start_to_close_timeout = "30s", heartbeat_timeout = "5s")]
pub async fn take_steps(ctx: ActivityContext, total: u32) -> Result<String, ActivityError> {
    for step in ctx.heartbeat_details()?.unwrap_or(0)..total {
        sleep(Duration::from_millis(100)).await;
        ctx.heartbeat(&step)?;
    }
    Ok(format!("{total} steps taken"))
}

#[derive(Default)]
pub struct Heartbeating;

#[workflow]
impl Heartbeating {
    #[run]
    async fn run(ctx: WorkflowContext<Self>, total: u32) -> WorkflowResult<String> {
        Ok(ctx.activity::<take_steps>(total).await?)
    }
}
