use std::time::Duration;
use steadfast::prelude::*;
use tokio::time::sleep;

#[activity(start_to_close_timeout = "30s")]
pub async fn take_long(millis: u64) -> Result<String, ActivityError> {
    sleep(Duration::from_millis(millis)).await;
    Ok("done".to_owned())
}

#[derive(Default)]
pub struct Timers;

#[workflow]
impl Timers {
    #[run]
    async fn run(ctx: WorkflowContext<Self>) -> WorkflowResult<String> {
        ctx.sleep(secs(1)).await?;
        let winner = select! {
            _ = ctx.sleep(secs(10)) => "timer",
            result = ctx.activity::<take_long>(100) => result.map(|_| "activity")?,
        };
        let timer = ctx.sleep(minutes(10)).start();
        timer.cancel();
        let was_cancelled = timer.await.is_err();
        Ok(format!("first: {winner}, cancelled: {was_cancelled}"))
    }
}
