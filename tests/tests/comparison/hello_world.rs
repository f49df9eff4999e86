use steadfast::prelude::*;

#[activity(start_to_close_timeout = "10s")]
pub async fn greet(name: String) -> Result<String, ActivityError> {
    Ok(format!("Hello, {name}!"))
}

#[derive(Default)]
pub struct HelloWorld;

#[workflow]
impl HelloWorld {
    #[run]
    async fn run(ctx: WorkflowContext<Self>, name: String) -> WorkflowResult<String> {
        Ok(ctx.activity::<greet>(name).await?)
    }
}
