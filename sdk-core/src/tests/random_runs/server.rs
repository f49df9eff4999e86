//! What a server does of its own accord, and what it records of commands.

use super::*;
use prost::Message as _;
use steadfast_proto::{
    Shared, common::WorkflowExecution, enums::EventType, history as h, history::history_event::Attributes as E,
    protocol::Message, update::Acceptance,
};

/// What the run has asked for and what is still to come.
enum Open {
    Activity {
        id: String,
        scheduled: i64,
        is_cancelled: bool,
    },
    Timer(String),
    ChildStart {
        id: String,
        initiated: i64,
    },
    ChildEnd(i64),
    Signal(i64),
    Cancel(i64),
}

/// The server, as far as one run sees it.
pub(super) struct Server {
    pub(super) history: HistoryBuilder,
    /// Updates that go out with the open task: id and name.
    pub(super) requests: Vec<(String, &'static str)>,
    pub(super) is_closed: bool,
    open: Vec<Open>,
    updates: usize,
}

fn execution(id: &str) -> Option<WorkflowExecution> {
    Some(WorkflowExecution {
        workflow_id: id.to_owned(),
        run_id: format!("run of {id}"),
    })
}

impl Server {
    pub(super) fn new() -> Self {
        Self {
            history: HistoryBuilder::new("script"),
            requests: Vec::new(),
            is_closed: false,
            open: Vec::new(),
            updates: 0,
        }
    }

    fn change(&mut self, change: impl FnOnce(HistoryBuilder) -> HistoryBuilder) {
        self.history = change(self.history.clone());
    }

    fn add(&mut self, kind: EventType, attributes: E) -> i64 {
        self.change(|history| history.add(kind, attributes));
        self.history.last_event_id()
    }

    /// A task, now and then after one that nobody answered, sometimes with updates.
    pub(super) fn open_task(&mut self, dice: &mut Dice) {
        if dice.one_in(8) {
            self.change(|history| history.open_task().task_timed_out());
        }
        self.change(HistoryBuilder::open_task);
        self.requests.clear();
        while self.updates < 10 && dice.one_in(4) {
            self.updates += 1;
            let name = if dice.one_in(2) { "now" } else { "work" };
            self.requests.push((format!("update-{}", self.updates), name));
        }
    }

    /// Something happens, at least one thing: what was asked for ends, or a signal comes.
    pub(super) fn go_on(&mut self, dice: &mut Dice) {
        for _ in 0..=dice.below(3) {
            if self.open.is_empty() || dice.one_in(5) {
                self.change(|history| history.signaled("go"));
            } else {
                let open = self.open.swap_remove(dice.below(self.open.len()));
                self.end(open, dice);
            }
        }
    }

    fn end(&mut self, open: Open, dice: &mut Dice) {
        match open {
            Open::Activity {
                id, is_cancelled: true, ..
            } if dice.one_in(2) => {
                self.change(|history| history.activity_canceled(&id));
            }
            Open::Activity { id, .. } => match dice.below(6) {
                0 => self.change(|history| history.activity_timed_out(&id)),
                1 => self.change(|history| history.activity_failed(&id, Failure::application("Bad", "no luck"))),
                number => self.change(|history| history.activity_completed(&id, number)),
            },
            Open::Timer(id) => self.change(|history| history.timer_fired(&id)),
            Open::ChildStart { id, initiated } => {
                let started = h::ChildWorkflowExecutionStartedEventAttributes {
                    initiated_event_id: initiated,
                    workflow_execution: execution(&id),
                    ..Default::default()
                };
                let attributes = E::ChildWorkflowExecutionStartedEventAttributes(Shared::new(started));
                self.add(EventType::ChildWorkflowExecutionStarted, attributes);
                self.open.push(Open::ChildEnd(initiated));
            }
            Open::ChildEnd(initiated_event_id) => {
                let completed = h::ChildWorkflowExecutionCompletedEventAttributes {
                    initiated_event_id,
                    result: Some(json_text("grown up")),
                    ..Default::default()
                };
                let attributes = E::ChildWorkflowExecutionCompletedEventAttributes(Shared::new(completed));
                self.add(EventType::ChildWorkflowExecutionCompleted, attributes);
            }
            Open::Signal(initiated_event_id) => {
                let signaled = h::ExternalWorkflowExecutionSignaledEventAttributes {
                    initiated_event_id,
                    ..Default::default()
                };
                let attributes = E::ExternalWorkflowExecutionSignaledEventAttributes(Shared::new(signaled));
                self.add(EventType::ExternalWorkflowExecutionSignaled, attributes);
            }
            Open::Cancel(initiated_event_id) => {
                let requested = h::ExternalWorkflowExecutionCancelRequestedEventAttributes {
                    initiated_event_id,
                    ..Default::default()
                };
                let attributes = E::ExternalWorkflowExecutionCancelRequestedEventAttributes(Shared::new(requested));
                self.add(EventType::ExternalWorkflowExecutionCancelRequested, attributes);
            }
        }
    }

    /// Completes the open task and records what was answered.
    pub(super) fn record(&mut self, answer: &RespondWorkflowTaskCompletedRequest) {
        self.change(HistoryBuilder::task_completed);
        for command in &answer.commands {
            let attributes = command.attributes.as_ref().unwrap();
            if let Attributes::ProtocolMessageCommandAttributes(message) = attributes {
                let mut messages = answer.messages.iter();
                let message = messages.find(|known| known.id == message.message_id).unwrap();
                self.record_message(message);
            } else {
                self.record_command(attributes);
            }
        }
    }

    /// An update is accepted or completed; a rejection comes without a command.
    fn record_message(&mut self, message: &Message) {
        let id = message.protocol_instance_id.clone();
        let body = message.body.clone().unwrap();
        if body.type_url.ends_with("Acceptance") {
            let acceptance = Acceptance::decode(body.value.as_slice()).unwrap();
            let accepted = h::WorkflowExecutionUpdateAcceptedEventAttributes {
                protocol_instance_id: id,
                accepted_request_message_id: acceptance.accepted_request_message_id,
                accepted_request_sequencing_event_id: acceptance.accepted_request_sequencing_event_id,
                accepted_request: acceptance.accepted_request,
            };
            let attributes = E::WorkflowExecutionUpdateAcceptedEventAttributes(Shared::new(accepted));
            self.add(EventType::WorkflowExecutionUpdateAccepted, attributes);
        } else {
            assert!(body.type_url.ends_with("Response"), "{}", body.type_url);
            self.change(|history| history.update_completed(&id));
        }
    }

    fn record_command(&mut self, attributes: &Attributes) {
        use Attributes as A;
        match attributes {
            A::ScheduleActivityTaskCommandAttributes(activity) => {
                let id = activity.activity_id.clone();
                let kind = activity.activity_type.clone().unwrap().name;
                self.change(|history| history.activity_scheduled(&id, &kind));
                let scheduled = self.history.last_event_id();
                let is_cancelled = false;
                self.open.push(Open::Activity {
                    id,
                    scheduled,
                    is_cancelled,
                });
            }
            A::RequestCancelActivityTaskCommandAttributes(cancel) => {
                for open in &mut self.open {
                    if let Open::Activity {
                        id,
                        scheduled,
                        is_cancelled,
                    } = open
                        && *scheduled == cancel.scheduled_event_id
                    {
                        *is_cancelled = true;
                        self.history = self.history.clone().activity_cancel_requested(id);
                    }
                }
            }
            A::StartTimerCommandAttributes(timer) => {
                self.change(|history| history.timer_started(&timer.timer_id));
                self.open.push(Open::Timer(timer.timer_id.clone()));
            }
            A::CancelTimerCommandAttributes(timer) => {
                self.open
                    .retain(|open| !matches!(open, Open::Timer(id) if *id == timer.timer_id));
                self.change(|history| history.timer_canceled(&timer.timer_id));
            }
            A::RecordMarkerCommandAttributes(marker) => {
                let marker = h::MarkerRecordedEventAttributes {
                    marker_name: marker.marker_name.clone(),
                    details: marker.details.clone(),
                    failure: marker.failure.clone(),
                    ..Default::default()
                };
                self.change(|history| history.marker(marker));
            }
            A::UpsertWorkflowSearchAttributesCommandAttributes(upsert) => {
                let upserted = h::UpsertWorkflowSearchAttributesEventAttributes {
                    search_attributes: upsert.search_attributes.clone(),
                    ..Default::default()
                };
                let attributes = E::UpsertWorkflowSearchAttributesEventAttributes(Shared::new(upserted));
                self.add(EventType::UpsertWorkflowSearchAttributes, attributes);
            }
            A::CompleteWorkflowExecutionCommandAttributes(_) => {
                self.change(HistoryBuilder::completed);
                self.is_closed = true;
            }
            other => self.record_external(other),
        }
    }

    fn record_external(&mut self, attributes: &Attributes) {
        use Attributes as A;
        match attributes {
            A::StartChildWorkflowExecutionCommandAttributes(child) => {
                let initiated = h::StartChildWorkflowExecutionInitiatedEventAttributes {
                    workflow_id: child.workflow_id.clone(),
                    workflow_type: child.workflow_type.clone(),
                    ..Default::default()
                };
                let attributes = E::StartChildWorkflowExecutionInitiatedEventAttributes(Shared::new(initiated));
                let initiated = self.add(EventType::StartChildWorkflowExecutionInitiated, attributes);
                let id = child.workflow_id.clone();
                self.open.push(Open::ChildStart { id, initiated });
            }
            A::SignalExternalWorkflowExecutionCommandAttributes(signal) => {
                let initiated = h::SignalExternalWorkflowExecutionInitiatedEventAttributes {
                    workflow_execution: signal.execution.clone(),
                    signal_name: signal.signal_name.clone(),
                    ..Default::default()
                };
                let attributes = E::SignalExternalWorkflowExecutionInitiatedEventAttributes(Shared::new(initiated));
                let initiated = self.add(EventType::SignalExternalWorkflowExecutionInitiated, attributes);
                self.open.push(Open::Signal(initiated));
            }
            A::RequestCancelExternalWorkflowExecutionCommandAttributes(cancel) => {
                let initiated = h::RequestCancelExternalWorkflowExecutionInitiatedEventAttributes {
                    workflow_execution: execution(&cancel.workflow_id),
                    ..Default::default()
                };
                let attributes =
                    E::RequestCancelExternalWorkflowExecutionInitiatedEventAttributes(Shared::new(initiated));
                let initiated = self.add(EventType::RequestCancelExternalWorkflowExecutionInitiated, attributes);
                self.open.push(Open::Cancel(initiated));
            }
            other => panic!("no run asks for {other:?}"),
        }
    }
}
