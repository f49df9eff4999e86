use std::time::Duration;
use steadfast::prelude::*;
use tokio::time::sleep;

#[activity(start_to_close_timeout = "5m", heartbeat_timeout = "5s")]
pub async fn work_until_told(ctx: ActivityContext) -> Result<String, ActivityError> {
    loop {
        ctx.heartbeat(&())?;
        sleep(Duration::from_millis(200)).await;
    }
}

#[activity(start_to_close_timeout = "10s")]
pub async fn clean_up() -> Result<String, ActivityError> {
    Ok("all clean".to_owned())
}

#[derive(Default)]
pub struct Cancellation;

#[workflow]
impl Cancellation {
    #[run]
    async fn run(ctx: WorkflowContext<Self>) -> WorkflowResult<String> {
        match ctx.activity::<work_until_told>(()).await {
            Err(failure) if failure.is_cancelled() => {
                let why = ctx.cancel_reason().unwrap_or_default();
                let cleaned = ctx.activity::<clean_up>(()).await?;
                Ok(format!("cancelled ({why}), {cleaned}"))
            }
            result => Ok(result?),
        }
    }
}
