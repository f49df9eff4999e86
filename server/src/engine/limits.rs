//! Every limit of the server, by name. The values are those of the original.

use std::time::Duration;

/// What a run may grow to, and a request may carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Bytes of one payload field. A request with more is refused; a command with more ends its run; an activity with
    /// more fails.
    pub blob_bytes: usize,
    /// Signals of a run. More are refused.
    pub signals: usize,
    /// Activities of a run that have not ended. More fail the workflow task.
    pub pending_activities: usize,
    /// Children of a run that have not ended. More fail the workflow task.
    pub pending_children: usize,
    /// Signals and cancel requests to other runs that are under way. More fail the workflow task.
    pub pending_externals: usize,
    /// Nexus operations of a run that have not ended. More fail the workflow task.
    pub pending_operations: usize,
    /// Events that a run keeps back while a workflow task is out. More take the task from its worker.
    pub buffered_events: usize,
    /// Bytes of these events.
    pub buffered_bytes: usize,
    /// Updates of a run that are not finished. More are refused for now.
    pub updates_in_flight: usize,
    /// Updates of a run. More are refused.
    pub updates: usize,
    /// Events after which a run is told to continue as new.
    pub suggest_events: usize,
    /// Bytes of history after which a run is told to continue as new.
    pub suggest_bytes: usize,
    /// Events after which a run is terminated.
    pub history_events: usize,
    /// Bytes of history after which a run is terminated.
    pub history_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            blob_bytes: 2 * 1024 * 1024,
            signals: 10_000,
            pending_activities: 2000,
            pending_children: 2000,
            pending_externals: 2000,
            pending_operations: 30,
            buffered_events: 100,
            buffered_bytes: 2 * 1024 * 1024,
            updates_in_flight: 10,
            updates: 2000,
            suggest_events: 4096,
            suggest_bytes: 4 * 1024 * 1024,
            history_events: 51_200,
            history_bytes: 50 * 1024 * 1024,
        }
    }
}

/// Longest identifier or name, in bytes.
pub(crate) const NAME_BYTES_MAX: usize = 1000;
/// Workflow task time-out where none is asked for.
pub(crate) const WORKFLOW_TASK_TIMEOUT: Duration = Duration::from_secs(10);
/// Longest workflow task time-out.
pub(crate) const WORKFLOW_TASK_TIMEOUT_MAX: Duration = Duration::from_secs(120);
/// Attempt from which a failing workflow task gets more and more time.
pub(crate) const WORKFLOW_TASK_GROWTH_ATTEMPT: u32 = 4;
/// The longest a failing workflow task's time-out grows.
pub(crate) const WORKFLOW_TASK_GROWTH_MAX: Duration = Duration::from_secs(600);
/// How long heartbeats may keep one workflow task alive.
pub(crate) const WORKFLOW_TASK_HEARTBEAT_MAX: Duration = Duration::from_secs(30 * 60);
/// Workflow task attempt from which queries and updates are refused at once.
pub(crate) const FAIL_FAST_ATTEMPT: u32 = 3;
/// How long a speculative workflow task may wait for a worker before it is recorded.
pub(crate) const SPECULATIVE_SCHEDULE_TO_START: Duration = Duration::from_secs(5);
/// Events that may vanish with a speculative task if the worker can take them back.
pub(crate) const DISCARDED_EVENTS_MAX: i64 = 10;
/// A sticky queue that nobody polled for this long is passed over.
pub(crate) const STICKY_POLLER_WINDOW: Duration = Duration::from_secs(10);
/// A query is refused if nobody polled for this long.
pub(crate) const QUERY_POLLER_WINDOW: Duration = Duration::from_secs(20);
/// How many tasks a second a poller is said to take if it does not say.
pub(crate) const POLLER_RATE: f64 = 100_000.0;
/// A poll that waited so long for its task says that fewer would do.
pub(crate) const POLLER_IDLE: Duration = Duration::from_secs(1);
/// A task that has waited longer says that there should be more pollers.
pub(crate) const BACKLOG_AGE_MAX: Duration = Duration::from_millis(200);
/// A queue asks each poller for more polls once in so long.
pub(crate) const SCALING_INTERVAL: Duration = Duration::from_millis(100);
/// How long a poller is shown after its last poll.
pub(crate) const POLLER_SHOWN: Duration = Duration::from_secs(300);
/// Longest wait of a poll for a task.
pub(crate) const TASK_POLL_MAX: Duration = Duration::from_secs(60);
/// Longest wait for history and updates.
pub(crate) const LONG_POLL_MAX: Duration = Duration::from_secs(20);
/// How long a query waits if the caller does not say.
pub(crate) const QUERY_WAIT_MAX: Duration = Duration::from_secs(30);
/// How long before the caller's own deadline an empty answer is sent.
pub(crate) const DEADLINE_MARGIN: Duration = Duration::from_secs(1);
/// Queries of a run that may wait for its next workflow task; the original has room for one.
pub(crate) const BUFFERED_QUERIES_MAX: usize = 100;
/// Events of a page of history.
pub(crate) const HISTORY_PAGE_MAX: usize = 256;
/// Bytes of events of a page of history.
pub(crate) const HISTORY_PAGE_BYTES_MAX: usize = 3 * 1024 * 1024;
/// How many build ids may be asked for at once with where their tasks may come from.
pub(crate) const REACHABILITY_BUILD_IDS_MAX: usize = 5;
/// The priority of what asks for none; one is the most urgent.
pub(crate) const PRIORITY_KEY: i32 = 3;
/// A fairness key's share is at least this and at most that many times the usual one.
pub(crate) const FAIRNESS_WEIGHT_MIN: f32 = 0.001;
pub(crate) const FAIRNESS_WEIGHT_MAX: f32 = 1_000.0;
/// How many fairness keys are remembered before they are looked through.
pub(crate) const FAIRNESS_KEYS_MIN: usize = 64;
/// Fairness keys of a queue that wait for their rates.
pub(crate) const FAIRNESS_KEYS_MAX: usize = 100_000;
/// How long a fairness key may be, in bytes, to have a weight of its own.
pub(crate) const FAIRNESS_KEY_BYTES_MAX: usize = 64;
/// Fairness keys of a queue that operators have given weights.
pub(crate) const FAIRNESS_WEIGHTS_MAX: usize = 1_000;
/// How many idle queues are kept before they are looked through.
pub(crate) const IDLE_QUEUES_MIN: usize = 64;
/// Rows of a page of a list.
pub(crate) const VISIBILITY_PAGE_MAX: usize = 1000;
/// Search attributes of one request.
pub(crate) const SEARCH_ATTRIBUTES_MAX: usize = 100;
/// Bytes of the value of a search attribute.
pub(crate) const SEARCH_ATTRIBUTE_BYTES_MAX: usize = 2048;
/// Bytes of all search attributes of one request.
pub(crate) const SEARCH_ATTRIBUTES_BYTES_MAX: usize = 40 * 1024;
/// Workflows of a batch that are seen to at once.
pub(crate) const BATCH_STEP: usize = 100;
/// How long others have their turn then.
pub(crate) const BATCH_PAUSE: Duration = Duration::from_millis(1);
/// Workflows that a batch may name one by one.
pub(crate) const BATCH_EXECUTIONS_MAX: usize = 1000;
/// Batches that are remembered.
pub(crate) const BATCHES_MAX: usize = 1000;
/// Actions of a schedule that may wait. More are dropped.
pub(crate) const SCHEDULE_WAITING_MAX: usize = 1000;
/// Past actions that a schedule tells.
pub(crate) const SCHEDULE_RECENT_MAX: usize = 10;
/// Coming times that a schedule tells.
pub(crate) const SCHEDULE_COMING_MAX: usize = 10;
/// Past actions and coming times of each schedule in a list.
pub(crate) const SCHEDULE_LISTED_MAX: usize = 5;
/// Times of a period that are told at once.
pub(crate) const SCHEDULE_MATCHING_MAX: usize = 1000;
/// Times that are made up for at once, before others have their turn.
pub(crate) const SCHEDULE_BACKFILL_STEP: usize = 10;
/// Backfills of a schedule that may wait.
pub(crate) const SCHEDULE_BACKFILLS_MAX: usize = 1000;
/// How many times in a row may be excluded before it is taken that none is left.
pub(crate) const SCHEDULE_EXCLUDED_MAX: usize = 100_000;
/// Requests that a schedule remembers, so that a repeated one does nothing.
pub(crate) const SCHEDULE_REQUESTS_MAX: usize = 100;
/// How late an action may be taken where nothing else is said.
pub(crate) const SCHEDULE_CATCHUP_WINDOW: Duration = Duration::from_secs(365 * 24 * 3600);
/// The least that can be said.
pub(crate) const SCHEDULE_CATCHUP_WINDOW_MIN: Duration = Duration::from_secs(10);
/// Bytes of a filter of a list.
pub(crate) const FILTER_BYTES_MAX: usize = 64 * 1024;
/// How deep conditions of a filter may be nested.
pub(crate) const FILTER_DEPTH_MAX: usize = 100;
/// Interval before an activity's second attempt where none is asked for.
pub(crate) const RETRY_INITIAL_INTERVAL: Duration = Duration::from_secs(1);
/// The longest retry interval, as a multiple of the first.
pub(crate) const RETRY_INTERVAL_FACTOR_MAX: u32 = 100;
/// Least time between a run and the one that follows it.
pub(crate) const RUN_INTERVAL_MIN: Duration = Duration::from_secs(1);
/// Bytes of a failure that are kept between attempts.
pub(crate) const KEPT_FAILURE_BYTES_MAX: usize = 4 * 1024;
/// Virtual time: how long (in real time) a task waits for a worker to appear before it is taken that none will.
pub(crate) const POLLER_ABSENCE: Duration = Duration::from_millis(200);
/// Tasks that a queue hands out in a second, as the original describes it if nobody has said anything. Not enforced.
pub(crate) const QUEUE_RATE: f32 = 4_000.0;
/// Task queues whose rate operators have set.
pub(crate) const QUEUE_RATES_MAX: usize = 10_000;
/// Jumps of one workflow's time before it stops jumping, unless said otherwise.
pub(crate) const TIME_SKIPS: i32 = 200;
/// Worker heartbeats kept per namespace.
pub(crate) const WORKER_HEARTBEATS_MAX: usize = 10_000;
/// Workers on a page of their list.
pub(crate) const WORKERS_PAGE: usize = 1_000;
/// How long one attempt at a request to a Nexus handler may take, waiting for a worker included.
pub(crate) const NEXUS_REQUEST_TIMEOUT: Duration = Duration::from_secs(9);
/// Requests to one Nexus endpoint that may fail in a row before it is left alone.
pub(crate) const BREAKER_FAILURES_MAX: u32 = 5;
/// How long it is left alone.
pub(crate) const BREAKER_OPEN: Duration = Duration::from_secs(60);
/// How often others look while one request tries.
pub(crate) const BREAKER_LOOK_INTERVAL: Duration = Duration::from_secs(3);
/// Interval before the second attempt at a request to a Nexus handler; it doubles from one to the next.
pub(crate) const NEXUS_RETRY_INTERVAL: Duration = Duration::from_secs(1);
/// The longest interval between such attempts.
pub(crate) const NEXUS_RETRY_INTERVAL_MAX: Duration = Duration::from_secs(3600);
/// Bytes of the header of a Nexus operation.
pub(crate) const NEXUS_HEADER_BYTES_MAX: usize = 8192;
/// Bytes of the name of a Nexus endpoint.
pub(crate) const ENDPOINT_NAME_BYTES_MAX: usize = 200;
/// Bytes of the address of a Nexus endpoint's external target.
pub(crate) const ENDPOINT_URL_BYTES_MAX: usize = 4096;
/// Bytes of the description of a Nexus endpoint.
pub(crate) const ENDPOINT_DESCRIPTION_BYTES_MAX: usize = 20_000;
/// Nexus endpoints of a page of a list if the caller does not say.
pub(crate) const ENDPOINTS_PAGE: usize = 100;
/// Nexus endpoints of a page of a list.
pub(crate) const ENDPOINTS_PAGE_MAX: usize = 1000;
/// Callbacks of a run.
pub(crate) const CALLBACKS_MAX: usize = 2000;
/// Bytes of the header of a callback.
pub(crate) const CALLBACK_HEADER_BYTES_MAX: usize = 8192;
/// Versions of a worker deployment.
pub(crate) const DEPLOYMENT_VERSIONS_MAX: usize = 100;
/// Links of a request.
pub(crate) const LINKS_MAX: usize = 10;
/// The least retention of a namespace.
pub(crate) const RETENTION_MIN: Duration = Duration::from_secs(3600);
/// The retention of the namespaces that are there from the start.
pub(crate) const RETENTION: Duration = Duration::from_secs(24 * 3600);
/// No deadline is further away than this.
pub(crate) const FOREVER: Duration = Duration::from_secs(100 * 365 * 24 * 3600);

/// How large a header is.
pub(crate) fn header_bytes(header: &std::collections::BTreeMap<String, String>) -> usize {
    let sizes = header.iter().flat_map(|(key, value)| [key.len(), value.len()]);
    sizes.fold(0, usize::saturating_add)
}
