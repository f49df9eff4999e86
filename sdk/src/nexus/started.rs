//! An operation that takes a while.

use std::{fmt, marker::PhantomData};

/// What an operation answers that takes a while; its result, an `O`, comes later.
///
/// A workflow gives it, when it is started by [`NexusContext::workflow`](super::NexusContext::workflow). Anything else makes it of a
/// token of its own, by which a `#[cancel(..)]` method will know the operation, and reports the result to the
/// [callback](super::NexusContext::callback).
pub struct StartedOperation<O> {
    token: String,
    output: PhantomData<fn() -> O>,
}

impl<O> StartedOperation<O> {
    /// An operation that is known by this token, which must not be empty.
    pub fn with_token(token: impl Into<String>) -> Self {
        Self {
            token: token.into(),
            output: PhantomData,
        }
    }

    /// What the operation is known by.
    #[must_use]
    pub fn token(&self) -> &str {
        &self.token
    }

    pub(crate) fn into_token(self) -> String {
        self.token
    }
}

impl<O> fmt::Debug for StartedOperation<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("StartedOperation").field(&self.token).finish()
    }
}
