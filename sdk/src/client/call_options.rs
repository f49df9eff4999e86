//! How calls are made.

use super::{CallRetry, Client, Code, RpcError, ToClient, WorkflowHandle};
#[cfg(feature = "client")]
use super::{builder::header, connection::Headers};
use crate::{
    handle::{Handle, HandleCore},
    workflow::Workflow,
};
use std::{fmt, time::Duration};

/// How calls are made: their headers, how long they may take, when they are tried again.
///
/// A client or a handle [with options](Client::with_call_options) is another one on the same connection, so that a single
/// call can have some of its own:
///
/// ```no_run
/// use steadfast::{client::{CallOptions, CallRetry, Client}, secs};
///
/// # async fn example(client: Client) -> Result<(), Box<dyn std::error::Error>> {
/// let quick = CallOptions::new().timeout(secs(2)).retry(CallRetry::never()).header("tenant", "7");
/// println!("{}", client.with_call_options(quick).count("WorkflowType = 'Approval'").await?);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Default)]
#[must_use = "give it to `Client::with_call_options`"]
pub struct CallOptions {
    pub(super) timeout: Option<Duration>,
    pub(super) retry: Option<CallRetry>,
    #[cfg(feature = "client")]
    headers: Headers,
    /// The name of a header that cannot be sent.
    malformed: Option<String>,
}

impl CallOptions {
    /// As calls are made without options.
    pub fn new() -> Self {
        Self::default()
    }

    /// How long a call may take, all its attempts included: [`DeadlineExceeded`](Code::DeadlineExceeded) otherwise.
    ///
    /// Unless it is set an attempt has 30 s. The wait for a result takes as many calls as it needs, unless it is set.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// When a call that failed is tried again, in place of what the client was built with.
    pub fn retry(mut self, retry: CallRetry) -> Self {
        self.retry = Some(retry);
        self
    }

    /// A header that is sent along, in place of another of the name. One that cannot be sent is told by the call. In this
    /// process none are sent.
    #[cfg(feature = "client")]
    pub fn header(mut self, name: impl AsRef<str>, value: impl AsRef<str>) -> Self {
        match header(name.as_ref(), value.as_ref()) {
            Ok(header) => self.headers.push(header),
            Err(_) => self.malformed = Some(name.as_ref().to_owned()),
        }
        self
    }

    #[cfg(feature = "client")]
    pub(super) fn headers(&self) -> &Headers {
        &self.headers
    }

    /// Whether calls can be made like this.
    pub(super) fn check(&self) -> Result<(), RpcError> {
        let Some(name) = &self.malformed else { return Ok(()) };
        let message = format!(
            "the header \"{name}\" of the call has characters that cannot be sent: letters, digits and signs of ASCII are \
             expected"
        );
        Err(RpcError::new(Code::InvalidArgument, message))
    }
}

/// What is in headers stays out of logs.
impl fmt::Debug for CallOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallOptions")
            .field("timeout", &self.timeout)
            .field("retry", &self.retry)
            .finish_non_exhaustive()
    }
}

impl Client {
    /// The same client, whose calls, and those of handles that it gives, are made as these options say and no others.
    #[must_use]
    pub fn with_call_options(&self, options: CallOptions) -> Self {
        self.with_connection(self.connection().with_options(options))
    }
}

impl<W: Workflow + ?Sized> HandleCore<W, ToClient> {
    /// The same handle, whose calls are made as these options say.
    #[must_use]
    pub fn with_call_options(&self, options: CallOptions) -> WorkflowHandle<W> {
        Handle::of(self.target.with_client(self.target.client().with_call_options(options)))
    }
}
