//! What workflows and activities log.

use std::{
    io,
    sync::{Arc, Mutex},
};
use steadfast::prelude::*;
use tests::{Environment, Outcome, RunningWorker, millis};
use tracing_subscriber::fmt::MakeWriter;

/// Where the lines of one test go. All of a test runs on one thread, so the subscriber of that thread has them all.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl io::Write for Lines {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

impl Lines {
    fn listen(&self) -> tracing::subscriber::DefaultGuard {
        let subscriber = tracing_subscriber::fmt()
            .with_writer(self.clone())
            .with_ansi(false)
            .without_time()
            .finish();
        tracing::subscriber::set_default(subscriber)
    }

    /// The lines that say this.
    fn with(&self, text: &str) -> Vec<String> {
        let lines = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
        lines
            .lines()
            .filter(|line| line.contains(text))
            .map(str::to_owned)
            .collect()
    }
}

#[activity(start_to_close_timeout = "10s")]
async fn wash(dish: String) -> Result<(), ActivityError> {
    tracing::info!(dish, "washes");
    Ok(())
}

#[derive(Default)]
struct Dishes {
    more: Vec<String>,
}

#[workflow]
impl Dishes {
    #[run]
    async fn run(ctx: WorkflowContext<Self>) -> WorkflowResult<()> {
        tracing::info!("begins");
        ctx.activity::<wash>("a plate".to_owned()).await?;
        tracing::info!("goes on");
        ctx.wait_condition(|s| !s.more.is_empty()).await?;
        ctx.sleep(millis(10)).await?;
        tracing::info!("ends");
        Ok(())
    }

    #[signal]
    fn add(&mut self, dish: String) {
        tracing::info!(dish, "is told");
        self.more.push(dish);
    }

    #[query]
    fn count(&self) -> usize {
        tracing::info!("is asked");
        self.more.len()
    }
}

#[tokio::test]
async fn a_workflow_logs_each_line_once_though_its_code_is_replayed_and_says_who_it_is() -> Outcome {
    let (environment, lines) = (Environment::connect().await?, Lines::default());
    let _listening = lines.listen();
    // Nothing stays in memory: each task replays the workflow from the start.
    let worker = environment.worker().max_cached_workflows(0);
    let _worker = RunningWorker::start(worker.workflow::<Dishes>().activity::<wash>());
    let dishes = environment.start::<Dishes>(()).await?;
    assert_eq!(dishes.count().await?, 0);
    dishes.add("a cup".to_owned()).await?;
    dishes.result().await?;
    let (id, run_id) = (dishes.id().to_owned(), dishes.run_id().unwrap_or_default().to_owned());
    for line in ["begins", "goes on", "is told", "is asked", "ends"] {
        let said = lines.with(line);
        assert_eq!(said.len(), 1, "{line}: {said:?}");
        for part in [
            "workflow{namespace=\"default\"".to_owned(),
            format!("task_queue={:?}", environment.queue()),
            "workflow_type=\"Dishes\"".to_owned(),
            format!("workflow_id={id:?}"),
            format!("run_id={run_id:?}"),
        ] {
            assert!(said[0].contains(&part), "{part} is not in {}", said[0]);
        }
    }
    Ok(())
}

#[derive(Default)]
struct Sink;

#[workflow]
impl Sink {
    #[run]
    async fn run(ctx: WorkflowContext<Self>) -> WorkflowResult<()> {
        ctx.activity::<wash>("a plate".to_owned()).await?;
        ctx.local_activity::<wash>("a spoon".to_owned())
            .start_to_close_timeout(secs(5))
            .await?;
        Ok(())
    }
}

#[tokio::test]
async fn what_an_activity_logs_says_which_one_it_is() -> Outcome {
    let (environment, lines) = (Environment::connect().await?, Lines::default());
    let _listening = lines.listen();
    let _worker = RunningWorker::start(environment.worker().workflow::<Sink>().activity::<wash>());
    let sink = environment.start::<Sink>(()).await?;
    sink.result().await?;
    for dish in ["a plate", "a spoon"] {
        let said = lines.with(&format!("washes dish={dish:?}"));
        assert_eq!(said.len(), 1, "{said:?}");
        for part in [
            "activity{namespace=\"default\"".to_owned(),
            format!("task_queue={:?}", environment.queue()),
            "activity_type=\"wash\"".to_owned(),
            "attempt=1".to_owned(),
            "workflow_type=\"Sink\"".to_owned(),
            format!("workflow_id={:?}", sink.id()),
        ] {
            assert!(said[0].contains(&part), "{part} is not in {}", said[0]);
        }
    }
    Ok(())
}

#[derive(Default)]
struct Hasty {
    is_told: bool,
}

#[workflow]
impl Hasty {
    #[run]
    async fn run(ctx: WorkflowContext<Self>) -> WorkflowResult<()> {
        ctx.wait_condition(|s| s.is_told).await?;
        Ok(())
    }

    #[signal]
    async fn lingers(ctx: WorkflowContext<Self>) {
        let _ = ctx.sleep(hours(1)).await;
    }

    #[signal(unfinished = "abandon")]
    async fn may_linger(ctx: WorkflowContext<Self>) {
        let _ = ctx.sleep(hours(1)).await;
    }

    #[update]
    async fn ponders(ctx: WorkflowContext<Self>) -> Result<(), UpdateError> {
        Ok(ctx.sleep(hours(1)).await?)
    }

    #[update(unfinished = "abandon")]
    async fn may_ponder(ctx: WorkflowContext<Self>) -> Result<(), UpdateError> {
        Ok(ctx.sleep(hours(1)).await?)
    }

    #[signal]
    fn end(&mut self) {
        self.is_told = true;
    }
}

#[tokio::test]
async fn handlers_that_a_workflow_leaves_behind_are_named_but_for_those_that_it_may() -> Outcome {
    let (environment, lines) = (Environment::connect().await?, Lines::default());
    let _listening = lines.listen();
    let _worker = RunningWorker::start(environment.worker().workflow::<Hasty>());
    let hasty = environment.start::<Hasty>(()).await?;
    hasty.lingers().await?;
    hasty.may_linger().await?;
    hasty.ponders().id("1").start().await?;
    hasty.may_ponder().id("2").start().await?;
    hasty.end().await?;
    hasty.result().await?;
    let said = lines.with("TMPRL1102");
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(
        said[0].contains("ended before its handlers did: signal lingers, update ponders (1)."),
        "{}",
        said[0]
    );
    Ok(())
}
