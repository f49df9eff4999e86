//! The server, driven from outside: by a worker and a client that speak the protocol by hand.
#![allow(deprecated, reason = "clients of every age speak to a server")]

mod activity;
mod activity_operation;
mod batch;
#[cfg(feature = "grpc")]
mod binary;
mod child;
mod continuation;
#[cfg(feature = "grpc")]
mod grpc;
mod limits;
mod namespace;
mod query;
mod refusal;
mod removal;
mod reset;
mod schedule;
mod start;
mod support;
mod update;
mod virtual_time;
mod visibility;
mod worker;
mod workflow_task;
