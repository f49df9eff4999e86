//! The Nexus service of `interop/nexus.py`, as caller and as handler.

use std::sync::atomic::{AtomicU32, Ordering};
use steadfast::{error::NexusErrorKind, prelude::*};

#[nexus_service]
pub trait Greetings {
    async fn say(&self, name: String) -> Result<String, NexusError>;
    async fn compose(&self, ctx: NexusContext, topic: String) -> Result<String, NexusError>;
    async fn refuse(&self, name: String) -> Result<String, NexusError>;
    async fn stumble(&self, name: String) -> Result<String, NexusError>;
}

#[derive(Debug, Serialize, Deserialize, ApplicationError)]
#[error("no topic", non_retryable)]
struct NoTopic;

/// What `compose` starts: it ends by itself, fails, or waits to be cancelled, as its topic says.
#[derive(Default)]
pub struct Composition;

#[workflow]
impl Composition {
    #[run]
    async fn run(ctx: WorkflowContext<Self>, topic: String) -> WorkflowResult<String> {
        match topic.as_str() {
            "nothing" => Err(NoTopic.into()),
            "for ever" => {
                ctx.wait_condition(|_| false).await?;
                Ok(String::new())
            }
            _ => Ok(format!("about {topic}")),
        }
    }
}

#[derive(Default)]
pub struct Handler {
    stumbles: AtomicU32,
}

#[nexus_service]
impl Greetings for Handler {
    async fn say(&self, name: String) -> Result<String, NexusError> {
        Ok(format!("Hello, {name}!"))
    }

    async fn compose(&self, ctx: NexusContext, topic: String) -> Result<StartedOperation<String>, NexusError> {
        let id = format!("composition-{}", ctx.info().request_id);
        ctx.workflow::<Composition>(topic).id(id).await
    }

    async fn refuse(&self, name: String) -> Result<String, NexusError> {
        Err(NexusError::operation_failed(format!("not {name}")))
    }

    async fn stumble(&self, name: String) -> Result<String, NexusError> {
        if self.stumbles.fetch_add(1, Ordering::Relaxed) == 0 {
            return Err(NexusError::of_kind(NexusErrorKind::Unavailable, "not yet"));
        }
        Ok(format!("at last, {name}"))
    }
}

#[derive(Default)]
pub struct Caller;

#[workflow]
impl Caller {
    #[run]
    async fn run(
        ctx: WorkflowContext<Self>,
        endpoint: String,
        operation: String,
        argument: String,
        cancels: bool,
    ) -> WorkflowResult<String> {
        let greetings = ctx.nexus::<dyn Greetings>(endpoint);
        let call = match operation.as_str() {
            "say" => greetings.say(argument),
            "compose" => greetings.compose(argument),
            "refuse" => greetings.refuse(argument),
            _ => greetings.stumble(argument),
        };
        let operation = call.schedule_to_close_timeout(secs(20)).start().await?;
        if cancels {
            operation.cancel();
        }
        Ok(operation.await?)
    }
}
