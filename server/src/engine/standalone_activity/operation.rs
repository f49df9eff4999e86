//! What clients and operators do to standalone activities.

use super::{
    super::{Engine, activity_operation::Begin, error::Result, run::Run, time, world::World},
    CancelRequest, SCHEDULED, refused, terminated,
};
use steadfast_proto::{common, enums::WorkflowExecutionStatus as Status, workflowservice::*};

impl Engine {
    fn with_activity<T>(
        &mut self,
        [namespace, activity_id, run_id]: [&str; 3],
        act: impl FnOnce(&mut Run, &mut World) -> Result<T>,
    ) -> Result<T> {
        let namespace = self.world.namespaces.find(namespace)?.key;
        let key = self.find_activity(namespace, activity_id, run_id)?;
        let Self { runs, world, .. } = self;
        act(runs.touch(key)?, world)
    }

    pub(crate) fn request_cancel_activity_execution(
        &mut self,
        request: RequestCancelActivityExecutionRequest,
    ) -> Result<RequestCancelActivityExecutionResponse> {
        let named = [request.namespace, request.activity_id, request.run_id];
        self.with_activity(named.each_ref().map(String::as_str), |run, world| {
            let cancel = CancelRequest {
                request_id: request.request_id,
                reason: request.reason,
                identity: request.identity,
            };
            run.cancel_standalone(world, cancel)
        })?;
        Ok(RequestCancelActivityExecutionResponse {})
    }

    pub(crate) fn terminate_activity_execution(
        &mut self,
        request: &TerminateActivityExecutionRequest,
    ) -> Result<TerminateActivityExecutionResponse> {
        let named = [request.namespace.as_str(), &request.activity_id, &request.run_id];
        self.with_activity(named, |run, world| {
            let status = run.status_name();
            let is_open = run.is_open();
            if let Some(standalone) = &mut run.standalone {
                match &standalone.terminated_by {
                    Some(by) if *by == request.request_id => return Ok(()),
                    Some(by) => return Err(refused(format!("already terminated with request ID {by}"))),
                    None if !is_open => return Err(refused(format!("invalid transition from {status}"))),
                    None => standalone.terminated_by = Some(request.request_id.clone()),
                }
            }
            run.stop_activity(
                world,
                Status::Terminated,
                terminated(&request.reason, &request.identity),
            );
            Ok(())
        })?;
        Ok(TerminateActivityExecutionResponse {})
    }

    pub(crate) fn delete_activity_execution(
        &mut self,
        request: &DeleteActivityExecutionRequest,
    ) -> Result<DeleteActivityExecutionResponse> {
        let namespace = self.world.namespaces.find(&request.namespace)?.key;
        let key = self.find_activity(namespace, &request.activity_id, &request.run_id)?;
        let Self { runs, world, .. } = self;
        let run = runs.touch(key)?;
        if run.is_open() {
            run.stop_activity(world, Status::Terminated, terminated("Delete activity execution", ""));
        }
        // Those who wait for its end hear of it.
        self.follow();
        self.remove(key);
        Ok(DeleteActivityExecutionResponse {})
    }

    pub(crate) fn pause_activity_execution(
        &mut self,
        request: PauseActivityExecutionRequest,
    ) -> Result<PauseActivityExecutionResponse> {
        if request.workflow_id.is_empty() {
            let named = [request.namespace.as_str(), &request.activity_id, &request.run_id];
            self.with_activity(named, |run, world| {
                if !run.is_open() || run.activity().is_none_or(|activity| activity.paused.is_some()) {
                    return Err(refused(format!(
                        "activity is in non-pausable state {}",
                        run.status_name()
                    )));
                }
                run.pause_activity(world, SCHEDULED, &request.identity, &request.reason);
                run.note_change();
                Ok(())
            })?;
            return Ok(PauseActivityExecutionResponse {});
        }
        self.pause_activity(PauseActivityRequest {
            namespace: request.namespace,
            execution: execution(request.workflow_id, request.run_id),
            identity: request.identity,
            reason: request.reason,
            activity: Some(pause_activity_request::Activity::Id(request.activity_id)),
            ..Default::default()
        })?;
        Ok(PauseActivityExecutionResponse {})
    }

    pub(crate) fn unpause_activity_execution(
        &mut self,
        request: UnpauseActivityExecutionRequest,
    ) -> Result<UnpauseActivityExecutionResponse> {
        if request.workflow_id.is_empty() {
            let named = [request.namespace.as_str(), &request.activity_id, &request.run_id];
            self.with_activity(named, |run, world| {
                if !run.is_open() || run.activity().is_none_or(|activity| activity.paused.is_none()) {
                    return Err(refused(format!(
                        "activity is in non-unpausable state {}",
                        run.status_name()
                    )));
                }
                let begin = Begin {
                    jitter: time::lasting(request.jitter.as_ref()),
                    ..Begin::default()
                };
                run.unpause_activity(world, SCHEDULED, begin);
                run.note_change();
                Ok(())
            })?;
            return Ok(UnpauseActivityExecutionResponse {});
        }
        self.unpause_activity(UnpauseActivityRequest {
            namespace: request.namespace,
            execution: execution(request.workflow_id, request.run_id),
            identity: request.identity,
            jitter: request.jitter,
            activity: Some(unpause_activity_request::Activity::Id(request.activity_id)),
            ..Default::default()
        })?;
        Ok(UnpauseActivityExecutionResponse {})
    }

    pub(crate) fn reset_activity_execution(
        &mut self,
        request: ResetActivityExecutionRequest,
    ) -> Result<ResetActivityExecutionResponse> {
        if request.workflow_id.is_empty() {
            let named = [request.namespace.as_str(), &request.activity_id, &request.run_id];
            self.with_activity(named, |run, world| {
                run.check_runs()?;
                let begin = Begin {
                    jitter: time::lasting(request.jitter.as_ref()),
                    heartbeat: request.reset_heartbeat,
                    keeps_paused: request.keep_paused,
                    restores: request.restore_original_options,
                    attempts: true,
                };
                run.note_change();
                run.reset_activity(world, SCHEDULED, begin)
            })?;
            return Ok(ResetActivityExecutionResponse {});
        }
        self.reset_activity(ResetActivityRequest {
            namespace: request.namespace,
            execution: execution(request.workflow_id, request.run_id),
            identity: request.identity,
            reset_heartbeat: request.reset_heartbeat,
            keep_paused: request.keep_paused,
            jitter: request.jitter,
            restore_original_options: request.restore_original_options,
            activity: Some(reset_activity_request::Activity::Id(request.activity_id)),
        })?;
        Ok(ResetActivityExecutionResponse {})
    }

    pub(crate) fn update_activity_execution_options(
        &mut self,
        request: UpdateActivityExecutionOptionsRequest,
    ) -> Result<UpdateActivityExecutionOptionsResponse> {
        let options = request.activity_options.clone().unwrap_or_default();
        let mask = request.update_mask.clone().unwrap_or_default();
        let activity_options = if request.workflow_id.is_empty() {
            let named = [request.namespace.as_str(), &request.activity_id, &request.run_id];
            self.with_activity(named, |run, world| {
                run.check_runs()?;
                run.note_change();
                run.update_activity(world, SCHEDULED, &options, &mask, request.restore_original)
            })?
        } else {
            let request = UpdateActivityOptionsRequest {
                namespace: request.namespace,
                execution: execution(request.workflow_id, request.run_id),
                identity: request.identity,
                activity_options: request.activity_options,
                update_mask: request.update_mask,
                restore_original: request.restore_original,
                activity: Some(update_activity_options_request::Activity::Id(request.activity_id)),
            };
            self.update_activity_options(request)?.activity_options
        };
        Ok(UpdateActivityExecutionOptionsResponse { activity_options })
    }
}

fn execution(workflow_id: String, run_id: String) -> Option<common::WorkflowExecution> {
    Some(common::WorkflowExecution { workflow_id, run_id })
}

impl Run {
    fn check_runs(&self) -> Result<()> {
        if self.is_open() {
            return Ok(());
        }
        Err(refused("activity execution is not running"))
    }

    /// The state, in a word.
    fn status_name(&self) -> String {
        let state = self.activity().map(super::super::describe::activity_state);
        match (self.is_open(), state) {
            (true, Some(state)) => steadfast_proto::capitals(state.as_str_name(), "PENDING_ACTIVITY_STATE_"),
            _ => steadfast_proto::capitals(self.activity_status().as_str_name(), "ACTIVITY_EXECUTION_STATUS_"),
        }
    }

    /// A worker that has the activity is asked to stop; without one it ends at once.
    fn cancel_standalone(&mut self, world: &mut World, cancel: CancelRequest) -> Result<()> {
        if !self.is_open() {
            let status = self.status_name();
            return Err(refused(format!("activity is in terminal state {status}")));
        }
        let Some(standalone) = &mut self.standalone else {
            return Ok(());
        };
        if let Some(earlier) = &standalone.cancel {
            if earlier.request_id == cancel.request_id {
                return Ok(());
            }
            return Err(refused(format!(
                "cancellation already requested with request ID {}",
                earlier.request_id
            )));
        }
        let reason = common::Payload::encoded("json/plain", format!("{:?}", cancel.reason));
        standalone.cancel = Some(cancel);
        match self.activities.get_mut(&SCHEDULED) {
            Some(activity) if activity.is_started() => {
                activity.cancel_requested_event_id = Some(SCHEDULED);
                self.note_change();
            }
            _ => {
                let failure = self.canceled(Some(vec![reason].into()));
                self.stop_activity(world, Status::Canceled, failure);
            }
        }
        Ok(())
    }
}
