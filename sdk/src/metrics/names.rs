//! What clients and workers measure. The names and labels are those of the other SDKs.
//!
//! | metric | kind | labels beside `namespace` |
//! |---|---|---|
//! | [`REQUEST`], [`REQUEST_LATENCY`] | counter, histogram | `operation` |
//! | [`REQUEST_FAILURE`] | counter | `operation`, `status_code` |
//! | [`LONG_REQUEST`], [`LONG_REQUEST_LATENCY`] | counter, histogram | `operation` |
//! | [`LONG_REQUEST_FAILURE`] | counter | `operation`, `status_code` |
//! | [`WORKER_START`] | counter | `task_queue`, `worker_type` |
//! | [`NUM_POLLERS`] | gauge | `task_queue`, `poller_type` |
//! | [`TASK_SLOTS_AVAILABLE`], [`TASK_SLOTS_USED`] | gauges | `task_queue`, `worker_type` |
//! | [`STICKY_CACHE_SIZE`] | gauge | `task_queue` |
//! | [`STICKY_CACHE_HIT`], [`STICKY_CACHE_MISS`], [`STICKY_CACHE_EVICTION`] | counters | `task_queue` |
//! | [`WORKFLOW_POLL_SUCCEED`], [`WORKFLOW_POLL_EMPTY`] | counters | `task_queue` |
//! | [`WORKFLOW_TASK_SCHEDULE_TO_START_LATENCY`], [`WORKFLOW_TASK_EXECUTION_LATENCY`] | histograms | `task_queue`, `workflow_type` |
//! | [`WORKFLOW_TASK_EXECUTION_FAILED`] | counter | `task_queue`, `workflow_type`, `failure_reason` |
//! | [`WORKFLOW_COMPLETED`], [`WORKFLOW_FAILED`], [`WORKFLOW_CANCELED`], [`WORKFLOW_CONTINUE_AS_NEW`] | counters | `task_queue`, `workflow_type` |
//! | [`WORKFLOW_ENDTOEND_LATENCY`] | histogram | `task_queue`, `workflow_type` |
//! | [`ACTIVITY_POLL_NO_TASK`] | counter | `task_queue` |
//! | [`ACTIVITY_TASK_RECEIVED`] | counter | `task_queue`, `activity_type`, `workflow_type` |
//! | [`ACTIVITY_SCHEDULE_TO_START_LATENCY`], [`ACTIVITY_EXECUTION_LATENCY`], [`ACTIVITY_SUCCEED_ENDTOEND_LATENCY`] | histograms | `task_queue`, `activity_type`, `workflow_type` |
//! | [`ACTIVITY_EXECUTION_FAILED`] | counter | `task_queue`, `activity_type`, `workflow_type`, `failure_reason` |
//! | [`LOCAL_ACTIVITY_TOTAL`], [`LOCAL_ACTIVITY_EXECUTION_FAILED`], [`LOCAL_ACTIVITY_EXECUTION_CANCELLED`] | counters | `task_queue`, `activity_type`, `workflow_type` |
//! | [`LOCAL_ACTIVITY_EXECUTION_LATENCY`], [`LOCAL_ACTIVITY_SUCCEED_ENDTOEND_LATENCY`] | histograms | `task_queue`, `activity_type`, `workflow_type` |
//! | [`NEXUS_POLL_NO_TASK`] | counter | `task_queue` |
//! | [`NEXUS_TASK_SCHEDULE_TO_START_LATENCY`], [`NEXUS_TASK_EXECUTION_LATENCY`], [`NEXUS_TASK_ENDTOEND_LATENCY`] | histograms | `task_queue` |
//! | [`NEXUS_TASK_EXECUTION_FAILED`] | counter | `task_queue`, `failure_reason` |

macro_rules! names {
    ($($(#[$doc:meta])* $constant:ident = $name:literal;)*) => {$(
        $(#[$doc])*
        pub const $constant: &str = $name;
    )*};
}

names! {
    /// Calls that were sent, retries included.
    REQUEST = "temporal_request";
    /// Calls that failed.
    REQUEST_FAILURE = "temporal_request_failure";
    /// How long calls took.
    REQUEST_LATENCY = "temporal_request_latency";
    /// Calls that wait for something to happen, as polls do.
    LONG_REQUEST = "temporal_long_request";
    /// Those of them that failed.
    LONG_REQUEST_FAILURE = "temporal_long_request_failure";
    /// How long they took.
    LONG_REQUEST_LATENCY = "temporal_long_request_latency";
    /// Workers that were started, for each kind of task.
    WORKER_START = "temporal_worker_start";
    /// Polls that are open.
    NUM_POLLERS = "temporal_num_pollers";
    /// How many more tasks the worker has room for.
    TASK_SLOTS_AVAILABLE = "temporal_worker_task_slots_available";
    /// How many tasks it holds.
    TASK_SLOTS_USED = "temporal_worker_task_slots_used";
    /// Workflows in memory.
    STICKY_CACHE_SIZE = "temporal_sticky_cache_size";
    /// Workflow tasks whose workflow was in memory.
    STICKY_CACHE_HIT = "temporal_sticky_cache_hit";
    /// Workflow tasks whose workflow had been, and was replayed.
    STICKY_CACHE_MISS = "temporal_sticky_cache_miss";
    /// Workflows that were put out of memory before their end.
    STICKY_CACHE_EVICTION = "temporal_sticky_cache_total_forced_eviction";
    /// Polls that brought a workflow task.
    WORKFLOW_POLL_SUCCEED = "temporal_workflow_task_queue_poll_succeed";
    /// Polls that brought none.
    WORKFLOW_POLL_EMPTY = "temporal_workflow_task_queue_poll_empty";
    /// How long workflow tasks waited for a worker.
    WORKFLOW_TASK_SCHEDULE_TO_START_LATENCY = "temporal_workflow_task_schedule_to_start_latency";
    /// How long the worker took for a workflow task, from the poll's answer to its own.
    WORKFLOW_TASK_EXECUTION_LATENCY = "temporal_workflow_task_execution_latency";
    /// Workflow tasks that failed.
    WORKFLOW_TASK_EXECUTION_FAILED = "temporal_workflow_task_execution_failed";
    /// Workflows that completed.
    WORKFLOW_COMPLETED = "temporal_workflow_completed";
    /// Workflows that failed.
    WORKFLOW_FAILED = "temporal_workflow_failed";
    /// Workflows that were cancelled.
    WORKFLOW_CANCELED = "temporal_workflow_canceled";
    /// Runs that continued as new.
    WORKFLOW_CONTINUE_AS_NEW = "temporal_workflow_continue_as_new";
    /// How long runs took.
    WORKFLOW_ENDTOEND_LATENCY = "temporal_workflow_endtoend_latency";
    /// Polls that brought no activity.
    ACTIVITY_POLL_NO_TASK = "temporal_activity_poll_no_task";
    /// Activities that came.
    ACTIVITY_TASK_RECEIVED = "temporal_activity_task_received";
    /// How long activities waited for a worker.
    ACTIVITY_SCHEDULE_TO_START_LATENCY = "temporal_activity_schedule_to_start_latency";
    /// How long attempts took.
    ACTIVITY_EXECUTION_LATENCY = "temporal_activity_execution_latency";
    /// How long activities that succeeded took, from when they were first scheduled.
    ACTIVITY_SUCCEED_ENDTOEND_LATENCY = "temporal_activity_succeed_endtoend_latency";
    /// Attempts that failed.
    ACTIVITY_EXECUTION_FAILED = "temporal_activity_execution_failed";
    /// Attempts at local activities.
    LOCAL_ACTIVITY_TOTAL = "temporal_local_activity_total";
    /// Those that failed.
    LOCAL_ACTIVITY_EXECUTION_FAILED = "temporal_local_activity_execution_failed";
    /// Those that were cancelled.
    LOCAL_ACTIVITY_EXECUTION_CANCELLED = "temporal_local_activity_execution_cancelled";
    /// How long they took.
    LOCAL_ACTIVITY_EXECUTION_LATENCY = "temporal_local_activity_execution_latency";
    /// How long those that succeeded took, from when they were first asked for.
    LOCAL_ACTIVITY_SUCCEED_ENDTOEND_LATENCY = "temporal_local_activity_succeed_endtoend_latency";
    /// Polls that brought no request to a Nexus operation.
    NEXUS_POLL_NO_TASK = "temporal_nexus_poll_no_task";
    /// How long requests to Nexus operations waited for a worker.
    NEXUS_TASK_SCHEDULE_TO_START_LATENCY = "temporal_nexus_task_schedule_to_start_latency";
    /// How long handlers of Nexus operations took.
    NEXUS_TASK_EXECUTION_LATENCY = "temporal_nexus_task_execution_latency";
    /// How long requests to Nexus operations took, from when they were made until they were answered.
    NEXUS_TASK_ENDTOEND_LATENCY = "temporal_nexus_task_endtoend_latency";
    /// Requests to Nexus operations that failed, or whose operation did.
    NEXUS_TASK_EXECUTION_FAILED = "temporal_nexus_task_execution_failed";
}

/// Where the values of a latency are parted, in milliseconds, as in the other SDKs.
pub(super) fn buckets(name: &str) -> &'static [f64] {
    match name {
        WORKFLOW_ENDTOEND_LATENCY => &[
            100.,
            500.,
            1_000.,
            1_500.,
            2_000.,
            5_000.,
            10_000.,
            30_000.,
            60_000.,
            120_000.,
            300_000.,
            600_000.,
            1_800_000.,
            3_600_000.,
            30_600_000.,
            86_400_000.,
        ],
        WORKFLOW_TASK_EXECUTION_LATENCY => &[1., 10., 20., 50., 100., 200., 500., 1_000.],
        ACTIVITY_EXECUTION_LATENCY => &[50., 100., 500., 1_000., 5_000., 10_000., 60_000.],
        WORKFLOW_TASK_SCHEDULE_TO_START_LATENCY | ACTIVITY_SCHEDULE_TO_START_LATENCY => {
            &[100., 500., 1_000., 5_000., 10_000., 100_000., 1_000_000.]
        }
        _ => &[50., 100., 500., 1_000., 2_500., 10_000.],
    }
}
