//! Cancelling a part of a workflow.

use super::{WorkflowContext, operation::Operation};
use std::{
    fmt,
    future::{Future, IntoFuture},
    panic::Location,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};
use steadfast_core::{Command, Host, Resolution, ScopeId};

/// A part of a workflow's code that is cancelled by itself.
///
/// What code asks for inside [`run`](Self::run) belongs to the scope: [`cancel`](Self::cancel) cancels what of it is
/// pending, as cancelling the workflow does: those waits and calls fail as cancelled, once, and clean-up code after
/// them runs as usual. Scopes nest: a scope that is made inside another is cancelled with it, unless it is shielded.
/// Clones are the same scope.
///
/// ```
/// use steadfast::prelude::*;
///
/// #[activity(start_to_close_timeout = "1h")]
/// async fn search(place: String) -> Result<String, ActivityError> { Ok(place) }
///
/// #[derive(Default)]
/// struct Search;
///
/// #[workflow]
/// impl Search {
///     #[run]
///     async fn run(ctx: WorkflowContext<Self>) -> WorkflowResult<String> {
///         let scope = ctx.scope().timeout(minutes(10)); // then it is cancelled
///         let places = ["attic", "cellar"].map(String::from);
///         let found = scope.run(try_join_all(places.map(|place| {
///             let ctx = ctx.clone();
///             async move { ctx.activity::<search>(place).await }
///         })));
///         Ok(found.await?.concat())
///     }
/// }
/// ```
#[derive(Clone)]
pub struct CancellationScope(Arc<Shared>);

struct Shared {
    host: Host,
    id: ScopeId,
    timeout: Option<Duration>,
    cancelled: AtomicBool,
}

impl<S> WorkflowContext<S> {
    /// A scope inside the one whose code calls this: what runs in it can be cancelled by itself.
    #[must_use]
    pub fn scope(&self) -> CancellationScope {
        CancellationScope::new(self.host(), false)
    }

    /// A scope that cancellation from outside, the workflow's included, does not reach.
    #[must_use]
    pub fn shielded_scope(&self) -> CancellationScope {
        CancellationScope::new(self.host(), true)
    }

    /// Runs something that cancellation of the workflow, or of a scope around it, does not reach: that is delivered to what
    /// comes after. (Clean-up after a cancellation needs no shield: it is delivered once.)
    ///
    /// ```
    /// # use steadfast::prelude::*;
    /// #[activity(start_to_close_timeout = "1m")]
    /// async fn transfer(cents: u64) -> Result<(), ActivityError> { Ok(()) }
    ///
    /// # #[derive(Default)]
    /// # struct Payment;
    /// # #[workflow]
    /// # impl Payment {
    /// #[run]
    /// async fn run(ctx: WorkflowContext<Self>) -> WorkflowResult<()> {
    ///     ctx.shielded(async { ctx.activity::<transfer>(100).await }).await?;
    ///     Ok(())
    /// }
    /// # }
    /// ```
    #[track_caller]
    pub fn shielded<F: IntoFuture>(&self, future: F) -> Scoped<F::IntoFuture> {
        self.shielded_scope().run(future)
    }
}

impl CancellationScope {
    fn new(host: &Host, shielded: bool) -> Self {
        Self(Arc::new(Shared {
            host: host.clone(),
            id: host.open_scope(shielded),
            timeout: None,
            cancelled: AtomicBool::new(false),
        }))
    }

    /// Cancels what [`run`](Self::run) runs when it takes longer than this.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        if let Some(shared) = Arc::get_mut(&mut self.0) {
            shared.timeout = Some(timeout);
        }
        self
    }

    /// Runs something inside the scope. What was asked for before, outside, isn't the scope's, even if awaited inside: issue
    /// calls in an `async` block.
    #[track_caller]
    pub fn run<F: IntoFuture>(&self, future: F) -> Scoped<F::IntoFuture> {
        let _inside = Inside::enter(&self.0);
        Scoped {
            future: Box::pin(future.into_future()),
            scope: self.clone(),
            location: Location::caller(),
            timer: None,
        }
    }

    /// Cancels what is pending in the scope and in scopes inside it. If nothing is, what is asked for there next.
    #[track_caller]
    pub fn cancel(&self) {
        self.0.cancelled.store(true, Ordering::Relaxed);
        self.0.host.cancel_scope(self.0.id);
    }

    /// Whether this scope was cancelled, by [`cancel`](Self::cancel) or by its time-out.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.0.cancelled.load(Ordering::Relaxed)
    }
}

impl fmt::Debug for CancellationScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CancellationScope")
            .field("cancelled", &self.is_cancelled())
            .finish_non_exhaustive()
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.host.close_scope(self.id);
    }
}

/// What runs in a [`CancellationScope`].
#[must_use = "futures do nothing until they are awaited"]
pub struct Scoped<F> {
    future: Pin<Box<F>>,
    scope: CancellationScope,
    location: &'static Location<'static>,
    timer: Option<Operation>,
}

impl<F> Unpin for Scoped<F> {}

impl<F: Future> Future for Scoped<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let shared = &this.scope.0;
        let _inside = Inside::enter(shared);
        if let Poll::Ready(output) = this.future.as_mut().poll(task) {
            this.timer = None;
            return Poll::Ready(output);
        }
        // A cancelled scope's time is over: what it does now is clean-up.
        let Some(duration) = shared.timeout.filter(|_| !this.scope.is_cancelled()) else {
            return Poll::Pending;
        };
        let timer = this.timer.get_or_insert_with(|| {
            let command = Command::Timer {
                duration,
                user_metadata: None,
            };
            Operation::issue(&shared.host, command, this.location)
        });
        if let Poll::Ready(Resolution::Fired) = timer.poll(task) {
            this.scope.cancel();
        }
        Poll::Pending
    }
}

/// While it lives, what is asked for is the scope's.
struct Inside<'a> {
    host: &'a Host,
    outside: Option<ScopeId>,
}

impl<'a> Inside<'a> {
    fn enter(scope: &'a Shared) -> Self {
        let host = &scope.host;
        let outside = host.enter_scope(Some(scope.id));
        Self { host, outside }
    }
}

impl Drop for Inside<'_> {
    fn drop(&mut self) {
        self.host.enter_scope(self.outside);
    }
}
