//! What the parts of a running worker have in common.

use super::{Registry, WorkerError};
use crate::client::Client;
use std::{
    hash::{BuildHasher, RandomState},
    sync::Arc,
};
use steadfast_core::Notice;
use steadfast_proto::{
    deployment::WorkerDeploymentOptions,
    enums::{TaskQueueKind, TaskQueueType, WorkerVersioningMode},
    taskqueue::TaskQueue,
    tonic::Code,
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
    pub(super) build_id: Option<String>,
    pub(super) registry: Arc<Registry>,
    pub(super) server: Server,
    pub(super) noticed: Option<Noticed>,
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
        Ok(Self {
            records_flags: capabilities.sdk_metadata,
            completes_polls_on_shutdown: namespace
                .capabilities
                .is_some_and(|capabilities| capabilities.worker_poll_complete_on_shutdown),
        })
    }
}

impl Shared {
    pub(super) fn namespace(&self) -> String {
        self.client.namespace().to_owned()
    }

    pub(super) fn deployment_options(&self) -> Option<WorkerDeploymentOptions> {
        self.build_id.as_ref().map(|build_id| WorkerDeploymentOptions {
            build_id: build_id.clone(),
            worker_versioning_mode: WorkerVersioningMode::Unversioned.into(),
            ..WorkerDeploymentOptions::default()
        })
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
            ..ShutdownWorkerRequest::default()
        };
        if let Err(error) = self.client.connection().shutdown_worker(request).await {
            // Old servers don't know the call, and one that is gone needs no telling.
            tracing::debug!(%error, "the server was not told of the shutdown");
        }
    }
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
