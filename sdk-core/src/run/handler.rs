//! Handlers of messages that take a while.

use crate::{BoxFuture, Exit, MessageKind, UpdateRequest, machines::update::Update};
use std::{sync::Arc, task::Waker};
use steadfast_proto::common::{Header, Payloads};

/// A signal's or update's routine.
pub(super) struct Handler {
    pub(super) routine: HandlerRoutine,
    pub(super) waker: Waker,
    /// The message's name.
    pub(super) name: String,
}

pub(super) enum HandlerRoutine {
    /// With its headers.
    Signal(BoxFuture<Result<(), Exit>>, Option<Arc<Header>>),
    Update(
        BoxFuture<Result<Option<Payloads>, Exit>>,
        Box<Update>,
        Arc<UpdateRequest>,
    ),
}

/// What a handler's routine came to.
pub(super) enum Finished {
    Signal(Result<(), Exit>),
    Update(Result<Option<Payloads>, Exit>),
}

impl Handler {
    pub(super) fn kind(&self) -> MessageKind {
        match &self.routine {
            HandlerRoutine::Signal(..) => MessageKind::Signal,
            HandlerRoutine::Update(..) => MessageKind::Update,
        }
    }

    pub(super) fn describe(&self) -> String {
        match self.update() {
            None => format!("signal {}", self.name),
            Some(update) => format!("update {} ({})", self.name, update.id),
        }
    }

    pub(super) fn update(&self) -> Option<&Arc<UpdateRequest>> {
        match &self.routine {
            HandlerRoutine::Update(_, _, request) => Some(request),
            HandlerRoutine::Signal(..) => None,
        }
    }

    /// Those of an update are its request's.
    pub(super) fn header(&self) -> Option<&Arc<Header>> {
        match &self.routine {
            HandlerRoutine::Update(..) => None,
            HandlerRoutine::Signal(_, header) => header.as_ref(),
        }
    }
}
