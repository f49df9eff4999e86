//! Durable workflows for Rust, compatible with Temporal.

#![cfg_attr(test, allow(clippy::needless_pass_by_value))]

pub mod activity;
pub mod client;
pub mod convert;
pub mod error;
mod handle;
pub mod prelude;
pub mod testing;
pub mod worker;
pub mod workflow;

pub use client::Client;
pub use handle::{Handle, HandleCore, Target};
pub use steadfast_macros::*;
pub use worker::Worker;

/// What generated code names. Not for people: it changes without notice.
#[doc(hidden)]
pub mod __private {
    pub use crate::{activity::*, client::*, convert::*, error::*, handle::*, testing::*, worker::*, workflow::*};
    pub use std::{
        boxed::Box, marker::PhantomData, ops::Deref, option::Option, result::Result, string::String, sync::Arc,
    };
    pub use steadfast_core::BoxFuture;
    pub use steadfast_proto::{common::Payloads, failure::Failure};
}

/// A span of time of so many seconds.
#[must_use]
pub const fn secs(seconds: u64) -> std::time::Duration {
    std::time::Duration::from_secs(seconds)
}

/// A span of time of so many minutes.
#[must_use]
pub const fn minutes(minutes: u64) -> std::time::Duration {
    std::time::Duration::from_secs(minutes.saturating_mul(60))
}

/// A span of time of so many hours.
#[must_use]
pub const fn hours(hours: u64) -> std::time::Duration {
    std::time::Duration::from_secs(hours.saturating_mul(3600))
}

/// A span of time of so many days.
#[must_use]
pub const fn days(days: u64) -> std::time::Duration {
    std::time::Duration::from_secs(days.saturating_mul(86400))
}
