//! A Temporal-compatible server as a library and a binary.
//!
//! [`Server::builder`] starts one inside the process, in less than a millisecond: a client in the same process calls its
//! [`workflow_service`](Server::workflow_service) directly, without sockets and encoding; with the feature `grpc`,
//! [`Server::listen`] serves any other over a port.
//!
//! With [`Time::Virtual`] the server's time jumps over every wait as soon as nothing else is left to do.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use steadfast_proto::{tonic::Request, workflowservice::GetSystemInfoRequest};
//! use steadfast_server::{Server, Time};
//!
//! let server = Server::builder().time(Time::Virtual).start()?;
//! let info = server.workflow_service().get_system_info(Request::new(GetSystemInfoRequest {})).await?;
//! assert!(!info.into_inner().server_version.is_empty());
//! # Ok(())
//! # }
//! ```
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::unreachable,
        clippy::indexing_slicing,
        clippy::string_slice,
        clippy::arithmetic_side_effects
    )
)]

pub mod engine;
#[cfg(feature = "grpc")]
mod grpc;
#[cfg(feature = "grpc")]
mod nexus;
#[cfg(feature = "reflection")]
mod reflection;
mod server;
mod service;

pub use engine::{Limits, SearchAttributeType, Standstill};
#[cfg(feature = "grpc")]
pub use grpc::{ListenError, Listening};
pub use server::{Builder, Hold, Server, StartError, Time};
