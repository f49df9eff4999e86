//! Starts that meet a run of the same workflow id.

use super::{
    Engine,
    error::{Code, Error, Result},
    run::{Run, RunKey},
    start::{Outcome, StartPlan},
    world::World,
};
use steadfast_proto::{
    common,
    enums::{
        EventType, WorkflowExecutionStatus as Status, WorkflowIdConflictPolicy as Conflict,
        WorkflowIdReusePolicy as Reuse,
    },
    errordetails,
    history::WorkflowExecutionOptionsUpdatedEventAttributes,
    workflow,
    workflowservice::StartWorkflowExecutionResponse,
};

impl Engine {
    /// There is a run of that id already. `None` if the start may go on.
    pub(super) fn meet(
        &mut self,
        key: RunKey,
        plan: &mut StartPlan,
        reuse: Reuse,
        conflict: Conflict,
        on_conflict: Option<workflow::OnConflictOptions>,
    ) -> Result<Option<Outcome>> {
        if on_conflict.is_some_and(|options| options.attach_completion_callbacks && !options.attach_request_id) {
            return Err(Error::invalid(
                "attaching request ID is required for attaching completion callbacks",
            ));
        }
        let Self { runs, world, .. } = self;
        let run = runs.touch(key)?;
        let same = |run: &Run, started: bool| {
            let response = StartWorkflowExecutionResponse {
                run_id: run.is.run_id.to_string(),
                first_execution_run_id: run.is.first_run_id.to_string(),
                started,
                status: run.status.into(),
                link: Some(run.link(1, EventType::WorkflowExecutionStarted)),
                ..Default::default()
            };
            Outcome {
                key,
                is_new: false,
                response,
            }
        };
        if plan.signal.is_none() && run.is.start_request_id == plan.request_id {
            return Ok(Some(same(run, true)));
        }
        if plan.signal.is_none() && run.request_ids.contains_key(&plan.request_id) {
            let mut outcome = same(run, false);
            outcome.response.link =
                Some(run.link_by_request(&plan.request_id, EventType::WorkflowExecutionOptionsUpdated));
            return Ok(Some(outcome));
        }
        let exists = |run: &Run, message: String| {
            Error::new(Code::AlreadyExists, message).with(&errordetails::WorkflowExecutionAlreadyStartedFailure {
                start_request_id: run.is.start_request_id.clone(),
                run_id: run.is.run_id.to_string(),
                first_execution_run_id: run.is.first_run_id.to_string(),
            })
        };
        if !run.is_open() {
            let failed = matches!(
                run.status,
                Status::Failed | Status::Canceled | Status::Terminated | Status::TimedOut
            );
            let refused = reuse == Reuse::RejectDuplicate || (reuse == Reuse::AllowDuplicateFailedOnly && !failed);
            if refused {
                return Err(exists(
                    run,
                    format!(
                        "Workflow execution already finished. WorkflowId: {}, RunId: {}. Workflow Id reuse policy: {}.",
                        run.is.workflow_id,
                        run.is.run_id,
                        if reuse == Reuse::RejectDuplicate {
                            "reject duplicate workflow Id"
                        } else {
                            "allow duplicate workflow Id if last run failed"
                        },
                    ),
                ));
            }
            return Ok(None);
        }
        match conflict {
            Conflict::UseExisting => {
                if let Some(signal) = plan.signal.take() {
                    run.check_signals(world)?;
                    run.receive_signal(world, signal, std::mem::take(&mut plan.links));
                } else if let Some(options) = on_conflict {
                    run.attach(world, plan, options);
                }
                let mut outcome = same(run, false);
                if on_conflict.is_some_and(|options| options.attach_request_id) {
                    outcome.response.link =
                        Some(run.link_by_request(&plan.request_id, EventType::WorkflowExecutionOptionsUpdated));
                }
                Ok(Some(outcome))
            }
            Conflict::TerminateExisting => {
                let details =
                    common::Payload::encoded("json/plain", format!("\"terminated by new runID: {}\"", plan.run_id));
                run.terminate(
                    world,
                    "TerminateIfRunning WorkflowIdReusePolicy",
                    Some(vec![details].into()),
                    "history-service",
                    Vec::new(),
                );
                Ok(None)
            }
            Conflict::Fail | Conflict::Unspecified => Err(exists(
                run,
                format!(
                    "Workflow execution is already running. WorkflowId: {}, RunId: {}.",
                    run.is.workflow_id, run.is.run_id
                ),
            )),
        }
    }
}

/// The policies in force: defaults filled in, the legacy one translated, contradictions refused.
pub(super) fn policies(reuse: Reuse, conflict: Conflict, is_signal: bool) -> Result<(Reuse, Conflict)> {
    if reuse == Reuse::TerminateIfRunning {
        if conflict != Conflict::Unspecified {
            return Err(Error::invalid(
                "Invalid WorkflowIDReusePolicy: WORKFLOW_ID_REUSE_POLICY_TERMINATE_IF_RUNNING cannot be used together with a WorkflowIDConflictPolicy",
            ));
        }
        return Ok((Reuse::AllowDuplicate, Conflict::TerminateExisting));
    }
    if reuse == Reuse::RejectDuplicate && conflict == Conflict::TerminateExisting {
        return Err(Error::invalid(
            "Invalid WorkflowIDReusePolicy: WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE cannot be used together with WorkflowIDConflictPolicy WORKFLOW_ID_CONFLICT_POLICY_TERMINATE_EXISTING",
        ));
    }
    if is_signal && conflict == Conflict::Fail {
        return Err(Error::invalid(
            "Invalid WorkflowIDConflictPolicy: WORKFLOW_ID_CONFLICT_POLICY_FAIL is not supported for this operation.",
        ));
    }
    let conflict = match conflict {
        Conflict::Unspecified if is_signal => Conflict::UseExisting,
        Conflict::Unspecified => Conflict::Fail,
        given => given,
    };
    Ok((
        if reuse == Reuse::Unspecified {
            Reuse::AllowDuplicate
        } else {
            reuse
        },
        conflict,
    ))
}

impl Run {
    /// A start met this run and leaves its request id, callbacks and links with it.
    fn attach(&mut self, world: &mut World, plan: &mut StartPlan, options: workflow::OnConflictOptions) {
        let attached_request_id = match options.attach_request_id {
            true => plan.request_id.clone(),
            false => String::new(),
        };
        let attached_completion_callbacks = match options.attach_completion_callbacks {
            true => std::mem::take(&mut plan.callbacks),
            false => Vec::new(),
        };
        let links = match options.attach_links {
            true => std::mem::take(&mut plan.links),
            false => Vec::new(),
        };
        if !options.attach_request_id && links.is_empty() {
            return;
        }
        self.add_callbacks(&attached_completion_callbacks, self.now(world));
        let mut event = self.event(
            world,
            WorkflowExecutionOptionsUpdatedEventAttributes {
                attached_request_id: attached_request_id.clone(),
                attached_completion_callbacks,
                identity: plan.identity.clone(),
                ..Default::default()
            },
        );
        event.worker_may_ignore = true;
        event.links = links;
        let event_id = self.happen_event(world, event);
        self.note_request(
            &attached_request_id,
            EventType::WorkflowExecutionOptionsUpdated,
            event_id,
        );
    }
}
