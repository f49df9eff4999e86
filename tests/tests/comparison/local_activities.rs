use steadfast::prelude::*;

#[activity(start_to_close_timeout = "10s")]
pub async fn greet(name: String) -> Result<String, ActivityError> {
    Ok(format!("Hello, {name}!"))
}

#[derive(Default)]
pub struct Twice;

#[workflow]
impl Twice {
    #[run]
    async fn run(ctx: WorkflowContext<Self>, name: String) -> WorkflowResult<(String, String)> {
        let remote = ctx.activity::<greet>(name.clone()).await?;
        let local = ctx.local_activity::<greet>(name).await?;
        Ok((remote, local))
    }
}
