//! An activity that is completed from elsewhere: by a callback, a person, another process.

use examples::Outcome;
use steadfast::prelude::*;
use tokio::sync::mpsc;

struct Printer {
    /// Task tokens: whoever has one completes its activity, on any machine.
    jobs: mpsc::UnboundedSender<(String, Vec<u8>)>,
}

#[activities]
impl Printer {
    #[activity(start_to_close_timeout = "1h")]
    async fn print(&self, ctx: ActivityContext, page: String) -> Result<String, ActivityError> {
        self.jobs.send((page, ctx.info().task_token.to_vec()))?;
        Err(ActivityError::complete_async())
    }
}

#[derive(Default)]
struct Letter;

#[workflow]
impl Letter {
    #[run]
    async fn run(ctx: WorkflowContext<Self>, page: String) -> WorkflowResult<String> {
        Ok(ctx.activities::<Printer>().print(page).await?)
    }
}

#[tokio::main]
async fn main() -> Outcome {
    run(&examples::connect().await?).await
}

pub async fn run(client: &Client) -> Outcome {
    let (jobs, mut queue) = mpsc::unbounded_channel();
    let worker = Worker::new(client, "async_completion")
        .workflow::<Letter>()
        .activities(Printer { jobs })
        .start();
    let letter = client
        .start::<Letter>("Dear Ada".to_owned())
        .task_queue("async_completion")
        .await?;

    let (page, task_token) = queue.recv().await.ok_or("no job came")?;
    println!("printing \"{page}\"");
    let job = client.async_activity(task_token);
    job.heartbeat(&"half of it").await?;
    job.complete(&format!("{page}, on paper")).await?;

    let printed = letter.result().await?;
    println!("{printed}");
    assert_eq!(printed, "Dear Ada, on paper");
    Ok(worker.shutdown().await?)
}
