//! One value, from one piece of a workflow's code to another.
//!
//! ```
//! use steadfast::{prelude::*, workflow::oneshot};
//!
//! #[derive(Default)]
//! struct Question;
//!
//! #[workflow]
//! impl Question {
//!     #[run]
//!     async fn run(ctx: WorkflowContext<Self>) -> WorkflowResult<Option<u32>> {
//!         let (sender, receiver) = oneshot::channel();
//!         let think = async {
//!             ctx.sleep(days(365)).await?;
//!             let _ = sender.send(42);
//!             Ok::<_, Cancelled>(())
//!         };
//!         let (thought, answer) = join!(think, receiver.receive(&ctx));
//!         thought?;
//!         Ok(answer?)
//!     }
//! }
//! ```

use super::{Cancelled, WorkflowContext, mpsc};
use std::{future::Future, panic::Location};

/// A channel for one value.
#[must_use]
pub fn channel<T>() -> (Sender<T>, Receiver<T>) {
    let (sender, receiver) = mpsc::unbounded_channel();
    (Sender(sender), Receiver(receiver))
}

/// Sends the value.
#[derive(Debug)]
pub struct Sender<T>(mpsc::UnboundedSender<T>);

/// Receives the value.
#[derive(Debug)]
pub struct Receiver<T>(mpsc::UnboundedReceiver<T>);

impl<T> Sender<T> {
    /// Sends the value.
    ///
    /// # Errors
    /// The receiver is gone; the value comes back.
    pub fn send(self, value: T) -> Result<(), mpsc::Closed<T>> {
        self.0.send(value)
    }

    /// Whether the receiver is gone.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.0.is_closed()
    }
}

impl<T> Receiver<T> {
    /// Waits for the value; `None` if the sender is gone without one.
    ///
    /// # Errors
    /// The workflow was cancelled meanwhile.
    #[track_caller]
    pub fn receive<S>(
        mut self,
        ctx: &WorkflowContext<S>,
    ) -> impl Future<Output = Result<Option<T>, Cancelled>> + Send + use<S, T>
    where
        T: Send,
    {
        let (host, location) = (ctx.host().clone(), Location::caller());
        async move { self.0.receive_from(&host, location).await }
    }

    /// The value, if it was sent.
    #[must_use]
    pub fn try_receive(&mut self) -> Option<T> {
        self.0.try_receive()
    }
}
