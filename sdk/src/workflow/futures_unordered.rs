//! Futures whose outputs come as they are ready.

use super::members::Members;
use futures_util::Stream;
use std::{
    fmt,
    future::{Future, IntoFuture, poll_fn},
    pin::Pin,
    task::{Context, Poll},
};

/// A set of futures whose outputs come as they are ready: in the order in which the history has what they waited for, on
/// every replay alike. Only those that something happened for are polled, so large sets are cheap.
///
/// ```
/// use steadfast::{prelude::*, workflow::FuturesUnordered};
///
/// #[activity(start_to_close_timeout = "1m")]
/// async fn bid(shop: String) -> Result<u64, ActivityError> { Ok(shop.len() as u64) }
///
/// #[derive(Default)]
/// struct Auction;
///
/// #[workflow]
/// impl Auction {
///     #[run]
///     async fn run(ctx: WorkflowContext<Self>) -> WorkflowResult<Option<u64>> {
///         let shops = ["one", "two", "three"].map(String::from);
///         let mut bids: FuturesUnordered<_> = shops.map(|shop| ctx.activity::<bid>(shop)).into_iter().collect();
///         while let Some(bid) = bids.next().await {
///             if let Ok(bid) = bid {
///                 return Ok(Some(bid)); // the first that came
///             }
///         }
///         Ok(None)
///     }
/// }
/// ```
#[must_use = "futures do nothing until they are awaited"]
pub struct FuturesUnordered<F>(Members<F>);

impl<F: Future> FuturesUnordered<F> {
    /// An empty set.
    pub fn new() -> Self {
        Self(Members::new())
    }

    /// Adds a future. Calls and sleeps are issued here.
    #[track_caller]
    pub fn push(&mut self, future: impl IntoFuture<IntoFuture = F>) {
        self.0.push(future.into_future());
    }

    /// The next output; `None` when the set is empty.
    #[allow(clippy::should_implement_trait)] // as streams name it
    pub fn next(&mut self) -> impl Future<Output = Option<F::Output>> + use<'_, F> {
        poll_fn(|task| self.poll_members(task))
    }

    /// How many are pending.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether nothing is pending.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn poll_members(&mut self, task: &mut Context<'_>) -> Poll<Option<F::Output>> {
        self.0.attach(task);
        // Who wakes himself has to wait until the others had their turn.
        for _ in 0..self.0.woken() {
            let Some(member) = self.0.next_woken() else { break };
            if let Poll::Ready(output) = self.0.poll(member) {
                return Poll::Ready(Some(output));
            }
        }
        if self.is_empty() {
            return Poll::Ready(None);
        }
        Poll::Pending
    }
}

impl<F> Unpin for FuturesUnordered<F> {}

impl<F: Future> Stream for FuturesUnordered<F> {
    type Item = F::Output;

    fn poll_next(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Option<F::Output>> {
        self.poll_members(task)
    }
}

impl<F: Future> Default for FuturesUnordered<F> {
    fn default() -> Self {
        Self::new()
    }
}

impl<F: Future, I: IntoFuture<IntoFuture = F, Output = F::Output>> Extend<I> for FuturesUnordered<F> {
    fn extend<L: IntoIterator<Item = I>>(&mut self, list: L) {
        for future in list {
            self.push(future);
        }
    }
}

impl<F: Future, I: IntoFuture<IntoFuture = F, Output = F::Output>> FromIterator<I> for FuturesUnordered<F> {
    fn from_iter<L: IntoIterator<Item = I>>(list: L) -> Self {
        let mut set = Self::new();
        set.extend(list);
        set
    }
}

impl<F> fmt::Debug for FuturesUnordered<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FuturesUnordered")
            .field("len", &self.0.len())
            .finish_non_exhaustive()
    }
}
