//! What synchronous handlers may have beside the state.

use super::{UpdateInfo, WorkflowInfo, context::uuid4};
use crate::{convert::Converter, interceptor::Headers};
use std::{fmt, time::SystemTime};
use steadfast_core::Host;

/// What synchronous handlers, `#[init]` and validators may have beside the state: facts, no commands.
///
/// A parameter of this type is optional wherever they are declared.
#[derive(Clone)]
pub struct HandlerContext {
    host: Host,
    converter: Converter,
    reads_only: bool,
}

impl fmt::Debug for HandlerContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HandlerContext").finish_non_exhaustive()
    }
}

impl HandlerContext {
    pub(crate) fn writing(host: Host, converter: Converter) -> Self {
        Self {
            host,
            converter,
            reads_only: false,
        }
    }

    /// For queries and validators, which leave no trace in the history and so must not change anything.
    pub(crate) fn reading(host: Host, converter: Converter) -> Self {
        Self {
            reads_only: true,
            ..Self::writing(host, converter)
        }
    }

    /// The workflow's time: that of the current workflow task's start, the same on replay.
    #[must_use]
    pub fn now(&self) -> SystemTime {
        self.host.now()
    }

    /// Ids, times and settings of the execution.
    #[must_use]
    pub fn info(&self) -> WorkflowInfo {
        WorkflowInfo::new(self.host.info(), self.converter.clone())
    }

    /// What came beside the message's arguments. What the workflow was started with is in [`info`](Self::info).
    #[must_use]
    pub fn message_headers(&self) -> Headers {
        Headers::of(self.host.message_header())
    }

    /// The update whose handler calls this; `None` elsewhere. Its id tells a request that is sent again from a new one.
    #[must_use]
    pub fn current_update(&self) -> Option<UpdateInfo> {
        UpdateInfo::current(&self.host)
    }

    /// Whether the code is being replayed. For logs and metrics; decisions must not depend on it.
    #[must_use]
    pub fn is_replaying(&self) -> bool {
        self.host.is_replaying()
    }

    /// The next number of the execution's random sequence, the same on replay.
    ///
    /// # Panics
    /// In a query or a validator: those are not replayed, and the numbers after it would differ. The query fails, or the
    /// update is rejected.
    #[must_use]
    #[track_caller]
    pub fn random(&self) -> u64 {
        self.assert_recorded("random");
        self.host.random()
    }

    /// A random UUID (version 4), the same on replay.
    ///
    /// # Panics
    /// As [`random`](Self::random).
    #[must_use]
    #[track_caller]
    pub fn uuid4(&self) -> String {
        self.assert_recorded("uuid4");
        uuid4(&self.host)
    }

    /// What encodes and decodes values here.
    #[must_use]
    pub fn converter(&self) -> &Converter {
        &self.converter
    }

    pub(super) fn host(&self) -> &Host {
        &self.host
    }

    #[track_caller]
    fn assert_recorded(&self, what: &str) {
        assert!(
            !self.reads_only,
            "`{what}` at {} can't be used in a query or a validator: they are not replayed, so later numbers would differ",
            std::panic::Location::caller()
        );
    }
}
