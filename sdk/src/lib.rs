//! Durable workflows for Rust, compatible with Temporal.
//!
//! A *workflow* is a plain struct whose code survives crashes: whatever it has done is recorded in a history, and found
//! there again when the code runs once more. The work itself is done by *activities*, plain functions that the server
//! retries. *Workers* run both; *clients* start workflows and talk to them. All of it speaks the protocol of Temporal,
//! with servers, tools and other languages alike.
//!
//! ```no_run
//! use steadfast::prelude::*; // and `serde` in `Cargo.toml`
//!
//! #[activity]
//! async fn send_email(to: String) -> Result<(), ActivityError> {
//!     if to.is_empty() {
//!         return Err(ActivityError::new("nobody to send it to").non_retryable());
//!     }
//!     Ok(())
//! }
//!
//! #[derive(Default)]
//! pub struct Approval {
//!     decision: Option<bool>,
//! }
//!
//! #[workflow]
//! impl Approval {
//!     #[run]
//!     async fn run(ctx: WorkflowContext<Self>, who: String) -> WorkflowResult<String> {
//!         ctx.activity::<send_email>(who).start_to_close_timeout(secs(30)).await?;
//!         let Some(approved) = ctx.wait_some(|s| s.decision).timeout(hours(72)).await? else {
//!             return Ok("timed out".into());
//!         };
//!         Ok(if approved { "approved" } else { "refused" }.into())
//!     }
//!
//!     #[signal]
//!     fn decide(&mut self, approved: bool) {
//!         self.decision = Some(approved);
//!     }
//!
//!     #[query]
//!     fn status(&self) -> Option<bool> {
//!         self.decision
//!     }
//! }
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let client = Client::connect("localhost:7233").await?;
//! tokio::spawn(Worker::new(&client, "approvals").workflow::<Approval>().activity::<send_email>().run());
//!
//! let approval = client.start::<Approval>("ada@example.com".into()).id("order-1").task_queue("approvals").await?;
//! approval.decide(true).await?; // its messages are the handle's methods
//! assert_eq!(approval.status().await?, Some(true));
//! assert_eq!(approval.result().await?, "approved");
//! # Ok(())
//! # }
//! ```
//!
//! # Where to go on
//!
//! - [`mod@activity`]: the work, its options, heartbeats, cancellation.
//! - [`mod@workflow`]: what workflow code may do: [`WorkflowContext`](workflow::WorkflowContext).
//! - [`nexus`]: services that workflows of other teams call.
//! - [`client`]: starting workflows, messages, results.
//! - [`worker`]: who runs it all.
//! - [`testing`]: server, client and worker in one process, without waiting for timers.
//! - [`replay`]: recorded histories against the code of today.
//! - [`plugin`]: settings that belong together.
//! - [`error`]: what `?` takes, and what is matched on the other side.
//! - [`convert`]: how values travel.
//! - [`interceptor`]: code around every call, and headers.
//! - [`metrics`]: numbers about clients and workers, and users' own.
//! - [`search_attribute`]: values by which workflows are found.
//!
//! # Features
//!
//! | feature | default | what for |
//! |---|---|---|
//! | `client` | yes | servers over gRPC |
//! | `server` | yes | the embedded server: tests, programs of one process |
//! | `config` | no | settings from environment variables and `temporal.toml` |
//! | `tls` | no | encrypted connections |
//! | `gzip` | no | compressed calls, for those who ask for it |
//! | `opentelemetry` | no | traces and metrics to OpenTelemetry |
//! | `prometheus` | no | metrics to Prometheus |
//! | `bincode` | no | values as `binary/bincode` |

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

// Generated code names this crate, also in its own tests.
extern crate self as steadfast;

pub mod activity;
mod checks;
pub mod client;
#[cfg(feature = "codec-server")]
pub mod codec_server;
pub mod convert;
pub mod error;
mod handle;
#[cfg(any(feature = "codec-server", feature = "prometheus"))]
mod http;
mod id;
pub mod interceptor;
pub mod metrics;
pub mod nexus;
#[cfg(feature = "opentelemetry")]
pub mod opentelemetry;
pub mod plugin;
pub mod prelude;
mod priority;
pub mod replay;
pub mod search_attribute;
pub mod testing;
pub mod worker;
pub mod workflow;

pub use activity::RetryPolicy;
pub use client::Client;
pub use error::ApplicationError;
pub use handle::{Handle, HandleCore, Target, UpdateTarget};
pub use priority::Priority;
pub use steadfast_macros::{ApplicationError, activities, activity, nexus_service, test, workflow};
pub use worker::Worker;

/// The messages of the Temporal API, for [`Client::call`] and for what is handed out as it came.
pub mod proto {
    pub use steadfast_proto::{
        activity, batch, bytes, command, common, deployment, duration, enums, errordetails, failure, filter, history,
        namespace, nexus, operatorservice, prost, protocol, query, rules, schedule, sdk, std_duration, system_time,
        taskqueue, timestamp, update, version, worker, workflow, workflowservice,
    };
}

/// What generated code names. Not for people: it changes without notice.
#[doc(hidden)]
pub mod __private {
    pub use crate::{
        activity::*, checks::*, client::*, convert::*, error::*, handle::*, nexus::*, testing::*, worker::*,
        workflow::*,
    };
    pub use std::{
        borrow::Cow, boxed::Box, marker::PhantomData, ops::Deref, option::Option, result::Result, string::String,
        sync::Arc, vec::Vec,
    };
    pub use steadfast_core::BoxFuture;
    pub use steadfast_proto::{common::Payloads, failure::Failure};
}

use std::time::Duration;

/// What histories and tools call this SDK.
pub(crate) const SDK_NAME: &str = "steadfast";
pub(crate) const SDK_VERSION: &str = env!("CARGO_PKG_VERSION");

/// So many seconds.
#[must_use]
pub const fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// So many minutes.
#[must_use]
pub const fn minutes(minutes: u64) -> Duration {
    Duration::from_secs(minutes.saturating_mul(60))
}

/// So many hours.
#[must_use]
pub const fn hours(hours: u64) -> Duration {
    Duration::from_secs(hours.saturating_mul(60 * 60))
}

/// So many days.
#[must_use]
pub const fn days(days: u64) -> Duration {
    Duration::from_secs(days.saturating_mul(24 * 60 * 60))
}
