//! Updates: done at once, with an activity inside, rejected and then accepted, failed, several at a time.

use crate::{
    activities::{Activities, options},
    registry::Registry,
    scenario::Scenario,
};
use anyhow::{Result, ensure};
use std::time::Duration;
use temporalio_macros::{workflow, workflow_methods};
use temporalio_sdk::{
    ApplicationFailure, SyncWorkflowContext, WorkflowContext, WorkflowContextView, WorkflowResult, workflows::select,
};

type AnyError = Box<dyn std::error::Error + Send + Sync>;

/// A sum that updates add to; ends when it reaches the input.
#[workflow]
#[derive(Default)]
pub struct UpdateSum {
    sum: i64,
}

#[workflow_methods]
impl UpdateSum {
    #[run]
    pub async fn run(ctx: &mut WorkflowContext<Self>, target: i64) -> WorkflowResult<i64> {
        ctx.wait_condition(|state| state.sum >= target).await?;
        Ok(ctx.state(|state| state.sum))
    }

    /// Done at once.
    #[update]
    pub fn add(&mut self, _ctx: &mut SyncWorkflowContext<Self>, number: i64) -> Result<i64, AnyError> {
        if number > 1_000 {
            return Err(Box::new(ApplicationFailure::new(anyhow::anyhow!("too much"))));
        }
        self.sum += number;
        Ok(self.sum)
    }

    #[update_validator(add)]
    fn check_add(&self, _ctx: &WorkflowContextView, number: &i64) -> Result<(), AnyError> {
        if *number < 0 {
            Err("must not be negative".into())
        } else {
            Ok(())
        }
    }

    /// Asks an activity what to add, then takes a nap.
    #[update]
    pub async fn add_double(ctx: &mut WorkflowContext<Self>, number: u64) -> Result<i64, AnyError> {
        let doubled = ctx.execute_activity(Activities::double, number, options()).await?;
        ctx.timer(Duration::from_millis(30)).await;
        Ok(ctx.state_mut(|state| {
            state.sum += i64::try_from(doubled).unwrap_or_default();
            state.sum
        }))
    }

    /// Adds one.
    #[signal]
    pub fn bump(&mut self, _ctx: &mut SyncWorkflowContext<Self>) {
        self.sum += 1;
    }
}

/// Main routine, signals and updates all issue commands.
#[workflow]
#[derive(Default)]
pub struct UpdateAmid {
    open: bool,
    names: Vec<String>,
}

#[workflow_methods]
impl UpdateAmid {
    #[run]
    pub async fn run(ctx: &mut WorkflowContext<Self>) -> WorkflowResult<usize> {
        let mut rounds = 0;
        while !ctx.state(|state| state.open) {
            let mut timer = ctx.timer(Duration::from_millis(200));
            let pause = ctx.execute_activity(Activities::pause, 50u64, options());
            select! {
                _ = timer => {}
                _ = ctx.cancelled() => {}
            }
            pause.await?;
            rounds += 1;
        }
        ctx.wait_condition(|_| ctx.all_handlers_finished()).await?;
        Ok(rounds)
    }

    #[signal]
    pub async fn note(ctx: &mut WorkflowContext<Self>, name: String) {
        if let Ok(greeting) = ctx.execute_activity(Activities::greet, name, options()).await {
            ctx.state_mut(|state| state.names.push(greeting));
        }
    }

    #[update]
    pub async fn greet(ctx: &mut WorkflowContext<Self>, name: String) -> Result<usize, AnyError> {
        let greeting = ctx.execute_activity(Activities::greet, name, options()).await?;
        Ok(ctx.state_mut(|state| {
            state.names.push(greeting);
            state.names.len()
        }))
    }

    #[update]
    pub fn open(&mut self, _ctx: &mut SyncWorkflowContext<Self>) -> usize {
        self.open = true;
        self.names.len()
    }
}

fn register(registry: &mut Registry<'_>) -> Result<()> {
    registry.workflow::<UpdateSum>()?.workflow::<UpdateAmid>()?;
    Ok(())
}

pub const SCENARIOS: &[Scenario] = &[
    scenario!("update_at_once", register, |stage| {
        stage.worker(register).await?;
        let handle = stage.start(UpdateSum::run, 5).await?;
        ensure!(handle.execute_update(UpdateSum::add, 2, Default::default()).await? == 2);
        ensure!(handle.execute_update(UpdateSum::add, 3, Default::default()).await? == 5);
        ensure!(handle.get_result(Default::default()).await? == 5);
        stage.save(&handle).await?;
        stage.stop_worker().await
    }),
    scenario!("update_before_first_task", register, |stage| {
        let handle = stage.start(UpdateSum::run, 5).await?;
        let (sum, ready) = futures::join!(handle.execute_update(UpdateSum::add, 5, Default::default()), async {
            tokio::time::sleep(Duration::from_millis(300)).await;
            stage.worker(register).await
        });
        ready?;
        ensure!(sum? == 5);
        ensure!(handle.get_result(Default::default()).await? == 5);
        stage.save(&handle).await?;
        stage.stop_worker().await
    }),
    scenario!("update_with_activity", register, |stage| {
        stage.worker(register).await?;
        let handle = stage.start(UpdateSum::run, 8).await?;
        ensure!(
            handle
                .execute_update(UpdateSum::add_double, 1, Default::default())
                .await?
                == 2
        );
        ensure!(
            handle
                .execute_update(UpdateSum::add_double, 3, Default::default())
                .await?
                == 8
        );
        ensure!(handle.get_result(Default::default()).await? == 8);
        stage.save(&handle).await?;
        stage.stop_worker().await
    }),
    scenario!("update_rejected_then_accepted", register, |stage| {
        stage.worker(register).await?;
        let handle = stage.start(UpdateSum::run, 5).await?;
        stage.until(|events| events.len() >= 4).await?;
        ensure!(
            handle
                .execute_update(UpdateSum::add, -1, Default::default())
                .await
                .is_err()
        );
        handle.signal(UpdateSum::bump, (), Default::default()).await?;
        ensure!(
            handle
                .execute_update(UpdateSum::add, -1, Default::default())
                .await
                .is_err()
        );
        ensure!(handle.execute_update(UpdateSum::add, 4, Default::default()).await? == 5);
        ensure!(handle.get_result(Default::default()).await? == 5);
        stage.save(&handle).await?;
        stage.stop_worker().await
    }),
    scenario!("update_failed", register, |stage| {
        stage.worker(register).await?;
        let handle = stage.start(UpdateSum::run, 5).await?;
        ensure!(
            handle
                .execute_update(UpdateSum::add, 2_000, Default::default())
                .await
                .is_err()
        );
        ensure!(handle.execute_update(UpdateSum::add, 5, Default::default()).await? == 5);
        ensure!(handle.get_result(Default::default()).await? == 5);
        stage.save(&handle).await?;
        stage.stop_worker().await
    }),
    scenario!("update_several_at_once", register, |stage| {
        stage.worker(register).await?;
        let handle = stage.start(UpdateSum::run, 12).await?;
        stage.until(|events| events.len() >= 4).await?;
        let numbers = [1, 2, 3].map(|number| handle.execute_update(UpdateSum::add_double, number, Default::default()));
        for sum in futures::future::join_all(numbers).await {
            ensure!(sum? > 0);
        }
        ensure!(handle.get_result(Default::default()).await? == 12);
        stage.save(&handle).await?;
        stage.stop_worker().await
    }),
    scenario!("update_amid_everything", register, |stage| {
        stage.worker(register).await?;
        let handle = stage.start(UpdateAmid::run, ()).await?;
        for round in 0..6u64 {
            handle
                .signal(UpdateAmid::note, format!("note {round}"), Default::default())
                .await?;
            tokio::time::sleep(Duration::from_millis(20 * round)).await;
            handle
                .execute_update(UpdateAmid::greet, format!("update {round}"), Default::default())
                .await?;
        }
        handle.execute_update(UpdateAmid::open, (), Default::default()).await?;
        handle.get_result(Default::default()).await?;
        stage.save(&handle).await?;
        stage.stop_worker().await
    }),
    scenario!("update_after_eviction", register, |stage| {
        stage.worker(register).await?;
        let handle = stage.start(UpdateSum::run, 10).await?;
        ensure!(
            handle
                .execute_update(UpdateSum::add_double, 1, Default::default())
                .await?
                == 2
        );
        stage.stop_worker().await?;
        stage.worker(register).await?;
        ensure!(
            handle
                .execute_update(UpdateSum::add, -1, Default::default())
                .await
                .is_err()
        );
        ensure!(
            handle
                .execute_update(UpdateSum::add_double, 1, Default::default())
                .await?
                == 4
        );
        stage.stop_worker().await?;
        stage.worker(register).await?;
        ensure!(handle.execute_update(UpdateSum::add, 6, Default::default()).await? == 10);
        ensure!(handle.get_result(Default::default()).await? == 10);
        stage.save(&handle).await?;
        stage.stop_worker().await
    }),
];
