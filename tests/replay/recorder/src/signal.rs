//! Signals: before the first task, one by one, with handlers that await, side by side with activities.

use crate::{
    activities::{Activities, options},
    registry::Registry,
    scenario::Scenario,
};
use anyhow::{Result, ensure};
use std::{collections::VecDeque, time::Duration};
use temporalio_macros::{workflow, workflow_methods};
use temporalio_sdk::{SyncWorkflowContext, WorkflowContext, WorkflowResult};

/// Collects words until there are as many as the input says.
#[workflow]
#[derive(Default)]
pub struct SignalCollect {
    words: Vec<String>,
}

#[workflow_methods]
impl SignalCollect {
    #[run]
    pub async fn run(ctx: &mut WorkflowContext<Self>, count: usize) -> WorkflowResult<String> {
        ctx.wait_condition(|state| state.words.len() >= count).await?;
        Ok(ctx.state(|state| state.words.join(" ")))
    }

    #[signal]
    pub fn word(&mut self, _ctx: &mut SyncWorkflowContext<Self>, word: String) {
        self.words.push(word);
    }
}

/// The handler awaits an activity; the main routine waits for two greetings, and for a timer after each.
#[workflow]
#[derive(Default)]
pub struct SignalAsync {
    greetings: Vec<String>,
}

#[workflow_methods]
impl SignalAsync {
    #[run]
    pub async fn run(ctx: &mut WorkflowContext<Self>) -> WorkflowResult<String> {
        for seen in 1..=2 {
            ctx.wait_condition(|state| state.greetings.len() >= seen).await?;
            ctx.timer(Duration::from_millis(20)).await;
        }
        Ok(ctx.state(|state| state.greetings.join(" ")))
    }

    #[signal]
    pub async fn greet(ctx: &mut WorkflowContext<Self>, name: String) {
        if let Ok(greeting) = ctx.execute_activity(Activities::greet, name, options()).await {
            ctx.state_mut(|state| state.greetings.push(greeting));
        }
    }
}

/// Each signalled number is doubled by an activity, while further signals arrive; "end" ends it.
#[workflow]
#[derive(Default)]
pub struct SignalQueue {
    numbers: VecDeque<u64>,
    ended: bool,
}

#[workflow_methods]
impl SignalQueue {
    #[run]
    pub async fn run(ctx: &mut WorkflowContext<Self>) -> WorkflowResult<u64> {
        let mut sum = 0;
        loop {
            ctx.wait_condition(|state| state.ended || !state.numbers.is_empty())
                .await?;
            let Some(number) = ctx.state_mut(|state| state.numbers.pop_front()) else {
                return Ok(sum);
            };
            sum += ctx.execute_activity(Activities::double, number, options()).await?;
        }
    }

    #[signal]
    pub fn push(&mut self, _ctx: &mut SyncWorkflowContext<Self>, number: u64) {
        self.numbers.push_back(number);
    }

    #[signal]
    pub fn end(&mut self, _ctx: &mut SyncWorkflowContext<Self>) {
        self.ended = true;
    }
}

fn register(registry: &mut Registry<'_>) -> Result<()> {
    registry
        .workflow::<SignalCollect>()?
        .workflow::<SignalAsync>()?
        .workflow::<SignalQueue>()?;
    Ok(())
}

pub const SCENARIOS: &[Scenario] = &[
    scenario!("signal_before_first_task", register, |stage| {
        let handle = stage.start(SignalCollect::run, 3).await?;
        for word in ["one", "two", "three"] {
            handle
                .signal(SignalCollect::word, word.into(), Default::default())
                .await?;
        }
        stage.worker(register).await?;
        ensure!(handle.get_result(Default::default()).await? == "one two three");
        stage.save(&handle).await?;
        stage.stop_worker().await
    }),
    scenario!("signal_during", register, |stage| {
        stage.worker(register).await?;
        let handle = stage.start(SignalCollect::run, 5).await?;
        for (number, word) in ["one", "two", "three", "four", "five"].into_iter().enumerate() {
            stage.until(|events| events.len() >= 4 + number).await?;
            handle
                .signal(SignalCollect::word, word.into(), Default::default())
                .await?;
        }
        ensure!(handle.get_result(Default::default()).await? == "one two three four five");
        stage.save(&handle).await?;
        stage.stop_worker().await
    }),
    scenario!("signal_async_handler", register, |stage| {
        stage.worker(register).await?;
        let handle = stage.start(SignalAsync::run, ()).await?;
        handle
            .signal(SignalAsync::greet, "first".into(), Default::default())
            .await?;
        stage.until(|events| events.len() >= 12).await?;
        handle
            .signal(SignalAsync::greet, "second".into(), Default::default())
            .await?;
        ensure!(handle.get_result(Default::default()).await? == "Hello, first! Hello, second!");
        stage.save(&handle).await?;
        stage.stop_worker().await
    }),
    scenario!("signal_async_before_first_task", register, |stage| {
        let handle = stage.start(SignalAsync::run, ()).await?;
        for name in ["first", "second"] {
            handle
                .signal(SignalAsync::greet, name.into(), Default::default())
                .await?;
        }
        stage.worker(register).await?;
        let ended = handle.get_result(Default::default()).await?;
        ensure!(ended.contains("first") && ended.contains("second"));
        stage.save(&handle).await?;
        stage.stop_worker().await
    }),
    scenario!("signal_beside_activities", register, |stage| {
        stage.worker(register).await?;
        let handle = stage.start(SignalQueue::run, ()).await?;
        for number in 1..=20 {
            handle.signal(SignalQueue::push, number, Default::default()).await?;
            tokio::time::sleep(Duration::from_millis(number % 7)).await;
        }
        handle.signal(SignalQueue::end, (), Default::default()).await?;
        ensure!(handle.get_result(Default::default()).await? == 420);
        stage.save(&handle).await?;
        stage.stop_worker().await
    }),
];
