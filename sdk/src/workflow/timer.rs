//! Sleeping, in the server's time.

use super::{Cancelled, operation::Operation};
use std::{
    future::{Future, IntoFuture},
    panic::Location,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};
use steadfast_core::{Command, Host, Resolution};
use steadfast_proto::{common::Payload, sdk::UserMetadata};

/// A sleep that has not begun. Made by [`WorkflowContext::sleep`](super::WorkflowContext::sleep).
#[must_use = "a sleep does nothing until it is awaited or `.start()`ed"]
pub struct Sleep {
    host: Host,
    duration: Duration,
    location: &'static Location<'static>,
    summary: Option<Payload>,
}

impl Sleep {
    #[track_caller]
    pub(super) fn new(host: Host, duration: Duration) -> Self {
        Self {
            host,
            duration,
            location: Location::caller(),
            summary: None,
        }
    }

    /// One line that tools show beside the timer.
    pub fn summary(mut self, summary: impl Into<String>) -> Self {
        self.summary = Some(super::metadata::text(&summary.into()));
        self
    }

    /// Starts the timer now; it is awaited later.
    pub fn start(self) -> Timer {
        self.into_future()
    }
}

impl IntoFuture for Sleep {
    type Output = Result<(), Cancelled>;
    type IntoFuture = Timer;

    fn into_future(self) -> Timer {
        let command = Command::Timer {
            duration: self.duration,
            user_metadata: self.summary.map(|summary| UserMetadata {
                summary: Some(summary),
                ..UserMetadata::default()
            }),
        };
        Timer(Operation::issue(&self.host, command, self.location))
    }
}

/// A timer that runs. Dropping it cancels it.
#[must_use = "dropping a timer cancels it"]
pub struct Timer(Operation);

impl Timer {
    /// Cancels the timer: awaiting it returns `Err(Cancelled)`.
    pub fn cancel(&self) {
        self.0.cancel();
    }
}

impl Future for Timer {
    type Output = Result<(), Cancelled>;

    fn poll(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.poll(task).map(|resolution| match resolution {
            Resolution::Fired => Ok(()),
            _ => Err(Cancelled),
        })
    }
}
