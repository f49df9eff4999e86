//! Code around every call: who asks goes along from the client to the activity, and everything is timed on the way.

use examples::Outcome;
use std::time::Instant;
use steadfast::{interceptor::*, prelude::*};

/// Says on whose behalf everything is done.
struct OnBehalfOf(&'static str);

impl ClientInterceptor for OnBehalfOf {
    fn headers(&self, headers: &mut Headers) {
        headers.set("user", &self.0.to_owned()).expect("text is JSON");
    }
}

/// Workflows hand the user on to what they call.
struct HandOn;

impl WorkflowInterceptor for HandOn {
    fn headers(&self, ctx: &InterceptorContext, headers: &mut Headers) {
        headers.copy_from(&ctx.info().headers(), "user");
    }

    /// Nobody else may approve.
    fn validate_update(
        &self,
        call: HandleUpdate,
        next: NextNow<'_, HandleUpdate, Result<(), steadfast::error::Failure>>,
    ) -> Result<(), steadfast::error::Failure> {
        let (owner, user) = (call.ctx.info().headers(), &call.headers);
        if owner.payload("user") != user.payload("user") {
            return Err(steadfast::error::Failure {
                message: format!("{} belongs to somebody else", call.ctx.info().workflow_id()),
                ..Default::default()
            });
        }
        next.run(call)
    }
}

/// Times activities.
struct Timed;

impl ActivityInterceptor for Timed {
    async fn execute(&self, call: ExecuteActivity, next: Next<ExecuteActivity, ActivityOutcome>) -> ActivityOutcome {
        let (name, start) = (call.ctx.info().activity_type.clone(), Instant::now());
        let outcome = next.run(call).await;
        println!("{name} took {:?}", start.elapsed());
        outcome
    }
}

#[activity(start_to_close_timeout = "5s")]
async fn pay(ctx: ActivityContext, cents: u32) -> Result<String, ActivityError> {
    let user: Option<String> = ctx.headers().get("user")?;
    Ok(format!("{} paid {cents}", user.unwrap_or_default()))
}

#[derive(Default)]
struct Expense {
    is_approved: bool,
}

#[workflow]
impl Expense {
    #[run]
    async fn run(ctx: WorkflowContext<Self>, cents: u32) -> WorkflowResult<String> {
        ctx.wait_condition(|s| s.is_approved).await?;
        Ok(ctx.activity::<pay>(cents).await?)
    }

    #[update]
    fn approve(&mut self) {
        self.is_approved = true;
    }
}

#[tokio::main]
async fn main() -> Outcome {
    run(&examples::connect().await?).await
}

pub async fn run(client: &Client) -> Outcome {
    let worker = Worker::new(client, "interceptors")
        .workflow_interceptor(HandOn)
        .activity_interceptor(Timed)
        .workflow::<Expense>()
        .activity::<pay>()
        .start();
    let (ada, eve) = (
        client.interceptor(OnBehalfOf("ada")),
        client.interceptor(OnBehalfOf("eve")),
    );

    let expense = ada.start::<Expense>(1_200).task_queue("interceptors").await?;
    let refused = eve
        .workflow::<Expense>(expense.id())
        .approve()
        .await
        .expect_err("it isn't hers");
    println!("{refused}");
    expense.approve().await?;
    assert_eq!(expense.result().await?, "ada paid 1200");
    Ok(worker.shutdown().await?)
}
