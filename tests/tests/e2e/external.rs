//! Other workflows, from within a workflow.

use steadfast::{
    client::ResultError,
    error::{CancelWorkflowError, SignalWorkflowError},
    prelude::*,
    workflow::Untyped,
};
use tests::{Environment, Outcome, RunningWorker};

#[derive(Default)]
struct Listener {
    words: Vec<String>,
}

#[workflow]
impl Listener {
    #[run]
    async fn run(ctx: WorkflowContext<Self>) -> WorkflowResult<String> {
        ctx.wait_condition(|s| s.words.len() == 2).await?;
        Ok(ctx.state(|s| s.words.join(" ")))
    }

    #[signal]
    fn word(&mut self, word: String) {
        self.words.push(word);
    }
}

#[derive(Default)]
struct Speaker;

#[workflow]
impl Speaker {
    #[run]
    async fn run(ctx: WorkflowContext<Self>, case: String, id: String, run_id: String) -> WorkflowResult<String> {
        let listener: ExternalHandle<Listener> = ctx.external(id.as_str());
        match case.as_str() {
            "speaks" => {
                listener.word("hello".to_owned()).await?;
                let same = listener.with_run_id(run_id.as_str());
                assert_eq!((same.id(), same.run_id()), (id.as_str(), Some(run_id.as_str())));
                same.signal_untyped("word", ("there".to_owned(),)).await?;
                Ok("said".to_owned())
            }
            "cancels" => {
                listener.cancel("enough").await?;
                Ok("cancelled".to_owned())
            }
            _ => {
                let nobody: ExternalHandle<Untyped> = ctx.external_untyped(id);
                let signal = nobody.signal_untyped("word", ("?".to_owned(),)).await;
                assert!(matches!(signal, Err(SignalWorkflowError::NotFound)), "no signal");
                let cancel = nobody.cancel("enough").await;
                assert!(matches!(cancel, Err(CancelWorkflowError::NotFound)), "no cancellation");
                Ok("nobody".to_owned())
            }
        }
    }
}

#[tokio::test]
async fn another_workflow_is_signalled() -> Outcome {
    let environment = Environment::connect().await?;
    let _worker = RunningWorker::start(environment.worker().workflow::<Listener>().workflow::<Speaker>());
    let id = environment.name("listener");
    let listener = environment.start::<Listener>(()).id(id.clone()).await?;
    let run_id = listener.run_id().unwrap_or_default().to_owned();
    let speaker = environment.start::<Speaker>(("speaks".to_owned(), id, run_id)).await?;
    assert_eq!(speaker.result().await?, "said");
    assert_eq!(listener.result().await?, "hello there");
    environment.check_history("external_signal", &speaker).await
}

#[tokio::test]
async fn another_workflow_is_cancelled() -> Outcome {
    let environment = Environment::connect().await?;
    let _worker = RunningWorker::start(environment.worker().workflow::<Listener>().workflow::<Speaker>());
    let id = environment.name("listener");
    let listener = environment.start::<Listener>(()).id(id.clone()).await?;
    let input = ("cancels".to_owned(), id, String::new());
    let speaker = environment.start::<Speaker>(input).await?;
    assert_eq!(speaker.result().await?, "cancelled");
    let result = listener.result().await;
    assert!(matches!(result, Err(ResultError::Cancelled(_))), "{result:?}");
    environment.check_history("external_cancel", &speaker).await
}

#[tokio::test]
async fn nobody_is_found_by_an_unknown_id() -> Outcome {
    let environment = Environment::connect().await?;
    let _worker = RunningWorker::start(environment.worker().workflow::<Speaker>());
    let input = ("misses".to_owned(), environment.name("nobody"), String::new());
    let speaker = environment.start::<Speaker>(input).await?;
    assert_eq!(speaker.result().await?, "nobody");
    environment.check_history("external_missing", &speaker).await
}
