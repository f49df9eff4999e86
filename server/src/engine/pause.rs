//! Paused workflows: things go on happening to them, but their code does not run.

use super::{
    Engine,
    activity::Attempt,
    error::{Code, Error, Result},
    run::Run,
    search_attribute,
    start::check_name,
    time::Time,
    workflow_task::{Kind, WorkflowTask},
    world::World,
};
use steadfast_proto::{
    common::{self, Payload},
    enums::{WorkflowExecutionStatus as Status, WorkflowTaskFailedCause as Cause},
    history::{
        WorkflowExecutionPausedEventAttributes, WorkflowExecutionUnpausedEventAttributes,
        WorkflowTaskFailedEventAttributes,
    },
    workflow::WorkflowExecutionPauseInfo,
    workflowservice::*,
};

/// What lists find paused runs by.
const PAUSE_INFO: &str = "TemporalPauseInfo";

/// By whom a workflow was paused, and why.
#[derive(Clone, Debug, Default)]
pub(crate) struct PausedRun {
    time: Time,
    identity: String,
    reason: String,
    request_id: String,
}

impl PausedRun {
    pub(crate) fn describe(&self) -> WorkflowExecutionPauseInfo {
        WorkflowExecutionPauseInfo {
            identity: self.identity.clone(),
            paused_time: self.time.wire(),
            reason: self.reason.clone(),
        }
    }
}

impl Run {
    pub(crate) fn is_paused(&self) -> bool {
        self.is_open() && self.paused.is_some()
    }

    /// The status that others see.
    pub(crate) fn visible_status(&self) -> Status {
        match self.is_paused() {
            true => Status::Paused,
            false => self.status,
        }
    }

    /// Pauses the run: a workflow task that nobody has yet is taken back.
    fn pause_run(&mut self, world: &mut World, paused: PausedRun) {
        match &self.task {
            WorkflowTask::Scheduled(scheduled) if scheduled.kind == Kind::Normal => {
                let scheduled_event_id = scheduled.event_id;
                self.drop_task(world);
                self.record(
                    world,
                    WorkflowTaskFailedEventAttributes {
                        scheduled_event_id,
                        cause: Cause::WorkflowPauseRequestedBeforeTaskStarted.into(),
                        identity: "history-service".to_owned(),
                        ..Default::default()
                    },
                );
            }
            WorkflowTask::Scheduled(_) => self.drop_task(world),
            WorkflowTask::None | WorkflowTask::Started(..) => {}
        }
        let mut event = self.event(
            world,
            WorkflowExecutionPausedEventAttributes {
                identity: paused.identity.clone(),
                reason: paused.reason.clone(),
                request_id: paused.request_id.clone(),
            },
        );
        event.worker_may_ignore = true;
        self.happen_event(world, event);
        self.note_pause(paused);
        self.direct_queries(world);
    }

    fn note_pause(&mut self, paused: PausedRun) {
        let mut words = vec![format!("Workflow:{}", self.is.workflow_id)];
        if !paused.reason.is_empty() {
            words.push(format!("Reason:{}", paused.reason));
        }
        let mut value = Payload::encoded("json/plain", format!("{words:?}"));
        value.metadata.insert("type", bytes::Bytes::from_static(b"KeywordList"));
        search_attribute::merge(&mut self.search_attributes, &[(PAUSE_INFO.to_owned(), value)].into());
        self.paused = Some(Box::new(paused));
        self.is_indexed = false;
    }

    fn note_unpause(&mut self) {
        self.paused = None;
        self.search_attributes.remove(PAUSE_INFO);
        self.is_indexed = false;
    }

    /// Lets the run go on: its code sees what happened, and its activities are handed out.
    fn unpause(&mut self, world: &mut World, event: WorkflowExecutionUnpausedEventAttributes) {
        let mut event = self.event(world, event);
        event.worker_may_ignore = true;
        self.happen_event(world, event);
        self.note_unpause();
        let held = |attempt: &Attempt| matches!(attempt, Attempt::Scheduled { .. });
        let waiting: Vec<i64> = self
            .activities
            .iter()
            .filter(|(_, activity)| held(&activity.state))
            .map(|(event_id, _)| *event_id)
            .collect();
        for event_id in waiting {
            if let Some(activity) = self.activities.get_mut(&event_id) {
                // Those that are on a queue already are there once.
                activity.stamp = world.next_stamp();
            }
            self.dispatch_activity(world, event_id);
        }
        self.want_task(world);
    }

    /// What the events of a history did that is taken up again.
    pub(crate) fn replay_pause(&mut self, time: Time, paused: &WorkflowExecutionPausedEventAttributes) {
        self.note_pause(PausedRun {
            time,
            identity: paused.identity.clone(),
            reason: paused.reason.clone(),
            request_id: paused.request_id.clone(),
        });
    }

    pub(crate) fn replay_unpause(&mut self) {
        self.note_unpause();
    }
}

fn refused(message: &'static str) -> Error {
    Error::new(Code::FailedPrecondition, message)
}

impl Engine {
    fn pausable(&mut self, namespace: &str, workflow_id: &str, run_id: &str) -> Result<(&mut Run, &mut World)> {
        let namespace = self.world.namespaces.find(namespace)?.key;
        check_name("WorkflowId", workflow_id)?;
        let execution = common::WorkflowExecution {
            workflow_id: workflow_id.to_owned(),
            run_id: run_id.to_owned(),
        };
        let key = self.find(namespace, &execution)?;
        let Self { runs, world, .. } = self;
        let run = runs.touch(key)?;
        match run.is_open() {
            true => Ok((run, world)),
            false => Err(Error::completed()),
        }
    }

    pub(crate) fn pause_workflow(
        &mut self,
        request: PauseWorkflowExecutionRequest,
    ) -> Result<PauseWorkflowExecutionResponse> {
        check_name("RequestId", &request.request_id)?;
        let (run, world) = self.pausable(&request.namespace, &request.workflow_id, &request.run_id)?;
        match &run.paused {
            Some(paused) if !request.request_id.is_empty() && paused.request_id == request.request_id => {}
            Some(_) => return Err(refused("workflow is already paused.")),
            None => {
                let paused = PausedRun {
                    time: run.now(world),
                    identity: request.identity,
                    reason: request.reason,
                    request_id: request.request_id,
                };
                run.pause_run(world, paused);
            }
        }
        Ok(PauseWorkflowExecutionResponse {})
    }

    pub(crate) fn unpause_workflow(
        &mut self,
        request: UnpauseWorkflowExecutionRequest,
    ) -> Result<UnpauseWorkflowExecutionResponse> {
        let (run, world) = self.pausable(&request.namespace, &request.workflow_id, &request.run_id)?;
        if run.paused.is_none() {
            return Err(refused("workflow is not paused."));
        }
        let event = WorkflowExecutionUnpausedEventAttributes {
            identity: request.identity,
            reason: request.reason,
            request_id: request.request_id,
        };
        run.unpause(world, event);
        Ok(UnpauseWorkflowExecutionResponse {})
    }
}
