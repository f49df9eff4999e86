//! An update: requested by a message, then rejected, or accepted and completed.

use super::Unexpected;
use prost::Name;
use steadfast_proto::{
    common::Payloads,
    failure::Failure,
    prost_types::Any,
    protocol::Message,
    update::{Acceptance, Meta, Outcome, Rejection, Request, Response, outcome},
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// Delivered to code, not yet decided.
    Requested,
    /// Turned down; leaves nothing in history.
    Rejected,
    /// The handler runs.
    Accepted,
    /// The handler is done.
    Completed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Input {
    /// The validator turned it down, or nobody handles it.
    Reject,
    /// The validator let it through.
    Accept,
    /// The handler returned, with a result or a failure.
    Complete,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    /// Send a rejection; no command.
    Reject,
    /// Send an acceptance and a command that names it.
    Accept,
    /// Send the outcome and a command that names it.
    Complete,
}

impl State {
    pub(crate) fn on(self, input: Input) -> Result<(Self, Effect), Unexpected> {
        Ok(match (self, input) {
            (Self::Requested, Input::Reject) => (Self::Rejected, Effect::Reject),
            (Self::Requested, Input::Accept) => (Self::Accepted, Effect::Accept),
            (Self::Accepted, Input::Complete) => (Self::Completed, Effect::Complete),
            // After acceptance a failure is an outcome, not a rejection.
            (Self::Accepted, Input::Reject | Input::Accept)
            | (Self::Requested, Input::Complete)
            | (Self::Rejected | Self::Completed, _) => return Err(Unexpected),
        })
    }
}

/// An update as the protocol knows it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Incoming {
    pub(crate) message_id: String,
    pub(crate) protocol_instance_id: String,
    pub(crate) sequencing_event_id: i64,
    pub(crate) request: Request,
}

/// What is kept of an update until its handler is done.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Update {
    pub(crate) state: State,
    pub(crate) message_id: String,
    pub(crate) protocol_instance_id: String,
    pub(crate) meta: Meta,
}

impl Update {
    pub(crate) fn new(incoming: &Incoming) -> Self {
        Self {
            state: State::Requested,
            message_id: incoming.message_id.clone(),
            protocol_instance_id: incoming.protocol_instance_id.clone(),
            meta: incoming.request.meta.clone().unwrap_or_default(),
        }
    }

    pub(crate) fn acceptance(&self, incoming: Incoming) -> Message {
        let body = Acceptance {
            accepted_request_message_id: incoming.message_id,
            accepted_request_sequencing_event_id: incoming.sequencing_event_id,
            accepted_request: Some(incoming.request),
        };
        self.message("accept", &body)
    }

    pub(crate) fn rejection(&self, incoming: Incoming, failure: Failure) -> Message {
        let body = Rejection {
            rejected_request_message_id: incoming.message_id,
            rejected_request_sequencing_event_id: incoming.sequencing_event_id,
            rejected_request: Some(incoming.request),
            failure: Some(failure),
        };
        self.message("reject", &body)
    }

    pub(crate) fn outcome(&self, result: Result<Option<Payloads>, Failure>) -> Message {
        let value = match result {
            Ok(payloads) => outcome::Value::Success(payloads.unwrap_or_default()),
            Err(failure) => outcome::Value::Failure(failure),
        };
        let body = Response {
            meta: Some(self.meta.clone()),
            outcome: Some(Outcome { value: Some(value) }),
        };
        self.message("complete", &body)
    }

    fn message<M: prost::Message + Name>(&self, suffix: &str, body: &M) -> Message {
        Message {
            id: format!("{}/{suffix}", self.message_id),
            protocol_instance_id: self.protocol_instance_id.clone(),
            body: Some(Any {
                type_url: format!("type.googleapis.com/{}", M::full_name()),
                value: body.encode_to_vec(),
            }),
            sequencing_id: None,
        }
    }
}
