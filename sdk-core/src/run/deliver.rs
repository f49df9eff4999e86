//! Messages on their way to code: signals and updates.

use super::{
    DroppedSignal, Main, Run, dead,
    handler::{Handler, HandlerRoutine},
};
use crate::{
    Exit, Handled, TaskFailure, UpdateRequest, guard,
    history::AcceptedUpdate,
    issued::What,
    journal::{Delivery, Journal, Mode},
    limits::UNHANDLED_SIGNALS_MAX,
    machines::update::{Incoming, Input, Update},
    operation::RoutineId,
    program::Signal,
    routine,
};
use prost::Message as _;
use std::{collections::VecDeque, sync::Arc};
use steadfast_proto::{
    common::Payloads,
    failure::Failure,
    protocol::{Message, message::SequencingId},
    update::Request,
};

/// Messages that came with a task, each to be delivered before the first event after its sequencing id.
pub(super) struct Inbox {
    updates: VecDeque<Incoming>,
}

impl Inbox {
    pub(super) fn new(messages: Vec<Message>) -> Result<Self, TaskFailure> {
        let updates = messages.into_iter().map(read).collect::<Result<_, _>>()?;
        Ok(Self { updates })
    }

    /// Delivers what must be processed before event `id`.
    pub(super) fn deliver_before(&mut self, id: i64, deliveries: &mut Vec<Delivery>) {
        if self.updates.is_empty() {
            return;
        }
        let (due, later) = std::mem::take(&mut self.updates)
            .into_iter()
            .partition(|update| update.sequencing_event_id < id);
        self.updates = later;
        let due: VecDeque<Incoming> = due;
        deliveries.extend(due.into_iter().map(|update| Delivery::Update(Box::new(update))));
    }

    pub(super) fn deliver_rest(self, deliveries: &mut Vec<Delivery>) {
        deliveries.extend(
            self.updates
                .into_iter()
                .map(|update| Delivery::Update(Box::new(update))),
        );
    }
}

fn read(message: Message) -> Result<Incoming, TaskFailure> {
    let bad = |what: &str| TaskFailure::new(format!("the server sent message '{}' {what}", message.id));
    let Some(SequencingId::EventId(sequencing_event_id)) = message.sequencing_id else {
        return Err(bad("without the event it comes after"));
    };
    let body = message.body.as_ref().ok_or_else(|| bad("without a body"))?;
    if !body.type_url.ends_with("temporal.api.update.v1.Request") {
        return Err(bad(&format!("of type '{}', which isn't known here", body.type_url)));
    }
    let request =
        Request::decode(body.value.as_slice()).map_err(|error| bad(&format!("that can't be decoded: {error}")))?;
    Ok(Incoming {
        message_id: message.id,
        protocol_instance_id: message.protocol_instance_id,
        sequencing_event_id,
        request,
    })
}

/// Updates that the replayed task accepted are requested again, after all events.
pub(super) fn add_accepted(
    journal: &mut Journal,
    accepted: Vec<AcceptedUpdate>,
    deliveries: &mut Vec<Delivery>,
) -> Result<(), TaskFailure> {
    for update in accepted {
        let admitted = journal.admitted.remove(&update.protocol_instance_id);
        let request = admitted.map(|(_, request)| request).or(update.request);
        let request = request.ok_or_else(|| {
            TaskFailure::new(format!(
                "history accepted update {} and doesn't say what it requested",
                update.protocol_instance_id
            ))
        })?;
        deliveries.push(Delivery::Update(Box::new(Incoming {
            message_id: update.message_id,
            protocol_instance_id: update.protocol_instance_id,
            sequencing_event_id: update.sequencing_event_id,
            request,
        })));
    }
    Ok(())
}

impl Run {
    pub(super) fn deliver(&mut self, delivery: Delivery) -> Result<(), TaskFailure> {
        match delivery {
            Delivery::Signal(signal) => self.deliver_signal(signal, true),
            Delivery::Update(update) => self.deliver_update(*update),
        }
    }

    /// Delivers what had no handler before: signals once handlers were added, updates once the main routine has begun.
    pub(super) fn deliver_kept(&mut self) -> Result<(), TaskFailure> {
        if !self.early_updates.is_empty() && !matches!(self.main, Main::Created(..)) {
            for update in std::mem::take(&mut self.early_updates) {
                self.deliver_update(update)?;
            }
        }
        if std::mem::take(&mut self.shared.journal().handlers_changed) {
            for signal in std::mem::take(&mut self.unhandled_signals) {
                self.deliver_signal(signal, false)?;
            }
        }
        Ok(())
    }

    fn deliver_signal(&mut self, signal: Signal, is_new: bool) -> Result<(), TaskFailure> {
        let program = self.program.as_mut().ok_or_else(dead)?;
        let what = format!("the handler of signal {}", signal.name);
        let header = signal.header.clone().map(Arc::new);
        self.shared.journal().current_header.clone_from(&header);
        let handled = guard::call(&what, || program.signal(&self.host, &signal));
        self.shared.journal().current_header = None;
        match handled? {
            Handled::Done(result) => {
                self.shared.journal().dirty = true;
                result.or_else(|exit| self.exit(exit))
            }
            Handled::Routine(future) => {
                self.add_handler(HandlerRoutine::Signal(future, header), signal.name);
                Ok(())
            }
            Handled::Unknown => {
                let is_kept = self.unhandled_signals.len() < UNHANDLED_SIGNALS_MAX;
                if is_new {
                    let reason = if is_kept {
                        "no handler of that name; it is kept until one is added"
                    } else {
                        "no handler of that name, and as many signals without one are kept as may be"
                    };
                    self.drop_signal(&signal.name, reason);
                }
                if is_kept {
                    self.unhandled_signals.push(signal);
                }
                Ok(())
            }
            Handled::Undecodable(reason) => {
                self.drop_signal(&signal.name, &reason);
                Ok(())
            }
        }
    }

    /// People were told when it happened; replaying tells nothing.
    fn drop_signal(&mut self, signal: &str, reason: &str) {
        if !self.shared.journal().replaying {
            self.dropped_signals.push(DroppedSignal {
                signal: signal.to_owned(),
                reason: reason.to_owned(),
            });
        }
    }

    fn add_handler(&mut self, handler: HandlerRoutine, name: String) {
        let id = self.handlers_created;
        self.handlers_created = id.saturating_add(1);
        let routine = RoutineId::Handler(id);
        let waker = routine::waker(&self.ready, routine);
        let handler = Handler {
            routine: handler,
            waker,
            name,
        };
        self.handlers.insert(id, handler);
        let mut journal = self.shared.journal();
        journal.handlers = journal.handlers.saturating_add(1);
        self.ready.add(routine);
    }

    fn deliver_update(&mut self, incoming: Incoming) -> Result<(), TaskFailure> {
        let name = incoming.request.input.as_ref().map_or("", |input| input.name.as_str());
        if matches!(self.main, Main::Created(..)) && !self.knows_update(name)? {
            self.early_updates.push(incoming);
            return Ok(());
        }
        let replaying = self.shared.journal().replaying;
        let request = Arc::new(request(&incoming));
        if !replaying && let Err(failure) = self.validate(&request)? {
            return self.reject(Update::new(&incoming), incoming, failure);
        }
        self.accept(incoming, request, replaying)
    }

    fn knows_update(&mut self, name: &str) -> Result<bool, TaskFailure> {
        let program = self.program.as_ref().ok_or_else(dead)?;
        guard::call("looking for an update's handler", || program.knows_update(name))
    }

    /// Runs the validator, during which nothing may change.
    fn validate(&mut self, request: &Arc<UpdateRequest>) -> Result<Result<(), Failure>, TaskFailure> {
        let program = self.program.as_mut().ok_or_else(dead)?;
        {
            let mut journal = self.shared.journal();
            journal.mode = Mode::ReadOnly;
            journal.current_update = Some(Arc::clone(request));
        }
        let what = format!("the validator of update {}", request.name);
        let verdict = guard::call(&what, || program.validate(&self.host, request));
        let mut journal = self.shared.journal();
        journal.mode = Mode::Code;
        journal.current_update = None;
        match journal.violation.take() {
            Some(violation) => Err(*violation),
            None => verdict,
        }
    }

    fn accept(&mut self, incoming: Incoming, request: Arc<UpdateRequest>, replaying: bool) -> Result<(), TaskFailure> {
        let mut update = Update::new(&incoming);
        let number = {
            let mut journal = self.shared.journal();
            let number = journal.next_number();
            let what = What::AcceptUpdate {
                protocol_instance_id: update.protocol_instance_id.clone(),
            };
            journal.issue_message(what, format!("{}/accept", update.message_id));
            journal.current_update = Some(Arc::clone(&request));
            number
        };
        let program = self.program.as_mut().ok_or_else(dead)?;
        let what = format!("the handler of update {}", request.name);
        let handled = guard::call(&what, || program.update(&self.host, &request));
        self.shared.journal().current_update = None;
        let reason = match handled? {
            Handled::Done(result) => {
                self.send_acceptance(&mut update, incoming, replaying)?;
                self.shared.journal().dirty = true;
                return self.complete_update(update, result);
            }
            Handled::Routine(future) => {
                self.send_acceptance(&mut update, incoming, replaying)?;
                let name = request.name.clone();
                self.add_handler(HandlerRoutine::Update(future, Box::new(update), request), name);
                return Ok(());
            }
            Handled::Unknown => format!("there is no handler of update '{}'", request.name),
            Handled::Undecodable(reason) => reason,
        };
        if replaying {
            let message = format!(
                "history accepted update {} ({}), but {reason}",
                request.name, request.id
            );
            return Err(TaskFailure::new(message));
        }
        self.shared.journal().take_back(number);
        self.reject(update, incoming, Failure::application("UpdateRejected", reason))
    }

    fn send_acceptance(&mut self, update: &mut Update, incoming: Incoming, replaying: bool) -> Result<(), TaskFailure> {
        advance(update, Input::Accept)?;
        if !replaying {
            self.outbox.push(update.acceptance(incoming));
        }
        Ok(())
    }

    fn reject(&mut self, mut update: Update, incoming: Incoming, failure: Failure) -> Result<(), TaskFailure> {
        advance(&mut update, Input::Reject)?;
        self.outbox.push(update.rejection(incoming, failure));
        Ok(())
    }

    /// After acceptance a failure is the update's outcome; the run goes on.
    pub(super) fn complete_update(
        &mut self,
        mut update: Update,
        result: Result<Option<Payloads>, Exit>,
    ) -> Result<(), TaskFailure> {
        let result = match result {
            Ok(result) => Ok(result),
            Err(Exit::Failed(failure)) => Err(*failure),
            Err(Exit::Task(failure)) => return Err(failure),
            Err(Exit::ContinueAsNew(_)) => {
                return Err(TaskFailure::new(
                    "an update handler can't continue as new: let it change the state, and the main routine act on it",
                ));
            }
        };
        advance(&mut update, Input::Complete)?;
        let mut journal = self.shared.journal();
        let what = What::CompleteUpdate {
            update_id: update.meta.update_id.clone(),
        };
        journal.issue_message(what, format!("{}/complete", update.message_id));
        if !journal.replaying {
            drop(journal);
            self.outbox.push(update.outcome(result));
        }
        Ok(())
    }
}

fn advance(update: &mut Update, input: Input) -> Result<(), TaskFailure> {
    let (state, _) = update
        .state
        .on(input)
        .map_err(|_| TaskFailure::new(format!("update {} was answered twice", update.protocol_instance_id)))?;
    update.state = state;
    Ok(())
}

fn request(incoming: &Incoming) -> UpdateRequest {
    let request = &incoming.request;
    let meta = request.meta.clone().unwrap_or_default();
    let input = request.input.clone().unwrap_or_default();
    UpdateRequest {
        id: meta.update_id,
        identity: meta.identity,
        name: input.name,
        arguments: input.args,
        header: input.header,
    }
}
