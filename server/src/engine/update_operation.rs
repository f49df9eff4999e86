//! What clients ask of updates: to make one, to wait for one.

use super::{
    Engine,
    error::{Code, Error, Result},
    limits,
    request::{Handled, expiry},
    run::RunKey,
    start::check_blob,
    update::reached,
    waiter::{StartedBefore, Wait},
};
use std::time::Duration;
use steadfast_proto::{
    common, enums::UpdateWorkflowExecutionLifecycleStage as Stage, errordetails, update, workflowservice::*,
};

/// An update request that is in order: which stage its caller waits for, and the request with an id.
pub(crate) struct Checked {
    pub(crate) execution: common::WorkflowExecution,
    pub(crate) stage: Stage,
    pub(crate) id: String,
    pub(crate) request: update::Request,
    pub(crate) first_run_id: String,
}

impl Engine {
    pub(crate) fn check_update(&mut self, request: UpdateWorkflowExecutionRequest) -> Result<Checked> {
        let Some(mut update) = request.request else {
            return Err(Error::invalid("Update meta is not set on request."));
        };
        check_blob(&self.world, update.input.as_ref())?;
        if update.input.as_ref().is_none_or(|input| input.name.is_empty()) {
            return Err(Error::invalid("Update name is not set on request."));
        }
        let waited = request
            .wait_policy
            .map_or(Stage::Unspecified, |policy| policy.lifecycle_stage());
        let stage = match waited {
            Stage::Unspecified | Stage::Accepted => Stage::Accepted,
            Stage::Completed => Stage::Completed,
            Stage::Admitted => {
                return Err(Error::new(
                    Code::PermissionDenied,
                    "UpdateWorkflowExecution issued asynchronously and waiting on update admitted is not supported.",
                )
                .with(&errordetails::PermissionDeniedFailure::default()));
            }
        };
        let meta = update.meta.get_or_insert_default();
        if meta.update_id.is_empty() {
            meta.update_id = self.world.ids.random().to_string();
        }
        let id = meta.update_id.clone();
        if id.len() > limits::NAME_BYTES_MAX {
            return Err(Error::invalid("UpdateID length exceeds limit."));
        }
        let execution = request.workflow_execution.unwrap_or_default();
        Ok(Checked {
            execution,
            stage,
            id,
            request: update,
            first_run_id: request.first_execution_run_id,
        })
    }

    pub(crate) fn update_workflow(
        &mut self,
        request: UpdateWorkflowExecutionRequest,
        patience: Option<Duration>,
    ) -> Result<Handled> {
        let namespace = self.world.namespaces.find(&request.namespace)?.key;
        let checked = self.check_update(request)?;
        let key = self.find(namespace, &checked.execution)?;
        self.update_run(key, checked, patience, None)
    }

    /// Updates a run that is there.
    pub(crate) fn update_run(
        &mut self,
        key: RunKey,
        checked: Checked,
        patience: Option<Duration>,
        started: Option<Box<StartedBefore>>,
    ) -> Result<Handled> {
        let Checked {
            stage,
            id,
            request,
            first_run_id,
            ..
        } = checked;
        let Self { runs, world, .. } = self;
        let run = runs.touch(key)?;
        if !first_run_id.is_empty() && first_run_id != run.is.first_run_id.to_string() {
            return Err(Error::not_found("workflow execution not found"));
        }
        if run.updates.get(&id).is_none() {
            if !run.is_open() {
                return Err(Error::completed());
            }
            if run.is_paused() {
                return Err(Error::new(
                    Code::FailedPrecondition,
                    "Workflow is paused. Cannot update the workflow.",
                ));
            }
            if run.next_attempt >= limits::FAIL_FAST_ATTEMPT {
                return Err(Error::not_ready(
                    "Unable to perform workflow execution update due to Workflow Task in failed state.",
                ));
            }
            run.updates.admit(&world.limits, &id, request)?;
            run.want_speculative_task(world);
        }
        Ok(self.wait_for_update(key, &id, stage, patience, false, started))
    }

    fn wait_for_update(
        &mut self,
        key: RunKey,
        id: &str,
        stage: Stage,
        patience: Option<Duration>,
        is_poll: bool,
        started: Option<Box<StartedBefore>>,
    ) -> Handled {
        let expires = expiry(self.world.real, patience, limits::LONG_POLL_MAX);
        let Ok(run) = self.runs.touch(key) else {
            let wait = Wait::Update {
                run: key,
                update_id: id.to_owned(),
                stage,
                is_poll,
                started,
            };
            return Handled::Wait(self.world.waiters.add(wait, expires));
        };
        let (now, ..) = run.updates.stage(id);
        if reached(now, stage) {
            return Handled::Reply(run.update_reply(id, is_poll, started));
        }
        let wait = Wait::Update {
            run: key,
            update_id: id.to_owned(),
            stage,
            is_poll,
            started,
        };
        let waiter = self.world.waiters.add(wait, expires);
        run.updates.join(id, waiter);
        Handled::Wait(waiter)
    }

    pub(crate) fn poll_update(
        &mut self,
        request: PollWorkflowExecutionUpdateRequest,
        patience: Option<Duration>,
    ) -> Result<Handled> {
        let namespace = self.world.namespaces.find(&request.namespace)?.key;
        let Some(update_ref) = request.update_ref else {
            return Err(Error::invalid("UpdateRef is not set on request."));
        };
        let key = self.find(namespace, &update_ref.workflow_execution.unwrap_or_default())?;
        let id = update_ref.update_id;
        if self.runs.touch(key)?.updates.get(&id).is_none() {
            return Err(Error::not_found(format!("update {id:?} not found")));
        }
        let stage = request
            .wait_policy
            .map_or(Stage::Unspecified, |policy| policy.lifecycle_stage());
        Ok(self.wait_for_update(key, &id, stage, patience, true, None))
    }
}
