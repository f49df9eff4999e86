//! Resets: a run is taken back to one of its workflow tasks, as another run with the same beginning.

use super::{
    Engine,
    error::{Error, Result},
    history, rebuild,
    run::{Run, RunKey},
    signal::check_execution,
    start::check_name,
    workflow_task::Kind,
    world::World,
};
use steadfast_proto::{
    SmallSet,
    enums::{EventType, ResetReapplyExcludeType as Exclude, ResetReapplyType, WorkflowTaskFailedCause as Cause},
    failure::{Failure, ResetWorkflowFailureInfo, failure::FailureInfo},
    history::{
        HistoryEvent, WorkflowExecutionUpdateAdmittedEventAttributes, WorkflowTaskFailedEventAttributes,
        WorkflowTaskStartedEventAttributes, history_event::Attributes,
    },
    update,
    workflowservice::{ResetWorkflowExecutionRequest, ResetWorkflowExecutionResponse},
};

/// Who ends the run that a reset replaces.
const RESETTER: &str = "history-resetter";
/// Who answers the task that the new run begins after.
const SERVICE: &str = "history-service";

impl Engine {
    pub(crate) fn reset_workflow(
        &mut self,
        request: &ResetWorkflowExecutionRequest,
    ) -> Result<ResetWorkflowExecutionResponse> {
        let namespace = self.world.namespaces.find(&request.namespace)?.key;
        let execution = request.workflow_execution.clone().unwrap_or_default();
        check_execution(&execution)?;
        if request.request_id.is_empty() {
            return Err(Error::invalid("RequestId is not set on request."));
        }
        check_name("RequestId", &request.request_id)?;
        if !request.post_reset_operations.is_empty() {
            return Err(Error::unbuilt("a reset with operations after it"));
        }
        let base = self.find(namespace, &execution)?;
        let run = self.runs.touch(base)?;
        let workflow_id = run.is.workflow_id.clone();
        let current = self.runs.current(namespace, &workflow_id).unwrap_or(base);
        let latest = self.runs.touch(current)?;
        if latest.is.reset_request_id == request.request_id {
            return Ok(ResetWorkflowExecutionResponse {
                run_id: latest.is.run_id.to_string(),
            });
        }
        let finish = request.workflow_task_finish_event_id;
        check_point(self.runs.touch(base)?, finish)?;
        // The new run goes on with the children that the current one would end otherwise.
        let kept = match base == current {
            true => self.kept_children(base, finish),
            false => SmallSet::new(),
        };
        let Self { runs, world, .. } = self;
        let latest = runs.touch(current)?;
        if latest.is_open() {
            latest.children.retain(|initiated, _| !kept.contains(initiated));
            // The workflow goes on: nobody is told that it ended.
            latest.callbacks.clear();
            latest.terminate(world, &request.reason, None, RESETTER, Vec::new());
        }
        let news = self.news_since(base, finish, &excluded(request));
        let key = self.runs.vacant();
        let Self { runs, world, .. } = self;
        let base = runs.touch(base)?;
        let mut run = rebuild::rebuild(world, key, base, finish)?;
        base.reset_run_id = Some(run.is.run_id);
        run.is.reset_request_id.clone_from(&request.request_id);
        run.fail_for_reset(world, &request.reason, base);
        for event in news {
            run.reapply(world, event);
        }
        run.resume(world);
        let run_id = run.is.run_id.to_string();
        runs.insert(run);
        Ok(ResetWorkflowExecutionResponse { run_id })
    }

    /// The run that goes on where this one was: itself, or what resets made of it.
    pub(super) fn latest_reset(&self, mut key: RunKey) -> RunKey {
        while let Some(next) = self.runs.get(key).and_then(|run| run.reset_run_id)
            && let Some(next) = self.runs.by_id(next)
        {
            key = next;
        }
        key
    }

    /// Children that were started before the point and have not ended.
    fn kept_children(&self, base: RunKey, finish: i64) -> SmallSet<i64> {
        let run = self.runs.get(base);
        let children = run.into_iter().flat_map(|run| run.children.keys().copied());
        children.filter(|initiated| *initiated < finish).collect()
    }

    /// What came from outside after the point, in the run and in those that followed it.
    fn news_since(&self, base: RunKey, finish: i64, excluded: &SmallSet<Exclude>) -> Vec<HistoryEvent> {
        let mut news = Vec::new();
        let mut key = Some(base);
        let mut from = finish;
        let mut seen = SmallSet::new();
        while let Some(run) = key.filter(|key| seen.insert(*key)).and_then(|key| self.runs.get(key)) {
            let events = run.history.range(from, run.history.next_event_id());
            news.extend(events.iter().filter(|event| is_news(event, excluded)).cloned());
            from = 1;
            key = successor_of(run)
                .and_then(super::id::Uuid::parse)
                .and_then(|id| self.runs.by_id(id));
        }
        news
    }
}

/// What is not taken over, by the newer or the older way to say so.
fn excluded(request: &ResetWorkflowExecutionRequest) -> SmallSet<Exclude> {
    let mut excluded: SmallSet<Exclude> = request.reset_reapply_exclude_types().collect();
    match request.reset_reapply_type() {
        ResetReapplyType::Signal => {
            excluded.insert(Exclude::Update);
        }
        ResetReapplyType::None => excluded.extend([Exclude::Signal, Exclude::Update]),
        ResetReapplyType::Unspecified | ResetReapplyType::AllEligible => {}
    }
    excluded
}

fn is_news(event: &HistoryEvent, excluded: &SmallSet<Exclude>) -> bool {
    match event.event_type() {
        EventType::WorkflowExecutionSignaled => !excluded.contains(&Exclude::Signal),
        EventType::WorkflowExecutionUpdateAdmitted | EventType::WorkflowExecutionUpdateAccepted => {
            !excluded.contains(&Exclude::Update)
        }
        _ => false,
    }
}

fn successor_of(run: &Run) -> Option<&str> {
    let id = match run.history.last()?.attributes.as_ref()? {
        Attributes::WorkflowExecutionContinuedAsNewEventAttributes(a) => &a.new_execution_run_id,
        Attributes::WorkflowExecutionCompletedEventAttributes(a) => &a.new_execution_run_id,
        Attributes::WorkflowExecutionFailedEventAttributes(a) => &a.new_execution_run_id,
        Attributes::WorkflowExecutionTimedOutEventAttributes(a) => &a.new_execution_run_id,
        _ => return None,
    };
    Some(id)
}

/// A run can be taken back to where a workflow task was handed out, or waited to be.
fn check_point(run: &Run, finish: i64) -> Result<()> {
    if finish <= 1 || finish >= run.history.next_event_id() {
        return Err(Error::invalid(
            "Workflow task finish ID must be > 1 && <= workflow last event ID.",
        ));
    }
    let last = run.history.get(history::before(finish)).map(HistoryEvent::event_type);
    if matches!(
        last,
        Some(EventType::WorkflowTaskStarted | EventType::WorkflowTaskScheduled)
    ) {
        return Ok(());
    }
    Err(Error::invalid(format!(
        "StateRebuilder unable to Rebuild mutable state to event ID: {}, version: 0, this event must be at the boundary",
        history::before(finish)
    )))
}

impl Run {
    /// The task that the run was taken back to is over: another one begins what follows anew.
    fn fail_for_reset(&mut self, world: &mut World, reason: &str, base: &Self) {
        let last = self.history.wire_len();
        let is_started = self.history.get(last).map(HistoryEvent::event_type) == Some(EventType::WorkflowTaskStarted);
        let started_event_id = if is_started {
            last
        } else {
            let history_size_bytes = self.history.wire_bytes();
            self.record(
                world,
                WorkflowTaskStartedEventAttributes {
                    scheduled_event_id: last,
                    identity: SERVICE.to_owned(),
                    request_id: "emptyUuid".to_owned(),
                    history_size_bytes,
                    ..Default::default()
                },
            )
        };
        let scheduled_event_id = match self.history.get(started_event_id).map(|event| &event.attributes) {
            Some(Some(Attributes::WorkflowTaskStartedEventAttributes(started))) => started.scheduled_event_id,
            _ => history::before(started_event_id),
        };
        self.record(
            world,
            WorkflowTaskFailedEventAttributes {
                scheduled_event_id,
                started_event_id,
                cause: Cause::ResetWorkflow.into(),
                failure: Some(Failure {
                    message: reason.to_owned(),
                    failure_info: Some(FailureInfo::ResetWorkflowFailureInfo(
                        ResetWorkflowFailureInfo::default(),
                    )),
                    ..Failure::default()
                }),
                identity: SERVICE.to_owned(),
                base_run_id: base.is.run_id.to_string(),
                new_run_id: self.is.run_id.to_string(),
                ..Default::default()
            },
        );
    }

    /// What came from outside comes again: signals as they are, updates to be run once more.
    fn reapply(&mut self, world: &mut World, event: HistoryEvent) {
        let (id, request) = match event.attributes {
            Some(Attributes::WorkflowExecutionSignaledEventAttributes(signal)) => {
                self.note_signal(world, signal.into_inner(), event.links);
                return;
            }
            Some(Attributes::WorkflowExecutionUpdateAdmittedEventAttributes(admitted)) => {
                (update_id(admitted.request.as_ref()), admitted.into_inner().request)
            }
            Some(Attributes::WorkflowExecutionUpdateAcceptedEventAttributes(accepted)) => {
                let accepted = accepted.into_inner();
                (accepted.protocol_instance_id, accepted.accepted_request)
            }
            _ => return,
        };
        // What was admitted by an event has its request there alone.
        let Some(request) = request else { return };
        if self.updates.get(&id).is_some() {
            return;
        }
        let event_id = self.record(
            world,
            WorkflowExecutionUpdateAdmittedEventAttributes {
                request: Some(request.clone()),
                origin: steadfast_proto::enums::UpdateAdmittedEventOrigin::Reapply.into(),
            },
        );
        self.updates.admit_again(&id, request, event_id);
    }

    /// Everything that was under way goes on, and the workflow sees what is new.
    fn resume(&mut self, world: &mut World) {
        rebuild::resume(self, world);
        let now = self.now(world);
        if !self.is_paused() {
            self.schedule_task(world, Kind::Normal, now, true);
        }
    }
}

pub(crate) fn update_id(request: Option<&update::Request>) -> String {
    let meta = request.and_then(|request| request.meta.as_ref());
    meta.map(|meta| meta.update_id.clone()).unwrap_or_default()
}
