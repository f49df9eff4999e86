//! Where blocking activities run.

use std::{
    any::Any,
    io,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    sync::{Arc, Mutex, PoisonError, mpsc},
    thread,
};
use steadfast_core::BoxFuture;
use tokio::sync::oneshot;

/// A blocking activity that is to run.
pub type BlockingJob = Box<dyn FnOnce() + Send>;

/// Threads for blocking activities. Any closure that takes jobs is one, so that a pool which the program has already will do:
/// `worker.blocking_pool(|job| rayon::spawn(job))`.
pub trait BlockingPool: Send + Sync + 'static {
    /// Runs the job, some time soon and on another thread: it must not wait for it here.
    fn run(&self, job: BlockingJob);
}

impl<F: Fn(BlockingJob) + Send + Sync + 'static> BlockingPool for F {
    fn run(&self, job: BlockingJob) {
        self(job);
    }
}

/// A fixed number of threads, which end when this is dropped and what they were given has run.
///
/// ```
/// # use steadfast::{Client, Worker, activity::BlockingThreads};
/// # fn example(client: &Client) -> std::io::Result<Worker> {
/// Ok(Worker::new(client, "thumbnails").blocking_pool(BlockingThreads::new(4)?))
/// # }
/// ```
#[derive(Debug)]
pub struct BlockingThreads {
    jobs: mpsc::Sender<BlockingJob>,
}

impl BlockingThreads {
    /// So many threads; at least one.
    ///
    /// # Errors
    /// The system gives none.
    pub fn new(threads: usize) -> io::Result<Self> {
        let (jobs, waiting) = mpsc::channel::<BlockingJob>();
        let waiting = Arc::new(Mutex::new(waiting));
        for number in 0..threads.max(1) {
            let waiting = Arc::clone(&waiting);
            let next = move || waiting.lock().unwrap_or_else(PoisonError::into_inner).recv();
            thread::Builder::new()
                .name(format!("blocking-{number}"))
                .spawn(move || {
                    while let Ok(job) = next() {
                        // A panic is told to whoever waits for the job; the thread goes on.
                        let _ = catch_unwind(AssertUnwindSafe(job));
                    }
                })?;
        }
        Ok(Self { jobs })
    }
}

impl BlockingPool for BlockingThreads {
    fn run(&self, job: BlockingJob) {
        // They receive as long as this is there.
        let _ = self.jobs.send(job);
    }
}

/// Runs a blocking activity where it blocks nobody else: on this pool, or where the runtime has such things.
#[doc(hidden)]
pub fn blocking<T: Send + 'static>(
    pool: Option<Arc<dyn BlockingPool>>,
    activity: impl FnOnce() -> T + Send + 'static,
) -> BoxFuture<T> {
    Box::pin(async move {
        // What the code around knows of its place goes along to the other thread.
        let span = tracing::Span::current();
        #[cfg(feature = "opentelemetry")]
        let activity = {
            let context = ::opentelemetry::Context::current();
            move || {
                let _current = context.attach();
                activity()
            }
        };
        let activity = move || span.in_scope(activity);
        let ended = match pool {
            None => match tokio::task::spawn_blocking(activity)
                .await
                .map_err(|error| error.try_into_panic())
            {
                Ok(output) => Ok(output),
                Err(Ok(panic)) => Err(panic),
                // The runtime is shutting down, and so is whoever waits here.
                Err(Err(_)) => std::future::pending().await,
            },
            Some(pool) => on(&*pool, activity).await,
        };
        ended.unwrap_or_else(|panic| resume_unwind(panic))
    })
}

async fn on<T: Send + 'static>(
    pool: &dyn BlockingPool,
    activity: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Box<dyn Any + Send>> {
    let (sender, ended) = oneshot::channel();
    pool.run(Box::new(move || {
        // Nobody may wait for it any more.
        let _ = sender.send(catch_unwind(AssertUnwindSafe(activity)));
    }));
    let dropped = |_| Err(Box::new("the pool for blocking activities dropped it without running it") as Box<_>);
    ended.await.unwrap_or_else(dropped)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn thread_name() -> String {
        thread::current().name().unwrap_or_default().to_owned()
    }

    #[tokio::test]
    async fn what_runs_on_threads_of_a_pool_may_panic_and_others_follow() {
        let pool: Arc<dyn BlockingPool> = Arc::new(BlockingThreads::new(1).unwrap());
        let panicking = tokio::spawn(blocking(Some(Arc::clone(&pool)), || panic!("as activities may")));
        assert!(panicking.await.is_err_and(|error| error.is_panic()));
        assert_eq!(blocking(Some(pool), thread_name).await, "blocking-0");
        assert_ne!(blocking(None, thread_name).await, "blocking-0");
    }

    #[tokio::test]
    async fn what_a_pool_drops_fails_like_a_panic() {
        let forgetful: Arc<dyn BlockingPool> = Arc::new(drop::<BlockingJob>);
        let dropped = tokio::spawn(blocking(Some(forgetful), thread_name)).await;
        assert!(dropped.is_err_and(|error| error.is_panic()));
    }
}
