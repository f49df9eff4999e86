//! Workflows and activities of any name: an interpreter, for what other programs define.

use examples::Outcome;
use steadfast::{
    convert::{RawArgs, RawValue},
    prelude::*,
    workflow::Untyped,
};

/// Runs as whatever type it was started: its arguments are the steps, each the name of an activity that gets what the one
/// before it gave.
#[derive(Default)]
struct Interpreter;

#[workflow(dynamic)]
impl Interpreter {
    #[run]
    async fn run(ctx: WorkflowContext<Self>, steps: RawArgs) -> WorkflowResult<RawValue> {
        let mut value = ctx
            .converter()
            .encode(&ctx.info().workflow_type().to_owned())
            .map(RawValue)?;
        for index in 0..steps.len() {
            let step: String = steps.get(index)?;
            let call = ctx.activity_untyped(step, (value,));
            value = call.start_to_close_timeout(secs(10)).await?;
        }
        Ok(value)
    }
}

/// An activity with a name of its own.
#[activity]
async fn shout(text: String) -> Result<String, ActivityError> {
    Ok(text.to_uppercase())
}

/// Is called whenever no other activity has the name.
#[activity(dynamic)]
async fn any(ctx: ActivityContext, args: RawArgs) -> Result<String, ActivityError> {
    let text: String = args.get(0)?;
    Ok(format!("{text}, {}", ctx.info().activity_type))
}

#[tokio::main]
async fn main() -> Outcome {
    run(&examples::connect().await?).await
}

pub async fn run(client: &Client) -> Outcome {
    let worker = Worker::new(client, "dynamic_workflow")
        .workflow::<Interpreter>()
        .activity::<shout>()
        .activity::<any>()
        .start();
    let greeting = client.start_untyped("Ada", ("good morning", "shout", "and good night"));
    let greeting = greeting.task_queue("dynamic_workflow").await?;
    let result = client.workflow::<Untyped>(greeting.id()).result().await?;
    let text: String = client.converter().decode(Some(&result.0))?;
    println!("{text}");
    assert_eq!(text, "ADA, GOOD MORNING, and good night");
    Ok(worker.shutdown().await?)
}
