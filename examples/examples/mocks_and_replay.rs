//! How workflows are tested: in virtual time, with mocks for the activities, and against the histories of yesterday.

use examples::Outcome;
use steadfast::{prelude::*, replay::Replayer};

#[activity(start_to_close_timeout = "5s")]
async fn remind(who: String, times: u32) -> Result<bool, ActivityError> {
    println!("  {who}, this is reminder {times}");
    Ok(times == 2) // paid after two of them
}

#[derive(Default)]
struct Invoice;

#[workflow]
impl Invoice {
    #[run]
    async fn run(ctx: WorkflowContext<Self>, who: String, patience_millis: u64) -> WorkflowResult<String> {
        for times in 1..=3 {
            ctx.sleep(std::time::Duration::from_millis(patience_millis)).await?;
            if ctx.activity::<remind>((who.clone(), times)).await? {
                return Ok(format!("paid after {times} reminders"));
            }
        }
        Ok("to the lawyers".to_owned())
    }
}

#[tokio::main]
async fn main() -> Outcome {
    run(&examples::connect().await?).await
}

pub async fn run(client: &Client) -> Outcome {
    let worker = Worker::new(client, "mocks_and_replay")
        .workflow::<Invoice>()
        .activity::<remind>()
        .start();
    let invoice = client
        .start::<Invoice>(("Ada".to_owned(), 50))
        .task_queue("mocks_and_replay")
        .await?;
    let outcome = invoice.result().await?;
    println!("{outcome}");
    assert_eq!(outcome, "paid after 2 reminders");

    // Would the code of today do the same? `replay_json` takes what `temporal workflow show --output json` prints.
    let history = invoice.fetch_history().await?;
    Replayer::new().workflow::<Invoice>().replay(history)?;
    println!("replayed");
    Ok(worker.shutdown().await?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use steadfast::testing::{ActivityEnv, attempt, never_completes};

    const MONTH_MILLIS: u64 = 30 * 24 * 3600 * 1000;

    async fn outcome(env: &TestEnv) -> Result<String, steadfast::client::ExecuteError> {
        let call = env.client().execute::<Invoice>(("Bob".to_owned(), MONTH_MILLIS));
        call.task_queue("invoices").await
    }

    #[steadfast::test]
    async fn who_never_pays_hears_from_the_lawyers(env: TestEnv) {
        let worker = env.worker("invoices").workflow::<Invoice>();
        worker.mock::<remind>(|(_who, _times)| Ok(false)).start();
        let begin = env.now();
        assert_eq!(outcome(&env).await?, "to the lawyers");
        assert!(env.now().duration_since(begin)? >= days(90), "in milliseconds");
        let times: Vec<_> = env.activity_calls::<remind>().iter().map(|call| call.1).collect();
        assert_eq!(times, [1, 2, 3]);
    } // here the history is replayed, as at the end of every test

    #[steadfast::test]
    async fn a_reminder_that_hangs_is_tried_again(env: TestEnv) {
        let worker = env.worker("invoices").workflow::<Invoice>();
        worker
            .mock::<remind>(|_| match attempt() {
                1 => never_completes(), // until its time is over
                2 => Err(ActivityError::new("the post is on strike")),
                _ => Ok(true),
            })
            .start();
        assert_eq!(outcome(&env).await?, "paid after 1 reminders");
    }

    #[steadfast::test]
    async fn a_failing_activity_fails_the_workflow(env: TestEnv) {
        let worker = env.worker("invoices").workflow::<Invoice>();
        worker
            .mock::<remind>(|_| Err(ActivityError::new("no such address").non_retryable()))
            .start();
        let error = outcome(&env).await;
        assert!(format!("{error:?}").contains("no such address"), "{error:?}");
    }

    #[activity]
    fn count_coins(ctx: &ActivityContext, coins: u32) -> Result<u32, ActivityError> {
        for coin in ctx.heartbeat_details()?.unwrap_or(0)..coins {
            ctx.heartbeat(&coin)?;
        }
        Ok(ctx.info().attempt)
    }

    #[test]
    fn an_activity_is_a_function() {
        let env = ActivityEnv::new()
            .heartbeat_details(&8_u32)
            .info(|info| info.attempt = 2);
        assert_eq!(count_coins(&env.context(), 10).unwrap(), 2);
        assert_eq!(env.heartbeats::<u32>().unwrap(), [8, 9]);
    }
}
