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
        if plan.signal.is_none() && run.is.start_request_id == plan.request_id {
            return Ok(Some(run.met(true, None)));
        }
        if plan.signal.is_none() && run.request_ids.contains_key(&plan.request_id) {
            return Ok(Some(run.met(false, Some(&plan.request_id))));
        }
        if !run.is_open() {
            return run.allows_another(reuse).map(|()| None);
        }
        match conflict {
            Conflict::UseExisting => {
                if let Some(signal) = plan.signal.take() {
                    run.check_signals(world)?;
                    run.receive_signal(world, signal, std::mem::take(&mut plan.links));
                } else if let Some(options) = on_conflict {
                    run.attach(world, plan, options);
                }
                let is_attached = on_conflict.is_some_and(|options| options.attach_request_id);
                Ok(Some(run.met(false, is_attached.then_some(&plan.request_id))))
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
            Conflict::Fail | Conflict::Unspecified => Err(run.exists(format!(
                "Workflow execution is already running. WorkflowId: {}, RunId: {}.",
                run.is.workflow_id, run.is.run_id
            ))),
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
    /// The answer to a start that met this run: its own, or another one, which may have left its request id.
    fn met(&self, started: bool, attached: Option<&String>) -> Outcome {
        let link = match attached {
            Some(request_id) => self.link_by_request(request_id, EventType::WorkflowExecutionOptionsUpdated),
            None => self.link(1, EventType::WorkflowExecutionStarted),
        };
        Outcome {
            key: self.is.key,
            is_new: false,
            response: StartWorkflowExecutionResponse {
                run_id: self.is.run_id.to_string(),
                first_execution_run_id: self.is.first_run_id.to_string(),
                started,
                status: self.status.into(),
                link: Some(link),
                ..Default::default()
            },
        }
    }

    fn exists(&self, message: String) -> Error {
        Error::new(Code::AlreadyExists, message).with(&errordetails::WorkflowExecutionAlreadyStartedFailure {
            start_request_id: self.is.start_request_id.clone(),
            run_id: self.is.run_id.to_string(),
            first_execution_run_id: self.is.first_run_id.to_string(),
        })
    }

    /// Whether the id of this closed run may be used once more.
    fn allows_another(&self, reuse: Reuse) -> Result<()> {
        let failed = matches!(
            self.status,
            Status::Failed | Status::Canceled | Status::Terminated | Status::TimedOut
        );
        let (how, policy) = match reuse {
            Reuse::RejectDuplicate => ("", "reject duplicate workflow Id"),
            Reuse::AllowDuplicateFailedOnly if !failed => {
                (" successfully", "allow duplicate workflow Id if last run failed")
            }
            _ => return Ok(()),
        };
        Err(self.exists(format!(
            "Workflow execution already finished{how}. WorkflowId: {}, RunId: {}. Workflow Id reuse policy: {policy}.",
            self.is.workflow_id, self.is.run_id
        )))
    }

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
