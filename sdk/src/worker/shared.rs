//! What the parts of a running worker have in common.

use super::{
    Deployment, Registry, WorkerError,
    metrics::WorkerMetrics,
    scaler::PollerBehavior,
    scheduled::ScheduledActivities,
    slot::SlotSupplier,
    status::{self, Status},
    stop::Stop,
    watchdog::Blocked,
    workflow_driver::log,
};
use crate::{
    activity::BlockingPool,
    client::{Client, ReportingWorker, RpcError},
    interceptor::ActivityInterceptors,
};
use std::{
    hash::{BuildHasher, RandomState},
    sync::Arc,
};
use steadfast_core::{Notice, PayloadLimits};
use steadfast_proto::{
    deployment::WorkerDeploymentOptions,
    enums::{TaskQueueKind, TaskQueueType, WorkerStatus},
    taskqueue::TaskQueue,
    tonic::Code,
    worker::WorkerHeartbeat,
    workflowservice::{
        DescribeNamespaceRequest, GetSystemInfoRequest, ShutdownWorkerRequest, get_system_info_response,
    },
};

/// What the parts of a running worker have in common.
pub(super) struct Shared {
    pub(super) client: Client,
    pub(super) task_queue: String,
    pub(super) identity: String,
    /// Names this worker among all, also those of the same identity.
    pub(super) instance_key: String,
    pub(super) deployment: Option<Deployment>,
    pub(super) registry: Arc<Registry>,
    /// Whether it takes activities that workflows call through the server.
    pub(super) polls_activities: bool,
    pub(super) server: Server,
    pub(super) tuning: Tuning,
    pub(super) status: Status,
    pub(super) stop: Stop,
    pub(super) blocked: Blocked,
    pub(super) noticed: Option<Noticed>,
    pub(super) activity_interceptors: ActivityInterceptors,
    /// Where blocking activities run, if not where the runtime has such things.
    pub(super) blocking_pool: Option<Arc<dyn BlockingPool>>,
    /// What it measures, if anybody wants to know.
    pub(super) metrics: Option<WorkerMetrics>,
    /// The names of its plugins.
    pub(super) plugins: Vec<String>,
    pub(super) scheduled: ScheduledActivities,
}

/// How much the worker takes on.
pub(super) struct Tuning {
    /// Without a supplier each shard counts for itself.
    pub(super) workflow_tasks: Option<Arc<dyn SlotSupplier>>,
    pub(super) activities: Arc<dyn SlotSupplier>,
    pub(super) workflow_pollers: PollerBehavior,
    pub(super) activity_pollers: PollerBehavior,
    pub(super) nexus_tasks: Arc<dyn SlotSupplier>,
    pub(super) nexus_pollers: PollerBehavior,
    /// The limit of the task queue, kept by the server.
    pub(super) queue_activities_per_second: Option<f64>,
}

/// Is told what a shard has to tell, beside the log.
pub(crate) type Noticed = Arc<dyn Fn(&Notice) + Send + Sync>;

/// What the server can do, as far as a worker cares.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Server {
    /// It records which flags the SDK used.
    pub(super) records_flags: bool,
    /// It answers open polls when the worker says that it shuts down.
    pub(super) completes_polls_on_shutdown: bool,
    /// It hands out a workflow's first task with the answer to its start.
    pub(super) starts_eagerly: bool,
    /// It suggests how many polls are good.
    pub(super) suggests_pollers: bool,
    /// It wants to know how workers are.
    pub(super) hears_heartbeats: bool,
    /// How large payloads may be.
    pub(super) payload_limits: PayloadLimits,
}

impl Server {
    /// Asks the server, and whether it knows the namespace.
    pub(super) async fn ask(client: &Client) -> Result<Self, WorkerError> {
        let connection = client.connection();
        let capabilities = match connection.get_system_info(GetSystemInfoRequest::default()).await {
            Ok(info) => info.capabilities.unwrap_or_default(),
            // Servers from before the call existed.
            Err(error) if error.code() == Code::Unimplemented => get_system_info_response::Capabilities::default(),
            Err(error) => return Err(WorkerError::Rpc(error)),
        };
        let request = DescribeNamespaceRequest {
            namespace: client.namespace().to_owned(),
            ..DescribeNamespaceRequest::default()
        };
        let namespace = match connection.describe_namespace(request).await {
            Ok(description) => description.namespace_info.unwrap_or_default(),
            Err(error) if error.code() == Code::NotFound => {
                return Err(WorkerError::NamespaceNotFound(client.namespace().to_owned()));
            }
            Err(error) => return Err(WorkerError::Rpc(error)),
        };
        let can = namespace.capabilities.unwrap_or_default();
        Ok(Self {
            records_flags: capabilities.sdk_metadata,
            completes_polls_on_shutdown: can.worker_poll_complete_on_shutdown,
            starts_eagerly: capabilities.eager_workflow_start,
            suggests_pollers: can.poller_autoscaling,
            hears_heartbeats: can.worker_heartbeats,
            payload_limits: namespace
                .limits
                .map_or_else(PayloadLimits::default, |limits| PayloadLimits {
                    payload_max: limit(limits.blob_size_limit_error),
                    memo_max: limit(limits.memo_size_limit_error),
                    ..PayloadLimits::default()
                }),
        })
    }
}

impl Shared {
    /// Ends the worker if this error of a poll says that no other one will bring a task.
    pub(super) fn heed(&self, error: &RpcError) {
        if let Some(fatal) = WorkerError::of_poll(error, self.client.namespace()) {
            tracing::error!(task_queue = self.task_queue, error = %fatal, "the worker ends");
            self.stop.fail(fatal);
        }
    }

    /// Tells what a shard has to tell.
    pub(super) fn notice(&self, notice: Notice) {
        if let Notice::Evicted { run_id, .. } | Notice::TaskFailed { run_id, .. } = &notice {
            self.scheduled.forget(run_id);
        }
        if let Some(noticed) = &self.noticed {
            noticed(&notice);
        }
        if let (Notice::Evicted { .. }, Some(metrics)) = (&notice, &self.metrics) {
            metrics.evicted();
        }
        log(notice);
    }

    pub(super) fn namespace(&self) -> String {
        self.client.namespace().to_owned()
    }

    pub(super) fn deployment_options(&self) -> Option<WorkerDeploymentOptions> {
        self.deployment.as_ref().map(Deployment::options)
    }

    pub(super) fn normal_queue(&self) -> TaskQueue {
        TaskQueue {
            name: self.task_queue.clone(),
            kind: TaskQueueKind::Normal.into(),
            ..TaskQueue::default()
        }
    }

    pub(super) fn sticky_queue(&self, name: &str) -> TaskQueue {
        TaskQueue {
            name: name.to_owned(),
            kind: TaskQueueKind::Sticky.into(),
            normal_name: self.task_queue.clone(),
        }
    }

    /// Tells the server that a part of the worker takes no more tasks, so that none waits for it.
    pub(super) async fn announce_shutdown(&self, sticky_queue: Option<&str>, kind: TaskQueueType) {
        let request = ShutdownWorkerRequest {
            namespace: self.namespace(),
            sticky_task_queue: sticky_queue.unwrap_or_default().to_owned(),
            identity: self.identity.clone(),
            reason: "graceful shutdown".to_owned(),
            worker_instance_key: self.instance_key.clone(),
            task_queue: self.task_queue.clone(),
            task_queue_types: vec![kind.into()],
            worker_heartbeat: Some(status::heartbeat(self, WorkerStatus::ShuttingDown)),
        };
        if let Err(error) = self.client.connection().shutdown_worker(request).await {
            // Old servers don't know the call, and one that is gone needs no telling.
            tracing::debug!(%error, "the server was not told of the shutdown");
        }
    }
}

impl ReportingWorker for Shared {
    fn report(&self) -> WorkerHeartbeat {
        status::heartbeat(self, WorkerStatus::Running)
    }

    fn key(&self) -> &str {
        &self.instance_key
    }

    fn client(&self) -> &Client {
        &self.client
    }
}

/// A limit of the server's; zero is none.
fn limit(bytes: i64) -> usize {
    usize::try_from(bytes)
        .ok()
        .filter(|bytes| *bytes > 0)
        .unwrap_or(usize::MAX)
}

/// A name that no other worker has.
pub(super) fn unique_key() -> String {
    format!("{:016x}{:016x}", random_bits(), random_bits())
}

/// A number between 0 and 1.
pub(super) fn random_unit() -> f64 {
    #[allow(clippy::cast_precision_loss)] // 53 bits are what it holds
    let fraction = (random_bits() >> 11) as f64 / (1_u64 << 53) as f64;
    fraction
}

/// Each `RandomState` has keys of its own, from the system's random numbers.
fn random_bits() -> u64 {
    RandomState::new().hash_one(0_u8)
}
