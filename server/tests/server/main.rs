//! The server, driven from outside: by a worker and a client that speak the protocol by hand.
#![allow(deprecated, reason = "clients of every age speak to a server")]

mod activity;
mod activity_operation;
mod batch;
#[cfg(feature = "grpc")]
mod binary;
mod child;
mod continuation;
mod deployment;
mod endpoint;
#[cfg(feature = "grpc")]
mod external_target;
#[cfg(feature = "grpc")]
mod grpc;
mod handler;
mod limits;
mod methods;
mod namespace;
mod nexus;
mod pause;
mod query;
mod refusal;
mod removal;
mod reset;
mod scale;
mod schedule;
mod schedule_list;
mod schedule_spec;
mod standalone_activity;
mod standalone_operation;
mod start;
mod support;
mod task_queue;
mod task_queue_description;
mod time_skipping;
mod update;
mod virtual_time;
mod visibility;
mod worker;
mod workflow_task;
