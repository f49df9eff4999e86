//! Failures as they are told, and as they are read.

use steadfast_proto::{
    Carrier, Visitor,
    carrier::{FailureText, Marker, Subject},
    common::{Header, Payload},
    failure::Failure,
    protocol::Message,
};

/// Changes failures on their way out and in: to leave out what nobody else should read, to give those of another system's the types
/// that code here knows.
///
/// Errors are made into failures first, and failures into errors after. Each of a chain of causes is shown by itself, the outermost
/// first; what a failure says is readable here, also if it is [encoded](crate::client::ClientBuilder::encode_failures).
///
/// It runs again when a workflow is replayed, so it must be the same for the same failure.
///
/// ```
/// use steadfast::{Client, convert::FailureConverter, proto::failure::Failure};
///
/// /// Stack traces stay here.
/// struct Short;
///
/// impl FailureConverter for Short {
///     fn outgoing(&self, failure: &mut Failure) {
///         failure.stack_trace.clear();
///     }
/// }
///
/// # fn example() -> steadfast::client::ClientBuilder {
/// Client::builder().failure_converter(Short)
/// # }
/// ```
pub trait FailureConverter: Send + Sync + 'static {
    /// Changes a failure that leaves the process.
    fn outgoing(&self, failure: &mut Failure) {
        let _ = failure;
    }

    /// Changes a failure that comes into the process.
    fn incoming(&self, failure: &mut Failure) {
        let _ = failure;
    }
}

/// Shows each failure in a message to somebody.
pub(super) struct Failures<F>(pub(super) F);

impl<'a, F: FnMut(&mut Failure)> Visitor<'a> for Failures<F> {
    fn failure(&mut self, failure: &mut Failure) {
        (self.0)(failure);
    }

    fn marker(&mut self, marker: Marker<'a>) {
        marker.failure.visit(self);
    }

    fn payload(&mut self, _: &'a mut Payload) {}
    fn header(&mut self, _: &'a mut Header) {}
    fn attributes(&mut self, _: FailureText<'a>) {}
    fn message(&mut self, _: &'a mut Message) {}
    fn enter(&mut self, _: Subject<'_>) {}
    fn leave(&mut self) {}
}
