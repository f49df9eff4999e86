//! A scenario: workflows, what is done to them, and the files that come of it.

use crate::{
    registry::{Register, Registry},
    stage::{Saved, Stage},
};
use anyhow::{Context, Result};
use futures::future::LocalBoxFuture;
use std::{collections::BTreeMap, path::Path, time::Duration};
use temporalio_client::WorkflowHistory;
use temporalio_common::protos::temporal::api::history::v1::History;
use temporalio_sdk::workflow_replayer::{WorkflowReplayer, WorkflowReplayerOptions};

/// A scenario: plays on a stage, leaves one or more histories.
pub struct Scenario {
    /// Its name.
    pub name: &'static str,
    /// The files it saves, each with the workflows that must replay it; a file may be named several times.
    pub files: &'static [(&'static str, Register)],
    /// Plays it.
    pub play: Play,
}

/// Plays a scenario.
pub type Play = fn(Stage) -> LocalBoxFuture<'static, Result<()>>;

/// A scenario; with one file, which bears its name, if none is named.
macro_rules! scenario {
    ($name:literal, [$($file:expr),+], |$stage:ident| $play:expr) => {
        $crate::scenario::Scenario {
            name: $name,
            files: &[$($file),+],
            play: |#[allow(unused_mut)] mut $stage| Box::pin(async move { $play }),
        }
    };
    ($name:literal, $register:expr, |$stage:ident| $play:expr) => {
        scenario!($name, [($name, $register)], |$stage| $play)
    };
}

/// No scenario takes longer, unless it is stuck.
const LONGEST: Duration = Duration::from_secs(60);

impl Scenario {
    /// Plays, saves, and replays what was saved with the official replayer.
    pub async fn record(&self, address: &str, into: &Path) -> Result<String> {
        let saved = Saved::default();
        let stage = Stage::new(self.name, address, into, saved.clone()).await?;
        tokio::time::timeout(LONGEST, (self.play)(stage))
            .await
            .context("it takes too long")??;
        let mut report = BTreeMap::new();
        for (file, register) in self.files {
            let history = saved.get(file).with_context(|| format!("{file} was not saved"))?;
            report.insert(file, history.events.len());
            replay(history, *register)
                .await
                .with_context(|| format!("{file} doesn't replay"))?;
        }
        let report: Vec<_> = report
            .iter()
            .map(|(file, events)| format!("{file}: {events} events"))
            .collect();
        Ok(report.join(", "))
    }
}

async fn replay(history: History, register: Register) -> Result<()> {
    let mut options = WorkflowReplayerOptions::new().build();
    register(&mut Registry::Replayer(&mut options))?;
    Ok(WorkflowReplayer::new(options)?
        .replay_workflow(WorkflowHistory::from(history))
        .await?)
}
