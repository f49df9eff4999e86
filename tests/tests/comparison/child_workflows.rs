use steadfast::prelude::*;

#[derive(Default)]
pub struct GreetingChild;

#[workflow]
impl GreetingChild {
    #[run]
    async fn run(_ctx: WorkflowContext<Self>, name: String) -> WorkflowResult<String> {
        Ok(format!("Hello, {name}!"))
    }
}

#[derive(Default)]
pub struct Parent;

#[workflow]
impl Parent {
    #[run]
    async fn run(ctx: WorkflowContext<Self>, names: Vec<String>) -> WorkflowResult<Vec<String>> {
        let mut greetings = Vec::new();
        for (number, name) in names.into_iter().enumerate() {
            let child = ctx
                .child::<GreetingChild>(name)
                .id(format!("greeting-{number}"));
            greetings.push(child.await?);
        }
        Ok(greetings)
    }
}
