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

    const MONTH_MILLIS: u64 = 30 * 24 * 3600 * 1000;

    #[steadfast::test]
    async fn who_never_pays_hears_from_the_lawyers(env: TestEnv) {
        env.worker("invoices")
            .workflow::<Invoice>()
            .mock::<remind>(|(_who, _times)| Ok(false))
            .start();
        let begin = env.now();
        let call = env.client().execute::<Invoice>(("Bob".to_owned(), MONTH_MILLIS));
        assert_eq!(call.task_queue("invoices").await?, "to the lawyers");
        assert!(env.now().duration_since(begin)? >= days(90), "in milliseconds");
    }

    #[steadfast::test]
    async fn a_failing_activity_fails_the_workflow(env: TestEnv) {
        env.worker("invoices")
            .workflow::<Invoice>()
            .mock::<remind>(|_| Err(ActivityError::new("no such address").non_retryable()))
            .start();
        let call = env.client().execute::<Invoice>(("Bob".to_owned(), MONTH_MILLIS));
        let error = call.task_queue("invoices").await;
        assert!(format!("{error:?}").contains("no such address"), "{error:?}");
    }

    #[steadfast::test]
    async fn an_activity_is_a_function(_env: TestEnv) {
        assert!(!remind("Ada".to_owned(), 1).await.unwrap());
    }
}
