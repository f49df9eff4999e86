use steadfast::prelude::*;

#[nexus_service]
trait Office {
    async fn greet(&self, name: String) -> Result<String, NexusError>;
}

struct Local;

#[nexus_service]
impl Office for Local {
    async fn greet(&self, name: String) -> Result<String, NexusError> {
        Ok(name)
    }
}

async fn call<S>(ctx: WorkflowContext<S>) -> WorkflowResult<String> {
    Ok(ctx.nexus::<dyn Office>("office").great("Ada".to_owned()).await?)
}

fn main() {}
