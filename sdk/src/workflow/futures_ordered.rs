//! Futures whose outputs come in the order in which they were added.

use super::members::Members;
use futures_util::Stream;
use std::{
    collections::BTreeMap,
    fmt,
    future::{Future, IntoFuture, poll_fn},
    pin::Pin,
    task::{Context, Poll},
};

/// A queue of futures that run together, and whose outputs come in the order in which they were added. Only those that
/// something happened for are polled, so large queues are cheap.
///
/// ```
/// use steadfast::{prelude::*, workflow::FuturesOrdered};
///
/// #[activity(start_to_close_timeout = "1m")]
/// async fn translate(chapter: u32) -> Result<String, ActivityError> { Ok(chapter.to_string()) }
///
/// #[derive(Default)]
/// struct Book;
///
/// #[workflow]
/// impl Book {
///     #[run]
///     async fn run(ctx: WorkflowContext<Self>) -> WorkflowResult<String> {
///         let mut chapters = FuturesOrdered::new();
///         for chapter in 1..=10 {
///             chapters.push(ctx.activity::<translate>(chapter)); // all run at once
///         }
///         let mut book = String::new();
///         while let Some(chapter) = chapters.next().await {
///             book += &chapter?;
///         }
///         Ok(book)
///     }
/// }
/// ```
#[must_use = "futures do nothing until they are awaited"]
pub struct FuturesOrdered<F: Future> {
    members: Members<F>,
    /// What is ready, and waits for those before it.
    outputs: BTreeMap<u64, F::Output>,
    next: u64,
}

impl<F: Future> FuturesOrdered<F> {
    /// An empty queue.
    pub fn new() -> Self {
        Self {
            members: Members::new(),
            outputs: BTreeMap::new(),
            next: 0,
        }
    }

    /// Adds a future. Calls and sleeps are issued here.
    #[track_caller]
    pub fn push(&mut self, future: impl IntoFuture<IntoFuture = F>) {
        self.members.push(future.into_future());
    }

    /// The next output; `None` when the queue is empty.
    #[allow(clippy::should_implement_trait)] // as streams name it
    pub fn next(&mut self) -> impl Future<Output = Option<F::Output>> + use<'_, F> {
        poll_fn(|task| self.poll_members(task))
    }

    /// How many outputs are to come.
    #[must_use]
    pub fn len(&self) -> usize {
        self.members.len().saturating_add(self.outputs.len())
    }

    /// Whether no output is to come.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn poll_members(&mut self, task: &mut Context<'_>) -> Poll<Option<F::Output>> {
        self.members.attach(task);
        for member in self.members.take_woken() {
            if let Poll::Ready(output) = self.members.poll(member) {
                self.outputs.insert(member, output);
            }
        }
        if let Some(output) = self.outputs.remove(&self.next) {
            self.next = self.next.saturating_add(1);
            return Poll::Ready(Some(output));
        }
        if self.is_empty() {
            return Poll::Ready(None);
        }
        Poll::Pending
    }
}

impl<F: Future> Unpin for FuturesOrdered<F> {}

impl<F: Future> Stream for FuturesOrdered<F> {
    type Item = F::Output;

    fn poll_next(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Option<F::Output>> {
        self.poll_members(task)
    }
}

impl<F: Future> Default for FuturesOrdered<F> {
    fn default() -> Self {
        Self::new()
    }
}

impl<F: Future, I: IntoFuture<IntoFuture = F, Output = F::Output>> Extend<I> for FuturesOrdered<F> {
    fn extend<L: IntoIterator<Item = I>>(&mut self, list: L) {
        for future in list {
            self.push(future);
        }
    }
}

impl<F: Future, I: IntoFuture<IntoFuture = F, Output = F::Output>> FromIterator<I> for FuturesOrdered<F> {
    fn from_iter<L: IntoIterator<Item = I>>(list: L) -> Self {
        let mut set = Self::new();
        set.extend(list);
        set
    }
}

impl<F: Future> fmt::Debug for FuturesOrdered<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FuturesOrdered")
            .field("len", &self.len())
            .finish_non_exhaustive()
    }
}
