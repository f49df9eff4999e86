//! Activities that no workflow calls: a single job that is to be retried, watched and found, and needs nothing around it.

use examples::Outcome;
use steadfast::{
    client::{ActivityResultError, ActivityStatus, ExecuteActivityError},
    prelude::*,
};

#[derive(Debug, Serialize, Deserialize, ApplicationError)]
#[error("{0} is no address", non_retryable)]
struct NoAddress(String);

#[activity(start_to_close_timeout = "30s")]
async fn send_letter(to: String) -> Result<usize, NoAddress> {
    if to.contains('@') {
        Ok(to.len())
    } else {
        Err(NoAddress(to))
    }
}

#[tokio::main]
async fn main() -> Outcome {
    run(&examples::connect().await?).await
}

pub async fn run(client: &Client) -> Outcome {
    let queue = "standalone_activity";
    let id = format!("letter-{}", std::process::id());

    // Nobody runs it yet, so there is time to pause it.
    let letter = client
        .start_activity::<send_letter>("ada@example.com".to_owned())
        .id(&id)
        .task_queue(queue)
        .summary("the invitation")
        .await?;
    letter.pause().reason("the date may change").await?;
    letter.update_options().start_to_close_timeout(minutes(1)).await?;

    let worker = Worker::new(client, queue).activity::<send_letter>().start();
    assert_eq!(letter.describe().await?.status(), ActivityStatus::Paused);
    letter.unpause().await?;
    println!("{} characters on the envelope", letter.result().await?);
    assert_eq!(letter.describe().await?.status(), ActivityStatus::Completed);

    // As with workflows, the typed error is back.
    let lost = client
        .execute_activity::<send_letter>("nowhere".to_owned())
        .task_queue(queue)
        .await;
    match lost {
        Err(ExecuteActivityError::Result(ActivityResultError::Failed(failure))) => {
            let NoAddress(to) = failure.application().ok_or("another error was expected")?;
            println!("no letter to {to}");
        }
        other => return Err(format!("expected a failure, got {other:?}").into()),
    }
    Ok(worker.shutdown().await?)
}
