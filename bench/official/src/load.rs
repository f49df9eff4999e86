//! The load: what the scenarios start, tell and wait for.

use crate::workflows::*;
use bench_harness::{Arguments, Outcome, Phase};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use std::time::{Duration, Instant};
use temporalio_client::{
    Client, WorkflowExecuteUpdateOptions, WorkflowGetResultOptions, WorkflowSignalOptions, WorkflowStartOptions,
};

/// Where and how much.
pub(crate) struct Load {
    client: Client,
    task_queue: String,
    /// How many of what the scenario is about.
    count: usize,
    /// How many at the same time, where the scenario has several.
    at_once: usize,
    warm_up: usize,
}

/// One workflow that does so many of something.
macro_rules! one {
    ($load:ident, $workflow:ident) => {{
        let count = u32::try_from($load.count)?;
        let phase = Phase::begin("run")?;
        let start = $load.client.start_workflow($workflow::run, count, $load.options("one"));
        start.await?.get_result(WorkflowGetResultOptions::default()).await?;
        phase.end($load.count, Vec::new())
    }};
}

impl Load {
    pub(crate) fn new(client: Client, arguments: &Arguments) -> Outcome<Self> {
        Ok(Self {
            client,
            task_queue: arguments.text("tq", "bench"),
            count: arguments.number("n", 1_000)?,
            at_once: arguments.number("c", 100)?,
            warm_up: arguments.number("warm", 50)?,
        })
    }

    pub(crate) async fn run(&self, scenario: &str) -> Outcome {
        self.hellos("warm", self.warm_up, 20).await?;
        match scenario {
            "hello" => {
                let phase = Phase::begin("run")?;
                let latencies = self.hellos("hello", self.count, self.at_once).await?;
                phase.end(self.count, latencies)
            }
            "seq" => one!(self, Seq),
            "fanout" => one!(self, Fanout),
            "timers" => one!(self, Timers),
            "local" => one!(self, LocalSeq),
            "signals" => self.signals().await,
            "updates" => self.updates().await,
            "cached" => self.cached().await,
            other => Err(format!("there is no scenario \"{other}\"").into()),
        }
    }

    fn options(&self, id: impl Into<String>) -> WorkflowStartOptions {
        WorkflowStartOptions::new(self.task_queue.clone(), id.into()).build()
    }

    async fn hellos(&self, name: &'static str, count: usize, at_once: usize) -> Outcome<Vec<Duration>> {
        stream::iter(0..count)
            .map(|number| {
                let (client, options) = (self.client.clone(), self.options(format!("{name}-{number}")));
                tokio::spawn(async move {
                    let begin = Instant::now();
                    let handle = client.start_workflow(Hello::run, "world".to_owned(), options).await?;
                    handle.get_result(WorkflowGetResultOptions::default()).await?;
                    Outcome::Ok(begin.elapsed())
                })
            })
            .buffer_unordered(at_once)
            .map(|done| done?)
            .try_collect()
            .await
    }

    async fn signals(&self) -> Outcome {
        let count = u32::try_from(self.count)?;
        let start = self.client.start_workflow(Signals::run, count, self.options("signals"));
        let handle = &start.await?;
        let phase = Phase::begin("run")?;
        let latencies = stream::iter(0..count)
            .map(|_| async move {
                let begin = Instant::now();
                let options = WorkflowSignalOptions::default();
                handle.signal(Signals::inc, 1_u32, options).await?;
                Outcome::Ok(begin.elapsed())
            })
            .buffer_unordered(self.at_once)
            .try_collect()
            .await?;
        handle.get_result(WorkflowGetResultOptions::default()).await?;
        phase.end(self.count, latencies)
    }

    async fn updates(&self) -> Outcome {
        let count = u32::try_from(self.count)?;
        let start = self.client.start_workflow(Updates::run, count, self.options("updates"));
        let handle = start.await?;
        let mut latencies = Vec::with_capacity(self.count);
        let phase = Phase::begin("run")?;
        for _ in 0..count {
            let begin = Instant::now();
            let options = WorkflowExecuteUpdateOptions::default();
            handle.execute_update(Updates::add, 1_u32, options).await?;
            latencies.push(begin.elapsed());
        }
        handle.get_result(WorkflowGetResultOptions::default()).await?;
        phase.end(self.count, latencies)
    }

    /// So many workflows wait in the cache, and are then let go.
    async fn cached(&self) -> Outcome {
        let phase = Phase::begin("fill")?;
        let handles: Vec<_> = stream::iter(0..self.count)
            .map(|number| {
                let (client, options) = (self.client.clone(), self.options(format!("waiting-{number}")));
                tokio::spawn(async move { Outcome::Ok(client.start_workflow(WaitSig::run, (), options).await?) })
            })
            .buffer_unordered(self.at_once)
            .map(|done| done?)
            .try_collect()
            .await?;
        // The last ones' first tasks are done last.
        for handle in handles.iter().rev() {
            while handle.describe(Default::default()).await?.history_length() < 4 {
                tokio::task::yield_now().await;
            }
        }
        phase.end(self.count, Vec::new())?;
        let phase = Phase::begin("drain")?;
        stream::iter(handles)
            .map(|handle| {
                tokio::spawn(async move {
                    handle.signal(WaitSig::go, (), WorkflowSignalOptions::default()).await?;
                    Outcome::Ok(handle.get_result(WorkflowGetResultOptions::default()).await?)
                })
            })
            .buffer_unordered(self.at_once)
            .map(|done| done?)
            .try_for_each(|()| async { Ok(()) })
            .await?;
        phase.end(self.count, Vec::new())
    }
}
