//! What users see, on whichever server: the embedded one, or the one that `STEADFAST_TEST_ADDRESS` names.
//!
//! One file a noun. Each test has a server (or at least a task queue) of its own; what could happen in one order or the
//! other is made certain by gates, never by waiting a while. Most end with `check_history`: the same events everywhere.

mod activity;
mod activity_operation;
mod async_activity;
mod batch;
mod cache;
mod call_options;
mod cancel;
mod child;
mod client;
mod client_interceptor;
mod codec;
mod connection;
mod continue_as_new;
mod deployment;
mod dev_server;
mod dynamic;
mod errors;
mod external;
mod failure_policy;
mod handlers;
mod history;
mod interceptor;
mod local_activity;
mod local_activity_stop;
mod log;
mod metrics;
mod nexus;
mod nexus_service;
mod opentelemetry;
mod operator;
mod patch;
mod payload;
mod plugin;
mod query;
mod replay;
mod retry;
mod saga;
mod schedule;
mod search_attribute;
mod signal;
mod standalone_activity;
mod start;
mod terminate;
mod timer;
mod tls;
mod update;
mod worker;
mod worker_load;
mod workflow;
mod workflow_facts;
