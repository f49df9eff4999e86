//! A long run: waves of parallel activities, with a timer after each and signals meanwhile.

use crate::{
    activities::{Activities, options},
    registry::Registry,
    scenario::Scenario,
};
use anyhow::{Result, ensure};
use serde::{Deserialize, Serialize};
use std::time::Duration;
use temporalio_macros::{workflow, workflow_methods};
use temporalio_sdk::{SyncWorkflowContext, WorkflowContext, WorkflowResult, workflows::join_all};

#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
pub struct Waves {
    pub count: u64,
    pub width: u64,
}

#[workflow]
#[derive(Default)]
pub struct WaveRun {
    extra: u64,
}

#[workflow_methods]
impl WaveRun {
    #[run]
    pub async fn run(ctx: &mut WorkflowContext<Self>, waves: Waves) -> WorkflowResult<u64> {
        let mut sum = 0;
        for wave in 0..waves.count {
            let calls = (0..waves.width)
                .map(|number| ctx.execute_activity(Activities::double, wave * waves.width + number, options()));
            for result in join_all(calls).await {
                sum += result?;
            }
            ctx.timer(Duration::from_millis(1 + wave)).await;
        }
        Ok(sum + ctx.state(|state| state.extra))
    }

    #[signal]
    pub fn add(&mut self, _ctx: &mut SyncWorkflowContext<Self>, number: u64) {
        self.extra += number;
    }
}

fn register(registry: &mut Registry<'_>) -> Result<()> {
    registry.workflow::<WaveRun>()?;
    Ok(())
}

pub const SCENARIOS: &[Scenario] = &[
    scenario!("wave_run", register, |stage| {
        ensure!(stage.run(register, WaveRun::run, Waves { count: 10, width: 8 }).await? == Some(6_320));
        Ok(())
    }),
    scenario!("wave_run_with_signals", register, |stage| {
        stage.worker(register).await?;
        let handle = stage.start(WaveRun::run, Waves { count: 8, width: 8 }).await?;
        for number in 0..30 {
            handle.signal(WaveRun::add, number, Default::default()).await?;
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        handle.get_result(Default::default()).await?;
        stage.save(&handle).await?;
        stage.stop_worker().await
    }),
];
