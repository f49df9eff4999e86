use steadfast::prelude::*;

#[activity(start_to_close_timeout = "10s")]
pub async fn is_ready(look: u32) -> Result<bool, ActivityError> {
    Ok(look >= 3)
}

#[derive(Default)]
pub struct Polling;

#[workflow]
impl Polling {
    #[run]
    async fn run(ctx: WorkflowContext<Self>, looks: u32) -> WorkflowResult<String> {
        for look in 1..=looks {
            if ctx.activity::<is_ready>(look).await? {
                return Ok(format!("ready at look {look}"));
            }
            if look < looks {
                ctx.sleep(secs(1)).await?;
            }
        }
        Ok(format!("not ready after {looks} looks"))
    }
}
