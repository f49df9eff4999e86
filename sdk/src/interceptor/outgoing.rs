//! What goes out, and its headers.

use super::Headers;
use steadfast_core::LocalActivityAttributes;
use steadfast_proto::{
    command::{
        ContinueAsNewWorkflowExecutionCommandAttributes, ScheduleActivityTaskCommandAttributes,
        SignalExternalWorkflowExecutionCommandAttributes, StartChildWorkflowExecutionCommandAttributes,
    },
    common::Header,
    schedule::{ScheduleAction, schedule_action::Action},
    update::{Input, Request},
    workflowservice::{
        CreateScheduleRequest, QueryWorkflowRequest, SignalWithStartWorkflowExecutionRequest,
        SignalWorkflowExecutionRequest, StartActivityExecutionRequest, StartWorkflowExecutionRequest,
        UpdateScheduleRequest, UpdateWorkflowExecutionRequest,
    },
};

/// What goes out, to the server or from a workflow, and the headers that go with it.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Outgoing<M> {
    /// As the server will see it, but for the headers, which are not in it.
    pub message: M,
    /// What travels beside it.
    pub headers: Headers,
}

/// A message of the API that has a place for headers.
pub(crate) trait Carrier {
    /// The place; `None` for what the message has none for after all.
    fn header(&mut self) -> Option<&mut Option<Header>>;
}

/// Takes a message's headers out.
pub(crate) fn outgoing<M: Carrier>(mut message: M) -> Outgoing<M> {
    let headers = Headers::of(message.header().and_then(Option::take));
    Outgoing { message, headers }
}

/// Puts them back.
pub(crate) fn message<M: Carrier>(mut outgoing: Outgoing<M>) -> M {
    if let Some(header) = outgoing.message.header() {
        *header = outgoing.headers.into_header();
    }
    outgoing.message
}

macro_rules! carriers {
    ($($message:ty)*) => {$(
        impl Carrier for $message {
            fn header(&mut self) -> Option<&mut Option<Header>> {
                Some(&mut self.header)
            }
        }
    )*};
}

carriers! {
    StartActivityExecutionRequest
    StartWorkflowExecutionRequest
    SignalWithStartWorkflowExecutionRequest
    SignalWorkflowExecutionRequest
    ScheduleActivityTaskCommandAttributes
    StartChildWorkflowExecutionCommandAttributes
    SignalExternalWorkflowExecutionCommandAttributes
    ContinueAsNewWorkflowExecutionCommandAttributes
    LocalActivityAttributes
}

impl<M: Carrier> Carrier for Box<M> {
    fn header(&mut self) -> Option<&mut Option<Header>> {
        M::header(self)
    }
}

impl Carrier for QueryWorkflowRequest {
    fn header(&mut self) -> Option<&mut Option<Header>> {
        Some(&mut self.query.get_or_insert_default().header)
    }
}

impl Carrier for UpdateWorkflowExecutionRequest {
    fn header(&mut self) -> Option<&mut Option<Header>> {
        let request = self.request.get_or_insert_with(Request::default);
        Some(&mut request.input.get_or_insert_with(Input::default).header)
    }
}

impl Carrier for CreateScheduleRequest {
    fn header(&mut self) -> Option<&mut Option<Header>> {
        scheduled(self.schedule.as_mut()?.action.as_mut()?)
    }
}

impl Carrier for UpdateScheduleRequest {
    fn header(&mut self) -> Option<&mut Option<Header>> {
        scheduled(self.schedule.as_mut()?.action.as_mut()?)
    }
}

fn scheduled(action: &mut ScheduleAction) -> Option<&mut Option<Header>> {
    match action.action.as_mut()? {
        Action::StartWorkflow(start) => Some(&mut start.header),
    }
}
