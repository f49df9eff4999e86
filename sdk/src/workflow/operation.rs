//! A command that was issued, until it is resolved or nobody wants to know any more.

use crate::interceptor::intercepted;
use std::{
    panic::Location,
    task::{Context, Poll},
};
use steadfast_core::{Command, Host, OperationId, Resolution};

/// A command that was issued. Dropping it before it is resolved releases it: a timer is cancelled, an activity runs on.
pub(crate) struct Operation {
    host: Host,
    id: Option<OperationId>,
}

impl Operation {
    /// Issues a command, on behalf of this line of workflow code.
    pub(crate) fn issue(host: &Host, command: Command, location: &'static Location<'static>) -> Self {
        let id = Some(host.ask_from(intercepted(host, command), location));
        Self { host: host.clone(), id }
    }

    /// Ready once, and never again after that; for a child workflow or a Nexus operation first when it started, then when it ended.
    pub(crate) fn poll(&mut self, context: &mut Context<'_>) -> Poll<Resolution> {
        let Some(id) = self.id else { return Poll::Pending };
        let resolution = self.host.poll(id, context);
        // What only started is still to end.
        let starts = |resolution: &Resolution| {
            matches!(
                resolution,
                Resolution::Started { .. } | Resolution::OperationStarted { .. }
            )
        };
        if matches!(&resolution, Poll::Ready(resolution) if !starts(resolution)) {
            self.id = None;
        }
        resolution
    }

    /// Asks for its cancellation. It is still to be polled for what comes of it.
    pub(crate) fn cancel(&self) {
        if let Some(id) = self.id {
            self.host.cancel(id);
        }
    }
}

impl Drop for Operation {
    fn drop(&mut self) {
        if let Some(id) = self.id.take() {
            self.host.release(id);
        }
    }
}
