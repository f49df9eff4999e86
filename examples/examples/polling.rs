//! Polling: waiting for a thing that tells nobody when it is there.
//!
//! Often: within one activity that heartbeats. Seldom: one attempt of an activity a look, and the retry policy's
//! interval between them, which costs no history. Or one activity a look, and a durable sleep between them, where the
//! workflow is to decide how to go on.

use examples::Outcome;
use std::time::Duration;
use steadfast::prelude::*;

#[activity(start_to_close_timeout = "30s", heartbeat_timeout = "2s")]
async fn poll_often(ctx: ActivityContext) -> Result<String, ActivityError> {
    for look in 1.. {
        if look == 5 {
            return Ok(format!("seen at look {look}"));
        }
        ctx.heartbeat(&look)?; // an error when there is no more use in it
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    unreachable!("it looks for ever")
}

#[derive(Debug, Serialize, Deserialize, ApplicationError)]
#[error("not there yet")]
struct NotYet;

#[activity(start_to_close_timeout = "5s")]
async fn poll_seldom(ctx: ActivityContext) -> Result<String, NotYet> {
    match ctx.info().attempt {
        4.. => Ok(format!("seen at attempt {}", ctx.info().attempt)),
        _ => Err(NotYet),
    }
}

#[activity(start_to_close_timeout = "5s")]
async fn look(number: u32) -> Result<bool, ActivityError> {
    Ok(number == 3)
}

#[derive(Default)]
struct Watch;

#[workflow]
impl Watch {
    #[run]
    async fn run(ctx: WorkflowContext<Self>) -> WorkflowResult<(String, String, u32)> {
        let steady = RetryPolicy::default()
            .initial_interval(Duration::from_millis(50)) // minutes, in earnest
            .backoff_coefficient(1.0);
        let often = ctx.activity::<poll_often>(());
        let seldom = ctx.activity::<poll_seldom>(()).retry_policy(steady);
        let (often, seldom) = join!(often, seldom);
        let mut looks = 1;
        while !ctx.activity::<look>(looks).await? {
            ctx.sleep(Duration::from_millis(50)).await?; // days, if need be
            looks += 1;
        }
        Ok((often?, seldom?, looks))
    }
}

#[tokio::main]
async fn main() -> Outcome {
    run(&examples::connect().await?).await
}

pub async fn run(client: &Client) -> Outcome {
    let worker = Worker::new(client, "polling")
        .workflow::<Watch>()
        .activity::<poll_often>()
        .activity::<poll_seldom>()
        .activity::<look>()
        .start();
    let (often, seldom, looks) = client.execute::<Watch>(()).task_queue("polling").await?;
    println!("often:  {often}\nseldom: {seldom}\nlooks:  {looks}");
    assert_eq!(
        (often.as_str(), seldom.as_str(), looks),
        ("seen at look 5", "seen at attempt 4", 3)
    );
    Ok(worker.shutdown().await?)
}
