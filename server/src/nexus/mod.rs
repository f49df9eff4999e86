//! Nexus over HTTP: requests to handlers elsewhere, and the callbacks by which those complete what they started.

mod callback;
mod content;
mod failure;
mod outbound;
#[cfg(feature = "tls")]
mod tls;

pub(crate) use callback::{CALLBACK_PATH, CallbackFront};
pub(crate) use outbound::{CALLS_MAX, perform};
#[cfg(feature = "tls")]
pub(crate) use tls::Trust;

/// What is read of an answer or of a callback: more than any result may have.
const BODY_BYTES_MAX: usize = 4 * 1024 * 1024;

/// The header that says how an operation ended.
const OPERATION_STATE: &str = "nexus-operation-state";
/// The header with what the handler calls an operation.
const OPERATION_TOKEN: &str = "nexus-operation-token";
/// The header with what belongs to an operation.
const LINK: &str = "nexus-link";
