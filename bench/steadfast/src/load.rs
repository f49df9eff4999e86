//! The load: what the scenarios start, tell and wait for.

use crate::workflows::*;
use bench_harness::{Arguments, Outcome, Phase};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use std::time::Instant;
use steadfast::{
    client::{Schedule, ScheduleOverlapPolicy, ScheduleSpec},
    prelude::*,
};

/// Where and how much.
pub struct Load {
    client: Client,
    task_queue: String,
    /// How many of what the scenario is about.
    count: usize,
    /// How many at the same time, where the scenario has several.
    at_once: usize,
    warm_up: usize,
}

impl Load {
    pub fn new(client: Client, arguments: &Arguments) -> Outcome<Self> {
        Ok(Self {
            client,
            task_queue: arguments.text("tq", "bench"),
            count: arguments.number("n", 1_000)?,
            at_once: arguments.number("c", 100)?,
            warm_up: arguments.number("warm", 50)?,
        })
    }

    pub async fn run(&self, scenario: &str) -> Outcome {
        self.hellos("warm", self.warm_up, 20).await?;
        let count = u32::try_from(self.count)?;
        match scenario {
            "hello" => {
                let phase = Phase::begin("run")?;
                let latencies = self.hellos("hello", self.count, self.at_once).await?;
                phase.end(self.count, latencies)
            }
            "seq" => self.one::<Seq>(count).await,
            "fanout" => self.one::<Fanout>(count).await,
            "timers" => self.one::<Timers>(count).await,
            "local" => self.one::<LocalSeq>(count).await,
            "signals" => self.signals(count).await,
            "updates" => self.updates(count).await,
            "cached" => self.cached().await,
            "month" => self.months().await,
            "year" => self.year().await,
            other => Err(format!("there is no scenario \"{other}\"").into()),
        }
    }

    async fn hellos(&self, name: &'static str, count: usize, at_once: usize) -> Outcome<Vec<std::time::Duration>> {
        stream::iter(0..count)
            .map(|number| {
                let (client, task_queue) = (self.client.clone(), self.task_queue.clone());
                tokio::spawn(async move {
                    let begin = Instant::now();
                    let start = client.start::<Hello>("world".to_owned()).id(format!("{name}-{number}"));
                    start.task_queue(task_queue).await?.result().await?;
                    Outcome::Ok(begin.elapsed())
                })
            })
            .buffer_unordered(at_once)
            .map(|done| done?)
            .try_collect()
            .await
    }

    /// One workflow that does so many of something.
    async fn one<W>(&self, count: u32) -> Outcome
    where
        W: steadfast::workflow::Workflow<Input = u32, Output = u32> + 'static,
    {
        let phase = Phase::begin("run")?;
        let execution = self.client.execute::<W>(count).id("one");
        execution.task_queue(&self.task_queue).await?;
        phase.end(self.count, Vec::new())
    }

    /// Timers of thirty days, each in a workflow of its own; in virtual time.
    async fn months(&self) -> Outcome {
        let mut latencies = Vec::with_capacity(self.count);
        let phase = Phase::begin("run")?;
        for number in 0..self.count {
            let begin = Instant::now();
            let execution = self.client.execute::<Sleeps>(30).id(format!("month-{number}"));
            execution.task_queue(&self.task_queue).await?;
            latencies.push(begin.elapsed());
        }
        phase.end(self.count, latencies)
    }

    /// A schedule starts a workflow with an activity each hour, for a year of virtual time.
    async fn year(&self) -> Outcome {
        let hello = self.client.start::<Hello>("world".to_owned()).id("hourly");
        let schedule = Schedule::new(ScheduleSpec::every(hours(1)), hello.task_queue(&self.task_queue));
        let phase = Phase::begin("run")?;
        let schedule = schedule.overlap(ScheduleOverlapPolicy::BufferAll);
        let schedule = self.client.create_schedule("hours", schedule).await?;
        let year = self.client.execute::<Sleeps>(365).id("year");
        year.task_queue(&self.task_queue).await?;
        let started = usize::try_from(schedule.describe().await?.action_count())?;
        if started < 365 * 24 - 1 {
            return Err(format!("in a year of hours {started} workflows were started").into());
        }
        phase.end(started, Vec::new())
    }

    async fn signals(&self, count: u32) -> Outcome {
        let handle = self.client.start::<Signals>(count).id("signals");
        let handle = &handle.task_queue(&self.task_queue).await?;
        let phase = Phase::begin("run")?;
        let latencies = stream::iter(0..count)
            .map(|_| async move {
                let begin = Instant::now();
                handle.inc(1).await?;
                Outcome::Ok(begin.elapsed())
            })
            .buffer_unordered(self.at_once)
            .try_collect()
            .await?;
        handle.result().await?;
        phase.end(self.count, latencies)
    }

    async fn updates(&self, count: u32) -> Outcome {
        let handle = self.client.start::<Updates>(count).id("updates");
        let handle = handle.task_queue(&self.task_queue).await?;
        let mut latencies = Vec::with_capacity(self.count);
        let phase = Phase::begin("run")?;
        for _ in 0..count {
            let begin = Instant::now();
            handle.add(1).await?;
            latencies.push(begin.elapsed());
        }
        handle.result().await?;
        phase.end(self.count, latencies)
    }

    /// So many workflows wait in the cache, and are then let go.
    async fn cached(&self) -> Outcome {
        let phase = Phase::begin("fill")?;
        let handles: Vec<_> = stream::iter(0..self.count)
            .map(|number| {
                let (client, task_queue) = (self.client.clone(), self.task_queue.clone());
                tokio::spawn(async move {
                    let start = client.start::<WaitSig>(()).id(format!("waiting-{number}"));
                    Outcome::Ok(start.task_queue(task_queue).await?)
                })
            })
            .buffer_unordered(self.at_once)
            .map(|done| done?)
            .try_collect()
            .await?;
        // The last ones' first tasks are done last.
        for handle in handles.iter().rev() {
            while handle.describe().await?.history_length() < 4 {
                tokio::task::yield_now().await;
            }
        }
        phase.end(self.count, Vec::new())?;
        let phase = Phase::begin("drain")?;
        stream::iter(handles)
            .map(|handle| {
                tokio::spawn(async move {
                    handle.go().await?;
                    Outcome::Ok(handle.result().await?)
                })
            })
            .buffer_unordered(self.at_once)
            .map(|done| done?)
            .try_for_each(|()| async { Ok(()) })
            .await?;
        phase.end(self.count, Vec::new())
    }
}
