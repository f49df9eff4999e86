//! Messages: signals tell, queries ask, updates do both, and a validator refuses an update before it leaves a trace.

use examples::Outcome;
use steadfast::{client::UpdateCallError, prelude::*};

#[activity(start_to_close_timeout = "5s")]
async fn translate(word: String) -> Result<String, ActivityError> {
    Ok(word.chars().rev().collect())
}

#[derive(Default)]
struct Dictionary {
    words: Vec<String>,
    closed: bool,
}

#[workflow]
impl Dictionary {
    #[run]
    async fn run(ctx: WorkflowContext<Self>) -> WorkflowResult<usize> {
        ctx.wait_condition(|s| s.closed).await?;
        ctx.all_handlers_finished().await?;
        Ok(ctx.state(|s| s.words.len()))
    }

    #[signal]
    fn close(&mut self) {
        self.closed = true;
    }

    /// Queries take `&self`: they change nothing, and work on closed workflows, too.
    #[query]
    fn words(&self, beginning: String) -> Vec<String> {
        let words = self.words.iter();
        words.filter(|word| word.starts_with(&beginning)).cloned().collect()
    }

    /// An update that is done at once.
    #[update]
    fn add(&mut self, word: String) -> usize {
        self.words.push(word);
        self.words.len()
    }

    #[validator(add)]
    fn check_add(&self, word: &String) -> Result<(), Rejection> {
        if self.words.contains(word) {
            return Err(format!("{word} is there already").into());
        }
        Ok(())
    }

    /// An update that takes a while: it is a small workflow of its own.
    #[update]
    async fn add_translated(ctx: WorkflowContext<Self>, word: String) -> Result<String, UpdateError> {
        let translated = ctx.activity::<translate>(word).await?;
        ctx.state_mut(|s| s.words.push(translated.clone()));
        Ok(translated)
    }
}

#[tokio::main]
async fn main() -> Outcome {
    run(&examples::connect().await?).await
}

pub async fn run(client: &Client) -> Outcome {
    let worker = Worker::new(client, "messages")
        .workflow::<Dictionary>()
        .activity::<translate>()
        .start();
    let dictionary = client.start::<Dictionary>(()).task_queue("messages").await?;
    assert_eq!(dictionary.add("tea".to_owned()).await?, 1);
    match dictionary.add("tea".to_owned()).await {
        Err(UpdateCallError::Failed(rejection)) => println!("{}", rejection.message()),
        other => return Err(format!("expected a rejection, got {other:?}").into()),
    }
    let update = dictionary.add_translated("top".to_owned()).start().await?; // accepted, not yet done
    println!("{} is on its way", update.id());
    assert_eq!(update.result().await?, "pot");
    println!("{:?}", dictionary.words("t".to_owned()).await?);
    dictionary.close().await?;
    assert_eq!(dictionary.result().await?, 2);
    assert_eq!(dictionary.words(String::new()).await?, ["tea", "pot"]);
    Ok(worker.shutdown().await?)
}
