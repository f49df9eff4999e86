//! Other workflows, signalled and cancelled from within a workflow; and what those see.

use crate::{activities::greet, recorded::replays};
use steadfast::{
    error::{CancelWorkflowError, SignalWorkflowError},
    prelude::*,
};
use tests::Outcome;

#[derive(Default)]
struct ExternalTarget {
    words: Vec<String>,
}

#[workflow]
impl ExternalTarget {
    #[run]
    async fn run(ctx: WorkflowContext<Self>) -> WorkflowResult<String> {
        ctx.wait_condition(|state| state.words.len() >= 2).await?;
        Ok(ctx.state(|state| state.words.join(" ")))
    }

    #[signal]
    fn word(&mut self, word: String) {
        self.words.push(word);
    }
}

#[derive(Default)]
struct ExternalSignal;

#[workflow]
impl ExternalSignal {
    #[run]
    async fn run(ctx: WorkflowContext<Self>, target: String) -> WorkflowResult<String> {
        let other = ctx.external::<ExternalTarget>(target);
        let mut text = "found";
        for word in ["two", "words"] {
            match other.word(word.into()).await {
                Err(SignalWorkflowError::NotFound) => text = "missing",
                other => other?,
            }
        }
        Ok(ctx.activity::<greet>(text.to_owned()).await?)
    }
}

#[derive(Default)]
struct ExternalCancel;

#[workflow]
impl ExternalCancel {
    #[run]
    async fn run(ctx: WorkflowContext<Self>, target: String) -> WorkflowResult<String> {
        let text = match ctx.external::<ExternalTarget>(target).cancel("enough").await {
            Ok(()) => "found",
            Err(CancelWorkflowError::NotFound) => "missing",
            Err(error) => return Err(error.into()),
        };
        Ok(ctx.activity::<greet>(text.to_owned()).await?)
    }
}

#[test]
fn other_workflows_are_signalled_and_cancelled() -> Outcome {
    replays::<ExternalSignal>("external_signal")?;
    replays::<ExternalCancel>("external_cancel")
}

#[test]
fn other_workflows_are_missing() -> Outcome {
    replays::<ExternalSignal>("external_signal_missing")?;
    replays::<ExternalCancel>("external_cancel_missing")
}

#[test]
fn what_another_workflow_signals_and_cancels_replays() -> Outcome {
    replays::<ExternalTarget>("external_signal_target")?;
    replays::<ExternalTarget>("external_cancel_target")
}
