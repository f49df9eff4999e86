//! Messages that carry payloads, and the one way through them: every payload of a message is shown to a visitor.
//!
//! Search attributes are not shown: the server reads them. Neither are the data by which an SDK finds its own markers.

use crate::{
    common::{Header, Payload, Payloads},
    failure::Failure,
    protocol::Message,
};
use std::collections::BTreeMap;

/// A message that may carry payloads, on its own or in messages within.
///
/// ```
/// use steadfast_proto::{Carrier, Visitor, carrier::*, command, common, failure, protocol, workflowservice::SignalWorkflowExecutionRequest};
///
/// #[derive(Default)]
/// struct Sizes(Vec<usize>);
///
/// impl<'a> Visitor<'a> for Sizes {
///     fn payload(&mut self, payload: &'a mut common::Payload) {
///         self.0.push(payload.data.len());
///     }
///     fn header(&mut self, _: &'a mut common::Header) {}
///     fn attributes(&mut self, _: FailureText<'a>) {}
///     fn message(&mut self, _: &'a mut protocol::Message) {}
///     fn marker(&mut self, _: Marker<'a>) {}
///     fn enter(&mut self, _: Subject<'_>) {}
///     fn leave(&mut self) {}
/// }
///
/// let mut sizes = Sizes::default();
/// let input = vec![common::Payload::encoded("json/plain", "true")];
/// let mut request = SignalWorkflowExecutionRequest { input: Some(input.into()), ..Default::default() };
/// request.visit(&mut sizes);
/// assert_eq!(sizes.0, [4]);
/// ```
pub trait Carrier {
    /// Shows all that it carries.
    fn visit<'a>(&'a mut self, visitor: &mut dyn Visitor<'a>);
}

/// Is shown what a message carries.
pub trait Visitor<'a> {
    /// A payload.
    fn payload(&mut self, payload: &'a mut Payload);
    /// Headers; whether their payloads are to be seen is the visitor's choice.
    fn header(&mut self, header: &'a mut Header);
    /// A failure, before what it says and carries is shown; its causes follow.
    fn failure(&mut self, failure: &mut Failure) {
        let _ = failure;
    }
    /// What a failure says; the payloads beside it are shown by [`payload`](Self::payload).
    fn attributes(&mut self, text: FailureText<'a>);
    /// A message of the update protocol, whose body is encoded and may carry payloads once it is decoded.
    fn message(&mut self, message: &'a mut Message);
    /// A marker; which of its details are an SDK's own is known by its name.
    fn marker(&mut self, marker: Marker<'a>);
    /// What is shown next is about this workflow or activity, until [`leave`](Self::leave).
    fn enter(&mut self, subject: Subject<'_>);
    /// What is shown next is about what it was about before.
    fn leave(&mut self);
}

/// The parts of a failure that tell people something, and the payload that may hold them instead.
#[derive(Debug)]
pub struct FailureText<'a> {
    /// What went wrong.
    pub message: &'a mut String,
    /// Where.
    pub stack_trace: &'a mut String,
    /// Both of them, where they are to be encoded.
    pub encoded: &'a mut Option<Payload>,
}

/// A recorded marker.
#[derive(Debug)]
pub struct Marker<'a> {
    /// By which the SDK knows its kind.
    pub name: &'a str,
    /// Its details by name.
    pub details: &'a mut BTreeMap<String, Payloads>,
    /// How what it records failed.
    pub failure: &'a mut Option<Failure>,
    /// Its headers.
    pub header: &'a mut Option<Header>,
}

/// What a part of a message is about, as far as it says so itself. An empty text stands for what it doesn't say.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Subject<'a> {
    /// The namespace.
    pub namespace: &'a str,
    /// The workflow's id.
    pub workflow_id: &'a str,
    /// The workflow's type.
    pub workflow_type: &'a str,
    /// The activity's id.
    pub activity_id: &'a str,
    /// The activity's type.
    pub activity_type: &'a str,
    /// The event that scheduled it, if it is an event of something that was scheduled.
    pub scheduled_event_id: i64,
}

impl Carrier for Payload {
    fn visit<'a>(&'a mut self, visitor: &mut dyn Visitor<'a>) {
        visitor.payload(self);
    }
}

impl Carrier for Header {
    fn visit<'a>(&'a mut self, visitor: &mut dyn Visitor<'a>) {
        visitor.header(self);
    }
}

impl Carrier for Message {
    fn visit<'a>(&'a mut self, visitor: &mut dyn Visitor<'a>) {
        visitor.message(self);
    }
}

impl Carrier for Failure {
    fn visit<'a>(&'a mut self, visitor: &mut dyn Visitor<'a>) {
        // A loop, as causes may be many.
        let mut next = Some(self);
        while let Some(failure) = next {
            visitor.failure(failure);
            visitor.attributes(FailureText {
                message: &mut failure.message,
                stack_trace: &mut failure.stack_trace,
                encoded: &mut failure.encoded_attributes,
            });
            failure.failure_info.visit(visitor);
            next = failure.cause.as_deref_mut();
        }
    }
}

macro_rules! markers {
    ($($type:ty),*) => {$(
        impl Carrier for $type {
            fn visit<'a>(&'a mut self, visitor: &mut dyn Visitor<'a>) {
                visitor.marker(Marker {
                    name: &self.marker_name,
                    details: &mut self.details,
                    failure: &mut self.failure,
                    header: &mut self.header,
                });
            }
        }
    )*};
}
markers!(
    crate::command::RecordMarkerCommandAttributes,
    crate::history::MarkerRecordedEventAttributes
);

impl<T: Carrier> Carrier for Option<T> {
    fn visit<'a>(&'a mut self, visitor: &mut dyn Visitor<'a>) {
        if let Some(carrier) = self {
            carrier.visit(visitor);
        }
    }
}

impl<T: Carrier> Carrier for Vec<T> {
    fn visit<'a>(&'a mut self, visitor: &mut dyn Visitor<'a>) {
        for carrier in self {
            carrier.visit(visitor);
        }
    }
}

impl<T: Carrier> Carrier for Box<T> {
    fn visit<'a>(&'a mut self, visitor: &mut dyn Visitor<'a>) {
        (**self).visit(visitor);
    }
}

impl<K, T: Carrier> Carrier for BTreeMap<K, T> {
    fn visit<'a>(&'a mut self, visitor: &mut dyn Visitor<'a>) {
        for carrier in self.values_mut() {
            carrier.visit(visitor);
        }
    }
}

#[rustfmt::skip]
#[allow(deprecated, reason = "payloads in fields that only older servers and SDKs use are payloads, too")]
#[allow(clippy::single_match, reason = "a choice of one today may have more tomorrow")]
mod generated {
    use super::{Carrier, Subject, Visitor};
    use crate::generated::temporal::api;

    include!("generated/carriers.rs");
}
