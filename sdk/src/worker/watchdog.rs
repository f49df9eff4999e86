//! Finds workflow code that does not return.
//!
//! A thread that is blocked can't be ended from outside. What can be done is to say so, to fail the task, so that the server
//! and people know, and to drop the run once its code returns. Other shards are tasks of their own and go on; runs of the
//! blocked shard go to others when their sticky queue is given up, after ten seconds.

use super::shared::Shared;
use std::{
    collections::BTreeSet,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};
use steadfast_core::{TaskInfo, Watch};
use steadfast_proto::{
    enums::{QueryResultType, WorkflowTaskFailedCause},
    failure::Failure,
    workflowservice::{RespondQueryTaskCompletedRequest, RespondWorkflowTaskFailedRequest},
};
use tokio::runtime::Handle;

/// How often the watchdog looks. Nothing else costs time: a turn neither looks at a clock nor wakes a thread.
const TICK: Duration = Duration::from_millis(250);
/// The same, as a limit is counted in.
const TICKS_PER_SECOND: u32 = 4;

/// One shard, as the watchdog sees it.
struct Watched {
    /// Odd while code runs; counts up when it begins and when it returns.
    turn: AtomicU64,
    state: Mutex<State>,
    ticks_max: u32,
    limit: Duration,
    shared: Arc<Shared>,
    runtime: Handle,
}

#[derive(Default)]
struct State {
    task: Option<Arc<TaskInfo>>,
    /// The task was failed while its code ran, with this reason.
    given_up: Option<String>,
}

impl Watched {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The turn has gone on for too long.
    fn give_up(&self, turn: u64) {
        let mut state = self.state();
        // It may have returned in this moment.
        if self.turn.load(Ordering::Acquire) != turn || state.given_up.is_some() {
            return;
        }
        let Some(task) = state.task.clone() else { return };
        let reason = format!(
            "[TMPRL1101] the code of workflow `{}` (run {}) did not return for {} s: it blocks its thread. Workflow code must not do I/O, \
             wait for threads or locks, or compute for long; do that in an activity",
            task.workflow_type,
            task.run_id,
            self.limit.as_secs_f64(),
        );
        tracing::error!(
            workflow_id = task.workflow_id,
            run_id = task.run_id,
            workflow_type = task.workflow_type,
            "{reason}"
        );
        state.given_up = Some(reason.clone());
        self.shared.blocked.add(&task.run_id);
        drop(state);
        // On a runtime of one thread this waits until the code returns; on others it also gets the I/O going again.
        self.runtime.spawn(fail(Arc::clone(&self.shared), task, reason));
    }
}

/// Tells the server.
async fn fail(shared: Arc<Shared>, task: Arc<TaskInfo>, reason: String) {
    let connection = shared.client.connection();
    let failure = Failure::application("Deadlock", reason);
    let answer = if task.is_query {
        let request = RespondQueryTaskCompletedRequest {
            task_token: task.token.clone(),
            completed_type: QueryResultType::Failed.into(),
            error_message: failure.message.clone(),
            failure: Some(failure),
            namespace: shared.namespace(),
            cause: WorkflowTaskFailedCause::WorkflowWorkerUnhandledFailure.into(),
            ..RespondQueryTaskCompletedRequest::default()
        };
        connection.respond_query_task_completed(request).await.map(drop)
    } else if task.attempt > 1 {
        // The server knows from the first attempt; this one times out.
        return;
    } else {
        let request = RespondWorkflowTaskFailedRequest {
            task_token: task.token.clone(),
            cause: WorkflowTaskFailedCause::WorkflowWorkerUnhandledFailure.into(),
            failure: Some(failure),
            identity: shared.identity.clone(),
            namespace: shared.namespace(),
            deployment_options: shared.deployment_options(),
            ..RespondWorkflowTaskFailedRequest::default()
        };
        connection.respond_workflow_task_failed(request).await.map(drop)
    };
    if let Err(error) = answer {
        tracing::debug!(%error, "the server was not told of blocked workflow code");
    }
}

/// The runs whose code blocks a thread of the worker. Their next attempts would block another.
#[derive(Debug, Default)]
pub(super) struct Blocked {
    /// How many there are, so that nobody looks for one among none.
    count: AtomicUsize,
    runs: Mutex<BTreeSet<String>>,
}

impl Blocked {
    fn change(&self, change: impl FnOnce(&mut BTreeSet<String>)) {
        let mut runs = self.runs.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut runs);
        self.count.store(runs.len(), Ordering::Relaxed);
    }

    fn add(&self, run_id: &str) {
        self.change(|runs| {
            runs.insert(run_id.to_owned());
        });
    }

    fn remove(&self, run_id: &str) {
        self.change(|runs| {
            runs.remove(run_id);
        });
    }

    pub(super) fn contains(&self, run_id: &str) -> bool {
        self.count.load(Ordering::Relaxed) > 0
            && self
                .runs
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .contains(run_id)
    }
}

/// What a shard tells the watchdog.
struct Reporter(Arc<Watched>);

impl Watch for Reporter {
    fn begins(&self, task: &Arc<TaskInfo>) {
        self.0.state().task = Some(Arc::clone(task));
        self.0.turn.fetch_add(1, Ordering::Release);
    }

    fn ends(&self) -> Option<String> {
        let mut state = self.0.state();
        self.0.turn.fetch_add(1, Ordering::Release);
        let task = state.task.take();
        let given_up = state.given_up.take();
        if let (Some(task), Some(_)) = (task, &given_up) {
            self.0.shared.blocked.remove(&task.run_id);
        }
        given_up
    }
}

/// Has a shard watched, until what is returned is dropped. Must be called on a runtime.
pub(super) fn watch(shared: &Arc<Shared>, limit: Duration) -> Box<dyn Watch> {
    let watched = Arc::new(Watched {
        turn: AtomicU64::new(0),
        state: Mutex::default(),
        ticks_max: ticks(limit),
        limit,
        shared: Arc::clone(shared),
        runtime: Handle::current(),
    });
    KENNEL.add(Arc::downgrade(&watched));
    Box::new(Reporter(watched))
}

/// How many looks make up a limit, at least one.
fn ticks(limit: Duration) -> u32 {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // a cast of floats stays within bounds
    let ticks = (limit.as_secs_f64() * f64::from(TICKS_PER_SECOND)).ceil() as u32;
    ticks.max(1)
}

/// All shards of the process, watched by one thread, which is there while they are.
static KENNEL: Kennel = Kennel(Mutex::new(Shards {
    all: Vec::new(),
    is_watched: false,
}));

struct Kennel(Mutex<Shards>);

struct Shards {
    all: Vec<Seen>,
    is_watched: bool,
}

/// What the watchdog saw of a shard the last time.
struct Seen {
    watched: Weak<Watched>,
    turn: u64,
    ticks: u32,
}

impl Kennel {
    fn shards(&self) -> MutexGuard<'_, Shards> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&'static self, watched: Weak<Watched>) {
        let mut shards = self.shards();
        shards.all.push(Seen {
            watched,
            turn: 0,
            ticks: 0,
        });
        if !shards.is_watched {
            let watchdog = thread::Builder::new().name("workflow-watchdog".to_owned());
            // Without a thread to spare nobody watches, and all else goes on.
            shards.is_watched = watchdog.spawn(move || self.look_on()).is_ok();
        }
    }

    fn look_on(&self) {
        loop {
            thread::sleep(TICK);
            let mut shards = self.shards();
            shards.all.retain_mut(Seen::look);
            if shards.all.is_empty() {
                shards.is_watched = false;
                return;
            }
        }
    }
}

impl Seen {
    /// Whether the shard is still there.
    fn look(&mut self) -> bool {
        let Some(watched) = self.watched.upgrade() else {
            return false;
        };
        let turn = watched.turn.load(Ordering::Acquire);
        let is_running = turn % 2 == 1;
        if !is_running || turn != self.turn {
            self.turn = turn;
            self.ticks = 0;
            return true;
        }
        self.ticks = self.ticks.saturating_add(1);
        if self.ticks == watched.ticks_max {
            watched.give_up(turn);
        }
        true
    }
}
