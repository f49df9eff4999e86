//! Updates: requests that the workflow may refuse, and whose outcome the caller gets.

use super::{
    error::{self, Code, Error, Result},
    limits::Limits,
    request::Reply,
    run::Run,
    waiter::{StartedBefore, Wait, WaiterId},
    workflow_task::Kind,
    world::World,
};
use steadfast_proto::{
    SmallMap, SmallSet,
    enums::{
        EventType, ResourceExhaustedCause, ResourceExhaustedScope, UpdateWorkflowExecutionLifecycleStage as Stage,
    },
    errordetails,
    failure::{ApplicationFailureInfo, Failure, failure::FailureInfo},
    history::{WorkflowExecutionUpdateAcceptedEventAttributes, WorkflowExecutionUpdateCompletedEventAttributes},
    protocol::{Message, message::SequencingId},
    update,
    workflowservice::*,
};

/// An update of a run.
#[derive(Debug)]
pub(crate) struct Update {
    pub(crate) request: update::Request,
    pub(crate) state: State,
    /// The event that admitted it (and has its request), if a reset did.
    admitted_event_id: i64,
    waiters: SmallSet<WaiterId>,
}

#[derive(Debug)]
pub(crate) enum State {
    /// It waits for a workflow task.
    Admitted,
    /// A worker has it.
    Sent { sequencing_event_id: i64 },
    /// The workflow took it on.
    Accepted { event_id: i64 },
    /// It is done.
    Completed { outcome: Box<update::Outcome> },
}

/// The updates of a run.
#[derive(Debug, Default)]
pub(crate) struct Updates {
    all: SmallMap<String, Update>,
    /// In the order of their arrival.
    admitted: Vec<String>,
    in_flight: usize,
}

impl Updates {
    pub(crate) fn total(&self) -> usize {
        self.all.len()
    }

    pub(crate) fn get(&self, id: &str) -> Option<&Update> {
        self.all.get(id)
    }

    pub(crate) fn are_admitted(&self) -> bool {
        !self.admitted.is_empty()
    }

    pub(crate) fn admit(&mut self, limits: &Limits, id: &str, request: update::Request) -> Result<()> {
        if self.in_flight >= limits.updates_in_flight {
            return Err(Error::new(
                Code::ResourceExhausted,
                format!(
                    "limit on number of concurrent in-flight updates has been reached ({})",
                    limits.updates_in_flight
                ),
            )
            .with(&errordetails::ResourceExhaustedFailure {
                cause: ResourceExhaustedCause::ConcurrentLimit.into(),
                scope: ResourceExhaustedScope::Namespace.into(),
            }));
        }
        if self.all.len() >= limits.updates {
            return Err(Error::new(
                Code::FailedPrecondition,
                format!("limit on number of total updates has been reached ({})", limits.updates),
            ));
        }
        self.in_flight = self.in_flight.saturating_add(1);
        self.admitted.push(id.to_owned());
        self.all.insert(
            id.to_owned(),
            Update {
                request,
                state: State::Admitted,
                admitted_event_id: 0,
                waiters: SmallSet::new(),
            },
        );
        Ok(())
    }

    /// An update that an event of this run admitted, whatever the limits.
    pub(crate) fn admit_again(&mut self, id: &str, request: update::Request, event_id: i64) {
        self.in_flight = self.in_flight.saturating_add(1);
        self.admitted.push(id.to_owned());
        self.restore(id, request, State::Admitted, event_id);
    }

    /// An update that the workflow took on before the run was reset.
    pub(crate) fn accepted_before(&mut self, id: &str, request: Option<update::Request>, event_id: i64) {
        let (known, admitted_event_id) = match self.all.remove(id) {
            Some(update) => (Some(update.request), update.admitted_event_id),
            None => (None, 0),
        };
        if known.is_none() {
            self.in_flight = self.in_flight.saturating_add(1);
        }
        self.admitted.retain(|admitted| admitted != id);
        let request = request.or(known).unwrap_or_default();
        self.restore(id, request, State::Accepted { event_id }, admitted_event_id);
    }

    /// An update that was done before the run was reset.
    pub(crate) fn completed_before(&mut self, id: &str, outcome: update::Outcome) {
        if let Some(update) = self.all.get_mut(id) {
            let outcome = Box::new(outcome);
            update.state = State::Completed { outcome };
            self.in_flight = self.in_flight.saturating_sub(1);
        }
    }

    fn restore(&mut self, id: &str, request: update::Request, state: State, admitted_event_id: i64) {
        let update = Update {
            request,
            state,
            admitted_event_id,
            waiters: SmallSet::new(),
        };
        self.all.insert(id.to_owned(), update);
    }

    /// The messages that a workflow task takes along.
    pub(crate) fn send(&mut self, sequencing_event_id: i64) -> Vec<Message> {
        let mut messages = Vec::new();
        for id in std::mem::take(&mut self.admitted) {
            let Some(update) = self.all.get_mut(&id) else { continue };
            let sequencing_event_id = match update.admitted_event_id {
                0 => sequencing_event_id,
                admitted => admitted,
            };
            update.state = State::Sent { sequencing_event_id };
            if update.admitted_event_id > 0 {
                // The event that admitted it brings it to the worker.
                continue;
            }
            messages.push(Message {
                id: format!("{id}/request"),
                protocol_instance_id: id,
                body: Some(error::any(&update.request)),
                sequencing_id: Some(SequencingId::EventId(sequencing_event_id)),
            });
        }
        messages
    }

    /// A worker answered the task that took updates along with bad commands: their callers try again.
    pub(crate) fn unsend(&mut self, world: &mut World) {
        let sent = self
            .all
            .iter()
            .filter(|(_, update)| matches!(update.state, State::Sent { .. }));
        let sent: Vec<(String, i64)> = sent
            .map(|(id, update)| (id.clone(), update.admitted_event_id))
            .collect();
        for (id, admitted_event_id) in sent {
            if admitted_event_id > 0 {
                // It is in history: the next task takes it along again.
                if let Some(update) = self.all.get_mut(&id) {
                    update.state = State::Admitted;
                    self.admitted.push(id);
                }
                continue;
            }
            self.abort(
                world,
                &id,
                &Error::not_ready(
                    "Unable to perform workflow execution update due to unexpected workflow task failure.",
                ),
            );
        }
    }

    /// The worker that had updates gave them back, or is gone: the next task takes them along again.
    pub(crate) fn resend(&mut self) {
        for (id, update) in self.all.iter_mut() {
            if matches!(update.state, State::Sent { .. }) {
                update.state = State::Admitted;
                self.admitted.push(id.clone());
            }
        }
    }

    /// Forgets an update; its callers get an error.
    fn abort(&mut self, world: &mut World, id: &str, error: &Error) {
        let Some(update) = self.all.remove(id) else { return };
        self.admitted.retain(|admitted| admitted != id);
        self.in_flight = self.in_flight.saturating_sub(1);
        for waiter in update.waiters {
            world.waiters.answer(waiter, Err(error.clone()));
        }
    }

    /// One more waits for the update.
    pub(crate) fn join(&mut self, id: &str, waiter: WaiterId) {
        if let Some(update) = self.all.get_mut(id) {
            update.waiters.insert(waiter);
        }
    }

    pub(crate) fn leave(&mut self, id: &str, waiter: WaiterId) {
        if let Some(update) = self.all.get_mut(id) {
            update.waiters.remove(&waiter);
        }
    }

    pub(crate) fn stage(&self, id: &str) -> (Stage, Option<update::Outcome>) {
        match self.all.get(id).map(|update| &update.state) {
            Some(State::Completed { outcome }) => (Stage::Completed, Some((**outcome).clone())),
            Some(State::Accepted { .. }) => (Stage::Accepted, None),
            Some(State::Admitted | State::Sent { .. }) => (Stage::Admitted, None),
            None => (Stage::Unspecified, None),
        }
    }

    /// What its caller named the request.
    fn request_id(&self, id: &str) -> &str {
        self.all.get(id).map_or("", |update| &update.request.request_id)
    }
}

/// Where the waited-for stage is reached, the answer is due.
pub(crate) fn reached(stage: Stage, waited: Stage) -> bool {
    stage as i32 >= waited as i32
}

impl Run {
    pub(crate) fn update_reply(&self, id: &str, is_poll: bool, started: Option<Box<StartedBefore>>) -> Reply {
        let (stage, outcome) = self.updates.stage(id);
        let update_ref = Some(update::UpdateRef {
            workflow_execution: Some(self.execution()),
            update_id: id.to_owned(),
        });
        if is_poll {
            let stage = stage.into();
            return Reply::PollWorkflowExecutionUpdate(Box::new(PollWorkflowExecutionUpdateResponse {
                outcome,
                stage,
                update_ref,
            }));
        }
        let link = match &outcome {
            Some(update::Outcome {
                value: Some(update::outcome::Value::Failure(_)),
            }) => Some(self.link_to_run("Update rejected")),
            None if stage != Stage::Accepted => None,
            _ => Some(self.link_by_request(self.updates.request_id(id), EventType::WorkflowExecutionUpdateAccepted)),
        };
        let response = UpdateWorkflowExecutionResponse {
            update_ref,
            outcome,
            stage: stage.into(),
            link,
        };
        match started {
            Some(started) => super::multi_operation::both(*started, response),
            None => Reply::UpdateWorkflowExecution(Box::new(response)),
        }
    }

    fn tell_updaters(&mut self, world: &mut World, id: &str) {
        let (stage, _) = self.updates.stage(id);
        let Some(update) = self.updates.all.get(id) else { return };
        let waiters: Vec<WaiterId> = update.waiters.iter().copied().collect();
        for waiter in waiters {
            let Some(Wait::Update { stage: waited, .. }) = world.waiters.get(waiter) else {
                continue;
            };
            if reached(stage, *waited) {
                self.answer_update(world, id, waiter);
            }
        }
    }

    /// Answers a caller with whatever stage the update is in.
    pub(crate) fn answer_update(&mut self, world: &mut World, id: &str, waiter: WaiterId) {
        self.updates.leave(id, waiter);
        if let Some(Wait::Update { is_poll, started, .. }) = world.waiters.get(waiter) {
            let reply = self.update_reply(id, *is_poll, started.clone());
            world.waiters.answer(waiter, Ok(reply));
        }
    }

    /// The workflow took an update on.
    pub(crate) fn accept_update(&mut self, world: &mut World, id: &str, acceptance: update::Acceptance) {
        let Some(update) = self.updates.all.get(id) else { return };
        let State::Sent { sequencing_event_id } = update.state else {
            return;
        };
        // What an event admitted has its request there.
        let request = (update.admitted_event_id == 0)
            .then(|| acceptance.accepted_request.unwrap_or_else(|| update.request.clone()));
        let named = acceptance.accepted_request_message_id;
        let event_id = self.record(
            world,
            WorkflowExecutionUpdateAcceptedEventAttributes {
                protocol_instance_id: id.to_owned(),
                accepted_request_message_id: if named.is_empty() {
                    format!("{id}/request")
                } else {
                    named
                },
                accepted_request_sequencing_event_id: match acceptance.accepted_request_sequencing_event_id {
                    0 => sequencing_event_id,
                    given => given,
                },
                accepted_request: request,
            },
        );
        if let Some(update) = self.updates.all.get_mut(id) {
            update.state = State::Accepted { event_id };
        }
        self.tell_updaters(world, id);
    }

    /// The workflow is done with an update that it took on.
    pub(crate) fn complete_update(&mut self, world: &mut World, id: &str, response: update::Response) {
        let Some(Update {
            state: State::Accepted { event_id },
            request,
            ..
        }) = self.updates.all.get(id)
        else {
            return;
        };
        let accepted_event_id = *event_id;
        let meta = response.meta.or_else(|| request.meta.clone());
        let outcome = response.outcome.unwrap_or_default();
        self.record(
            world,
            WorkflowExecutionUpdateCompletedEventAttributes {
                meta,
                accepted_event_id,
                outcome: Some(outcome.clone()),
            },
        );
        self.finish_update(world, id, outcome);
    }

    fn finish_update(&mut self, world: &mut World, id: &str, outcome: update::Outcome) {
        if let Some(update) = self.updates.all.get_mut(id) {
            update.state = State::Completed {
                outcome: Box::new(outcome),
            };
            self.updates.in_flight = self.updates.in_flight.saturating_sub(1);
        }
        self.tell_updaters(world, id);
    }

    /// The workflow refused an update, which leaves no trace.
    pub(crate) fn reject_update(&mut self, world: &mut World, id: &str, failure: Failure) {
        let outcome = update::Outcome {
            value: Some(update::outcome::Value::Failure(failure)),
        };
        self.finish_update(world, id, outcome);
        self.updates.all.remove(id);
    }

    /// A task that is no mere heartbeat came back without a word on some of its updates.
    pub(crate) fn reject_unprocessed_updates(&mut self, world: &mut World) {
        let sent = self
            .updates
            .all
            .iter()
            .filter(|(_, update)| matches!(update.state, State::Sent { .. }));
        let sent: Vec<String> = sent.map(|(id, _)| id.clone()).collect();
        for id in sent {
            self.reject_update(world, &id, server_failure(
                "UnprocessedUpdate",
                "Workflow Update is rejected because it wasn't processed by worker. Probably, Workflow Update is not supported by the worker.",
            ));
        }
    }

    /// The run ends: what it took on fails, what it did not take on is refused, or goes to the run that follows.
    pub(crate) fn close_updates(&mut self, world: &mut World, is_continued: bool) {
        let ids: Vec<String> = self.updates.all.keys().cloned().collect();
        for id in ids {
            match self.updates.all.get(&id).map(|update| &update.state) {
                Some(State::Accepted { .. }) if is_continued => {
                    self.fail_waiters(world, &id, &Error::new(Code::Aborted, "workflow is closing"));
                }
                Some(State::Accepted { .. }) => {
                    let failure = server_failure(
                        "AcceptedUpdateCompletedWorkflow",
                        "Workflow Update failed because the Workflow completed before the Update completed.",
                    );
                    let outcome = update::Outcome {
                        value: Some(update::outcome::Value::Failure(failure)),
                    };
                    self.finish_update(world, &id, outcome);
                }
                Some(State::Admitted | State::Sent { .. }) if is_continued => {
                    self.updates
                        .abort(world, &id, &Error::new(Code::Unavailable, "workflow is closing"));
                }
                Some(State::Admitted | State::Sent { .. }) => {
                    self.updates.abort(
                        world,
                        &id,
                        &Error::not_found("workflow update was aborted by closing workflow"),
                    );
                }
                Some(State::Completed { .. }) | None => {}
            }
        }
    }

    fn fail_waiters(&mut self, world: &mut World, id: &str, error: &Error) {
        let Some(update) = self.updates.all.get_mut(id) else {
            return;
        };
        for waiter in std::mem::take(&mut update.waiters) {
            world.waiters.answer(waiter, Err(error.clone()));
        }
    }

    /// A workflow task for updates alone.
    pub(crate) fn want_speculative_task(&mut self, world: &mut World) {
        if !self.is_open() || !self.task.is_none() || self.backoff.is_some() || self.is_waiting_for_parent {
            return;
        }
        if self.next_attempt > 1 || self.previous_started_event_id == 0 {
            return self.want_task(world);
        }
        let now = self.now(world);
        self.schedule_task(world, Kind::Speculative, now, true);
    }
}

fn server_failure(kind: &str, message: &str) -> Failure {
    Failure {
        message: message.to_owned(),
        source: "Server".to_owned(),
        failure_info: Some(FailureInfo::ApplicationFailureInfo(ApplicationFailureInfo {
            r#type: kind.to_owned(),
            non_retryable: true,
            ..ApplicationFailureInfo::default()
        })),
        ..Failure::default()
    }
}
