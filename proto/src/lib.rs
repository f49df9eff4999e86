//! Wire types of the Temporal API.
//!
//! Generated from the `.proto` text in `protos/` and checked in, so that nobody who uses Steadfast needs `protoc` or
//! runs a build script. Bytes fields are [`bytes::Bytes`], maps are ordered ([`Metadata`] is that of payloads), the
//! attributes of commands are boxed, and those of events are [`Shared`].
//!
//! The packages are reachable by their last name: `temporal.api.history.v1` is [`history`].
//!
//! Features: `client` adds the gRPC clients over a tonic channel, `server` the service traits with their gRPC front, `json`
//! reads and writes the JSON of histories and all other messages, `descriptors` adds the descriptors for reflection.

#[allow(
    missing_docs,
    unreachable_pub,
    unused_qualifications,
    elided_lifetimes_in_paths,
    deprecated,
    clippy::all,
    clippy::use_self,
    clippy::needless_pass_by_value,
    clippy::or_fun_call,
    rustdoc::all
)]
mod generated {
    include!("generated/mod.rs");
}

#[cfg(feature = "server")]
mod call;
pub mod carrier;
mod duration;
mod event;
pub mod failure;
#[cfg(feature = "json")]
pub mod json;
pub mod link;
mod metadata;
mod name;
pub mod payload;
mod shared;
pub mod small_map;

/// The encoded `FileDescriptorSet` of everything here, for reflection.
#[cfg(feature = "descriptors")]
pub const DESCRIPTORS: &[u8] = include_bytes!("descriptors.bin");

pub use bytes;
#[cfg(feature = "server")]
pub use call::{Call, CallFuture, Services};
pub use carrier::{Carrier, Visitor};
pub use duration::{duration, std_duration, system_time, timestamp};
pub use generated::temporal::api::{
    activity::v1 as activity, batch::v1 as batch, callback::v1 as callback, command::v1 as command,
    common::v1 as common, compute::v1 as compute, deployment::v1 as deployment, enums::v1 as enums,
    errordetails::v1 as errordetails, export::v1 as export, filter::v1 as filter, history::v1 as history,
    namespace::v1 as namespace, nexus::v1 as nexus, nexusoperation::v1 as nexusoperation,
    nexusservices::workerservice::v1 as workerservice, notificationservice::v1 as notificationservice,
    operatorservice::v1 as operatorservice, protocol::v1 as protocol, query::v1 as query,
    replication::v1 as replication, rules::v1 as rules, schedule::v1 as schedule, sdk::v1 as sdk,
    taskqueue::v1 as taskqueue, testservice::v1 as testservice, update::v1 as update, version::v1 as version,
    worker::v1 as worker, workflow::v1 as workflow, workflowservice::v1 as workflowservice,
};
pub use generated::{google::rpc, grpc::health::v1 as health};
pub use metadata::Metadata;
pub use name::capitals;
pub use prost;
pub use prost_types;
pub use shared::Shared;
pub use small_map::{SmallMap, SmallSet};
#[cfg(any(feature = "client", feature = "server"))]
pub use tonic;
