//! Signals: before the first task, one by one, with handlers that await, side by side with activities.

use crate::{
    activities::{double, greet},
    recorded::replays,
};
use std::collections::VecDeque;
use steadfast::prelude::*;
use tests::{Outcome, millis};

#[derive(Default)]
struct SignalCollect {
    words: Vec<String>,
}

#[workflow]
impl SignalCollect {
    #[run]
    async fn run(ctx: WorkflowContext<Self>, count: usize) -> WorkflowResult<String> {
        ctx.wait_condition(|state| state.words.len() >= count).await?;
        Ok(ctx.state(|state| state.words.join(" ")))
    }

    #[signal]
    fn word(&mut self, word: String) {
        self.words.push(word);
    }
}

#[test]
fn signals_before_the_first_task() -> Outcome {
    replays::<SignalCollect>("signal_before_first_task")
}

#[test]
fn signals_one_by_one() -> Outcome {
    replays::<SignalCollect>("signal_during")
}

#[derive(Default)]
struct SignalAsync {
    greetings: Vec<String>,
}

#[workflow]
impl SignalAsync {
    #[run]
    async fn run(ctx: WorkflowContext<Self>) -> WorkflowResult<String> {
        for seen in 1..=2 {
            ctx.wait_condition(|state| state.greetings.len() >= seen).await?;
            ctx.sleep(millis(20)).await?;
        }
        Ok(ctx.state(|state| state.greetings.join(" ")))
    }

    #[signal]
    async fn greet(ctx: WorkflowContext<Self>, name: String) {
        if let Ok(greeting) = ctx.activity::<greet>(name).await {
            ctx.state_mut(|state| state.greetings.push(greeting));
        }
    }
}

#[test]
fn handlers_that_await_an_activity() -> Outcome {
    replays::<SignalAsync>("signal_async_handler")
}

#[test]
fn handlers_that_await_come_before_the_main_routine() -> Outcome {
    replays::<SignalAsync>("signal_async_before_first_task")
}

#[derive(Default)]
struct SignalQueue {
    numbers: VecDeque<u64>,
    ended: bool,
}

#[workflow]
impl SignalQueue {
    #[run]
    async fn run(ctx: WorkflowContext<Self>) -> WorkflowResult<u64> {
        let mut sum = 0;
        loop {
            ctx.wait_condition(|state| state.ended || !state.numbers.is_empty())
                .await?;
            let Some(number) = ctx.state_mut(|state| state.numbers.pop_front()) else {
                return Ok(sum);
            };
            sum += ctx.activity::<double>(number).await?;
        }
    }

    #[signal]
    fn push(&mut self, number: u64) {
        self.numbers.push_back(number);
    }

    #[signal]
    fn end(&mut self) {
        self.ended = true;
    }
}

#[test]
fn signals_beside_activities() -> Outcome {
    replays::<SignalQueue>("signal_beside_activities")
}
