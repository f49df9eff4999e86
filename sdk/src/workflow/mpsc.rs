//! Values from many pieces of a workflow's code to one.
//!
//! ```
//! use steadfast::{prelude::*, workflow::mpsc};
//!
//! #[derive(Default)]
//! struct Sum;
//!
//! #[workflow]
//! impl Sum {
//!     #[run]
//!     async fn run(ctx: WorkflowContext<Self>) -> WorkflowResult<u64> {
//!         let (sender, mut receiver) = mpsc::channel(1);
//!         let produce = async {
//!             let sender = sender; // dropped at the end, which ends the channel
//!             for number in 0..10 {
//!                 sender.send(&ctx, number).await??; // waits while the channel is full
//!             }
//!             Ok::<_, WorkflowError>(())
//!         };
//!         let consume = async {
//!             let mut sum = 0;
//!             while let Some(number) = receiver.receive(&ctx).await? {
//!                 sum += number;
//!             }
//!             Ok::<_, WorkflowError>(sum)
//!         };
//!         let (produced, sum) = join!(produce, consume);
//!         produced?;
//!         sum
//!     }
//! }
//! ```

use super::{Cancelled, WorkflowContext, permits::Permits};
use std::{
    collections::VecDeque,
    fmt,
    future::Future,
    panic::Location,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use steadfast_core::Host;

/// A channel that holds so many values, at least one; senders wait while it is full.
#[must_use]
pub fn channel<T>(capacity: usize) -> (Sender<T>, Receiver<T>) {
    let room = Permits::new(capacity.max(1));
    let (sender, receiver) = unbounded_channel();
    let sender = Sender {
        values: sender,
        room: room.clone(),
    };
    let room = Room(room);
    (sender, Receiver { values: receiver, room })
}

/// A channel that holds any number of values.
#[must_use]
pub fn unbounded_channel<T>() -> (UnboundedSender<T>, UnboundedReceiver<T>) {
    let values = Values {
        queue: Arc::default(),
        count: Permits::new(0),
        receiver: Permits::new(0),
    };
    let end = Arc::new(End(values.count.clone()));
    let sender = UnboundedSender {
        values: values.clone(),
        _end: end,
    };
    (sender, UnboundedReceiver(values))
}

/// The receiver is gone; the value comes back.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Closed<T>(pub T);

impl<T> fmt::Debug for Closed<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Closed").finish_non_exhaustive()
    }
}

impl<T> fmt::Display for Closed<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the receiver of the channel is gone")
    }
}

impl<T> std::error::Error for Closed<T> {}

/// Sends into a channel that may be full. Clones send into the same.
#[derive(Debug)]
pub struct Sender<T> {
    values: UnboundedSender<T>,
    room: Permits,
}

/// Receives what [`Sender`]s send.
#[derive(Debug)]
pub struct Receiver<T> {
    values: UnboundedReceiver<T>,
    room: Room,
}

/// Sends into a channel that is never full. Clones send into the same.
#[derive(Debug)]
pub struct UnboundedSender<T> {
    values: Values<T>,
    _end: Arc<End>,
}

/// Receives what [`UnboundedSender`]s send.
#[derive(Debug)]
pub struct UnboundedReceiver<T>(Values<T>);

/// What both ends share.
#[derive(Debug)]
struct Values<T> {
    queue: Arc<Mutex<VecDeque<T>>>,
    /// One permit for each value; closed when the last sender is gone.
    count: Permits,
    /// Closed when the receiver is gone.
    receiver: Permits,
}

/// The last sender to go closes the channel.
#[derive(Debug)]
struct End(Permits);

/// Nobody waits for room in a channel that nobody empties.
#[derive(Debug)]
struct Room(Permits);

impl<T> Sender<T> {
    /// Waits until there is room, and sends the value.
    ///
    /// The inner error means that the receiver is gone: `sender.send(&ctx, value).await??`.
    ///
    /// # Errors
    /// The workflow was cancelled meanwhile; the value isn't sent.
    #[track_caller]
    pub fn send<S>(
        &self,
        ctx: &WorkflowContext<S>,
        value: T,
    ) -> impl Future<Output = Result<Result<(), Closed<T>>, Cancelled>> + Send + use<S, T>
    where
        T: Send,
    {
        let acquire = self.room.acquire(1, ctx.host(), Location::caller());
        let values = self.values.values.clone();
        async move {
            let Some(permit) = acquire.await? else {
                return Ok(Err(Closed(value)));
            };
            let sent = values.push(value);
            if sent.is_ok() {
                permit.forget(); // whoever receives it gives it back
            }
            Ok(sent)
        }
    }

    /// Sends the value if there is room. `Ok(Some(value))`: there is none.
    ///
    /// # Errors
    /// The receiver is gone; the value comes back.
    pub fn try_send(&self, value: T) -> Result<Option<T>, Closed<T>> {
        if self.is_closed() {
            return Err(Closed(value));
        }
        let Some(permit) = self.room.try_acquire(1) else {
            return Ok(Some(value));
        };
        self.values.send(value)?;
        permit.forget();
        Ok(None)
    }

    /// Whether the receiver is gone.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.values.is_closed()
    }
}

impl<T> Receiver<T> {
    /// Waits for the next value; `None` when all senders are gone and all values received.
    ///
    /// # Errors
    /// The workflow was cancelled meanwhile.
    #[track_caller]
    pub fn receive<S>(
        &mut self,
        ctx: &WorkflowContext<S>,
    ) -> impl Future<Output = Result<Option<T>, Cancelled>> + Send + use<'_, S, T>
    where
        T: Send,
    {
        let (host, location) = (ctx.host().clone(), Location::caller());
        async move {
            let value = self.values.receive_from(&host, location).await?;
            if value.is_some() {
                self.room.0.add(1);
            }
            Ok(value)
        }
    }

    /// The next value, if there is one.
    #[must_use]
    pub fn try_receive(&mut self) -> Option<T> {
        let value = self.values.try_receive()?;
        self.room.0.add(1);
        Some(value)
    }
}

impl<T> UnboundedSender<T> {
    /// Sends the value.
    ///
    /// # Errors
    /// The receiver is gone; the value comes back.
    pub fn send(&self, value: T) -> Result<(), Closed<T>> {
        self.values.push(value)
    }

    /// Whether the receiver is gone.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.values.receiver.is_closed()
    }
}

impl<T> UnboundedReceiver<T> {
    /// Waits for the next value; `None` when all senders are gone and all values received.
    ///
    /// # Errors
    /// The workflow was cancelled meanwhile.
    #[track_caller]
    pub fn receive<S>(
        &mut self,
        ctx: &WorkflowContext<S>,
    ) -> impl Future<Output = Result<Option<T>, Cancelled>> + Send + use<'_, S, T>
    where
        T: Send,
    {
        let (host, location) = (ctx.host().clone(), Location::caller());
        async move { self.receive_from(&host, location).await }
    }

    /// The next value, if there is one.
    #[must_use]
    pub fn try_receive(&mut self) -> Option<T> {
        self.0.count.try_acquire(1)?.forget();
        self.0.queue().pop_front()
    }

    pub(super) async fn receive_from(
        &mut self,
        host: &Host,
        location: &'static Location<'static>,
    ) -> Result<Option<T>, Cancelled> {
        let Some(permit) = self.0.count.acquire(1, host, location).await? else {
            return Ok(None);
        };
        permit.forget();
        Ok(self.0.queue().pop_front())
    }
}

impl<T> Values<T> {
    fn push(&self, value: T) -> Result<(), Closed<T>> {
        if self.receiver.is_closed() {
            return Err(Closed(value));
        }
        self.queue().push_back(value);
        self.count.add(1);
        Ok(())
    }

    fn queue(&self) -> MutexGuard<'_, VecDeque<T>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Clone for Values<T> {
    fn clone(&self) -> Self {
        Self {
            queue: Arc::clone(&self.queue),
            count: self.count.clone(),
            receiver: self.receiver.clone(),
        }
    }
}

impl<T> Clone for UnboundedSender<T> {
    fn clone(&self) -> Self {
        Self {
            values: self.values.clone(),
            _end: Arc::clone(&self._end),
        }
    }
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        Self {
            values: self.values.clone(),
            room: self.room.clone(),
        }
    }
}

impl Drop for End {
    fn drop(&mut self) {
        self.0.close();
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        self.0.close();
    }
}

impl<T> Drop for UnboundedReceiver<T> {
    fn drop(&mut self) {
        self.0.receiver.close();
        let unread = std::mem::take(&mut *self.0.queue());
        drop(unread);
    }
}
