//! Tests: a server, a client and workers in one process, in virtual time.
//!
//! [`#[steadfast::test]`](macro@crate::test) gives a test its own [`TestEnv`]. Timers and time-outs pass as soon as nothing else
//! is left to do, so a test of 72 hours takes milliseconds. When it ends, the histories that its workers have made are
//! replayed, so that a workflow whose code is not deterministic fails its own tests.
//!
//! - Activities and child workflows are made up by closures: [`Worker::mock`], [`Worker::mock_activities`],
//!   [`Worker::mock_workflow`]. In a closure, [`attempt`] tells the attempt, and [`never_completes`] what to test time-outs with.
//!   [`TestEnv::activity_calls`] and [`TestEnv::workflow_calls`] are what they were called with.
//! - Activities are plain functions; [`ActivityEnv`] makes the context that they are called with.
//! - [`DevServer`] runs the `temporal` program, for tests on the real server.
//! - [`Replayer`](crate::replay::Replayer) holds recorded histories against the code of today.
//!
//! A test that hangs says what holds the time, and at which lines its workflows wait.

mod activity;
#[cfg(feature = "client")]
mod dev_server;
#[cfg(feature = "server")]
mod environment;
mod error;
mod mock;
#[cfg(feature = "server")]
mod replay;
#[cfg(feature = "server")]
mod run;
#[cfg(all(test, feature = "server"))]
mod tests;

#[allow(unused_imports, reason = "for the text above")]
use crate::Worker;
pub use crate::activity::mock::{attempt, never_completes};
pub use activity::ActivityEnv;
#[cfg(feature = "client")]
pub use dev_server::{DevServer, DevServerBuilder, DevServerError};
#[cfg(feature = "server")]
pub use environment::TestEnv;
pub use error::{TestError, TestResult};
pub(crate) use mock::{Mocked, Mocks};
#[cfg(feature = "server")]
#[doc(hidden)]
pub use run::{TestOutput, run_test};
