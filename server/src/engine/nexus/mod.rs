//! Nexus: operations that workflows call by name on an endpoint, and that a worker on the endpoint's queue handles.
//!
//! A request to a handler ([`delivery`]) is tried again until it is answered. An operation is complete with that
//! answer, or it is started by it and completed later by what the handler started (`callback`). An endpoint that can't be
//! reached is left alone for a while ([`breaker`]).

pub(crate) mod breaker;
mod command;
pub(crate) mod delivery;
pub(crate) mod describe;
pub(crate) mod endpoint;
pub(crate) mod failure;
pub(crate) mod operation;
pub(crate) mod outbound;
pub(crate) mod task;
