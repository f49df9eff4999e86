//! Tests: a server, a client and workers in one process, in virtual time.
//!
//! [`#[steadfast::test]`](macro@crate::test) gives a test its own [`TestEnv`]. Timers and time-outs pass as soon as nothing else
//! is left to do, so a test of 72 hours takes milliseconds.

#[cfg(feature = "server")]
mod environment;
mod error;
#[cfg(feature = "server")]
mod run;

#[cfg(feature = "server")]
pub use environment::TestEnv;
pub use error::{TestError, TestResult};
#[cfg(feature = "server")]
#[doc(hidden)]
pub use run::run_test;
