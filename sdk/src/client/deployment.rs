//! Worker deployments: which build gets which workflows.
//!
//! ```no_run
//! # async fn example(client: steadfast::Client) -> Result<(), Box<dyn std::error::Error>> {
//! let orders = client.deployment("orders");
//! orders.set_ramping_version("1.5", 10.0).await?; // of new workflows, and of those that move on by themselves
//! orders.set_current_version("1.5").await?;
//! if orders.describe_version("1.4").await?.is_drained() {
//!     orders.delete_version("1.4").await?;
//! }
//! # Ok(())
//! # }
//! ```

use super::{Client, OperatorError, list::Pages, versioning::version};
use crate::convert::{Converter, Data, DecodeError};
use serde::Serialize;
use std::{future::IntoFuture, time::SystemTime};
use steadfast_core::BoxFuture;
use steadfast_proto::{
    deployment::{
        RoutingConfig, WorkerDeploymentInfo, WorkerDeploymentVersion, WorkerDeploymentVersionInfo,
        worker_deployment_info::WorkerDeploymentVersionSummary,
    },
    enums::{VersionDrainageStatus, WorkerDeploymentVersionStatus},
    system_time,
    workflowservice::{
        DeleteWorkerDeploymentRequest, DeleteWorkerDeploymentVersionRequest, DescribeWorkerDeploymentRequest,
        DescribeWorkerDeploymentVersionRequest, ListWorkerDeploymentsRequest, SetWorkerDeploymentCurrentVersionRequest,
        SetWorkerDeploymentRampingVersionRequest, UpdateWorkerDeploymentVersionMetadataRequest,
        list_worker_deployments_response::WorkerDeploymentSummary,
    },
};

/// Worker deployments.
impl Client {
    /// A handle to a deployment that exists, or will. Nothing is asked of the server yet.
    pub fn deployment(&self, name: impl Into<String>) -> DeploymentHandle {
        DeploymentHandle {
            client: self.clone(),
            name: name.into(),
        }
    }

    /// The deployments of the namespace.
    pub fn list_deployments(&self) -> DeploymentList {
        DeploymentList {
            client: self.clone(),
            pages: Pages::default(),
        }
    }
}

/// A worker deployment, reached through a client. Cheap to clone.
#[derive(Debug, Clone)]
pub struct DeploymentHandle {
    client: Client,
    name: String,
}

impl DeploymentHandle {
    /// The deployment's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    fn namespace(&self) -> String {
        self.client.namespace().to_owned()
    }

    fn identity(&self) -> String {
        self.client.identity().to_owned()
    }

    fn version(&self, build_id: impl Into<String>) -> Option<WorkerDeploymentVersion> {
        Some(version(self.name.clone(), build_id.into()))
    }

    /// Its builds, and where workflows go.
    ///
    /// # Errors
    /// There is no such deployment, or the call fails.
    pub async fn describe(&self) -> Result<DeploymentDescription, OperatorError> {
        let request = DescribeWorkerDeploymentRequest {
            namespace: self.namespace(),
            deployment_name: self.name.clone(),
        };
        let info = self.client.connection().call(request).await?.worker_deployment_info;
        Ok(DeploymentDescription(Box::new(info.unwrap_or_default())))
    }

    /// One of its builds: whether workflows still need it, say.
    ///
    /// # Errors
    /// There is no such build, or the call fails.
    pub async fn describe_version(&self, build_id: impl Into<String>) -> Result<VersionDescription, OperatorError> {
        let request = DescribeWorkerDeploymentVersionRequest {
            namespace: self.namespace(),
            deployment_version: self.version(build_id),
            ..DescribeWorkerDeploymentVersionRequest::default()
        };
        let info = self
            .client
            .connection()
            .call_coded(request)
            .await?
            .worker_deployment_version_info;
        Ok(VersionDescription {
            info: Box::new(info.unwrap_or_default()),
            converter: self.client.converter().clone(),
        })
    }

    /// Sends new workflows to this build, and those that move on by themselves, when awaited.
    pub fn set_current_version(&self, build_id: impl Into<String>) -> SetVersionCall {
        SetVersionCall::new(self, build_id.into(), None)
    }

    /// Sends so many percent of new workflows to this build, and of those that move on by themselves, when awaited.
    pub fn set_ramping_version(&self, build_id: impl Into<String>, percent: f32) -> SetVersionCall {
        SetVersionCall::new(self, build_id.into(), Some(percent))
    }

    /// Sends workflows to workers without versions, when awaited, and to no build of this deployment.
    pub fn unset_current_version(&self) -> SetVersionCall {
        SetVersionCall::new(self, String::new(), None)
    }

    /// Sends all workflows to the current build again, when awaited.
    pub fn unset_ramping_version(&self) -> SetVersionCall {
        SetVersionCall::new(self, String::new(), Some(0.0))
    }

    /// Writes down something about a build, which its description tells, in place of another note of the name.
    ///
    /// # Errors
    /// The value cannot be encoded, there is no such build, or the call fails.
    pub async fn set_version_metadata<T: Serialize + Sync + 'static>(
        &self,
        build_id: impl Into<String>,
        name: impl Into<String>,
        value: &T,
    ) -> Result<(), OperatorError> {
        let value = self.client.converter().encode(value)?;
        let request = UpdateWorkerDeploymentVersionMetadataRequest {
            namespace: self.namespace(),
            deployment_version: self.version(build_id),
            upsert_entries: [(name.into(), value)].into(),
            identity: self.identity(),
            ..UpdateWorkerDeploymentVersionMetadataRequest::default()
        };
        self.client.connection().call_coded(request).await?;
        Ok(())
    }

    /// Forgets a build that nobody polls for any more and that no workflow needs.
    ///
    /// # Errors
    /// It is in use, there is no such build, or the call fails.
    pub async fn delete_version(&self, build_id: impl Into<String>) -> Result<(), OperatorError> {
        let request = DeleteWorkerDeploymentVersionRequest {
            namespace: self.namespace(),
            deployment_version: self.version(build_id),
            identity: self.identity(),
            ..DeleteWorkerDeploymentVersionRequest::default()
        };
        self.client.connection().call(request).await?;
        Ok(())
    }

    /// Forgets the deployment, once all of its builds are forgotten.
    ///
    /// # Errors
    /// It has builds, there is no such deployment, or the call fails.
    pub async fn delete(&self) -> Result<(), OperatorError> {
        let request = DeleteWorkerDeploymentRequest {
            namespace: self.namespace(),
            deployment_name: self.name.clone(),
            identity: self.identity(),
        };
        self.client.connection().call(request).await?;
        Ok(())
    }
}

/// A change of where workflows go, made when awaited.
#[must_use = "nothing is changed until awaited"]
pub struct SetVersionCall {
    deployment: DeploymentHandle,
    build_id: String,
    ramp_percent: Option<f32>,
    ignores_missing_task_queues: bool,
    allows_no_pollers: bool,
}

impl SetVersionCall {
    fn new(deployment: &DeploymentHandle, build_id: String, ramp_percent: Option<f32>) -> Self {
        Self {
            deployment: deployment.clone(),
            build_id,
            ramp_percent,
            ignores_missing_task_queues: false,
            allows_no_pollers: false,
        }
    }

    /// Also if the build does not poll all task queues that the current one does.
    pub fn ignore_missing_task_queues(mut self) -> Self {
        self.ignores_missing_task_queues = true;
        self
    }

    /// Also if nobody polls for the build yet.
    pub fn allow_no_pollers(mut self) -> Self {
        self.allows_no_pollers = true;
        self
    }
}

impl IntoFuture for SetVersionCall {
    type Output = Result<(), OperatorError>;
    type IntoFuture = BoxFuture<Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let deployment = &self.deployment;
            let connection = deployment.client.connection();
            let (namespace, identity) = (deployment.namespace(), deployment.identity());
            match self.ramp_percent {
                None => {
                    let request = SetWorkerDeploymentCurrentVersionRequest {
                        namespace,
                        deployment_name: deployment.name.clone(),
                        build_id: self.build_id,
                        identity,
                        ignore_missing_task_queues: self.ignores_missing_task_queues,
                        allow_no_pollers: self.allows_no_pollers,
                        ..SetWorkerDeploymentCurrentVersionRequest::default()
                    };
                    connection.call(request).await?;
                }
                Some(percentage) => {
                    let request = SetWorkerDeploymentRampingVersionRequest {
                        namespace,
                        deployment_name: deployment.name.clone(),
                        build_id: self.build_id,
                        percentage,
                        identity,
                        ignore_missing_task_queues: self.ignores_missing_task_queues,
                        allow_no_pollers: self.allows_no_pollers,
                        ..SetWorkerDeploymentRampingVersionRequest::default()
                    };
                    connection.call(request).await?;
                }
            }
            Ok(())
        })
    }
}

/// A deployment's builds, and where workflows go.
#[derive(Debug, Clone)]
pub struct DeploymentDescription(Box<WorkerDeploymentInfo>);

impl DeploymentDescription {
    /// The deployment's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// The build that new workflows go to, `None` if they go to workers without versions.
    #[must_use]
    pub fn current_version(&self) -> Option<&str> {
        current(self.0.routing_config.as_ref())
    }

    /// The build that a part of them goes to, and how many percent.
    #[must_use]
    pub fn ramping_version(&self) -> Option<(&str, f32)> {
        ramping(self.0.routing_config.as_ref())
    }

    /// Its builds.
    pub fn versions(&self) -> impl ExactSizeIterator<Item = VersionSummary<'_>> {
        self.0.version_summaries.iter().map(VersionSummary)
    }

    /// When it was first seen.
    #[must_use]
    pub fn create_time(&self) -> Option<SystemTime> {
        self.0.create_time.as_ref().and_then(system_time)
    }

    /// The answer as it came.
    #[must_use]
    pub fn raw(&self) -> &WorkerDeploymentInfo {
        &self.0
    }
}

fn current(routing: Option<&RoutingConfig>) -> Option<&str> {
    let version = routing?.current_deployment_version.as_ref()?;
    Some(version.build_id.as_str()).filter(|id| !id.is_empty())
}

fn ramping(routing: Option<&RoutingConfig>) -> Option<(&str, f32)> {
    let version = routing?.ramping_deployment_version.as_ref()?;
    let build_id = Some(version.build_id.as_str()).filter(|id| !id.is_empty())?;
    Some((build_id, routing?.ramping_version_percentage))
}

/// A build in the description of its deployment.
#[derive(Debug, Clone, Copy)]
pub struct VersionSummary<'a>(&'a WorkerDeploymentVersionSummary);

impl<'a> VersionSummary<'a> {
    /// The build's id.
    #[must_use]
    pub fn build_id(&self) -> &'a str {
        self.0
            .deployment_version
            .as_ref()
            .map_or("", |version| &version.build_id)
    }

    /// What is it used for.
    #[must_use]
    pub fn status(&self) -> WorkerDeploymentVersionStatus {
        self.0.status()
    }

    /// All of it, as it came.
    #[must_use]
    pub fn raw(&self) -> &'a WorkerDeploymentVersionSummary {
        self.0
    }
}

/// What the server knows about a build of a deployment.
#[derive(Debug, Clone)]
pub struct VersionDescription {
    info: Box<WorkerDeploymentVersionInfo>,
    converter: Converter,
}

impl VersionDescription {
    /// The build's id.
    #[must_use]
    pub fn build_id(&self) -> &str {
        self.info
            .deployment_version
            .as_ref()
            .map_or("", |version| &version.build_id)
    }

    /// What it is used for.
    #[must_use]
    pub fn status(&self) -> WorkerDeploymentVersionStatus {
        self.info.status()
    }

    /// Whether workflows that stay with it still run, once no new ones come to it.
    #[must_use]
    pub fn drainage(&self) -> VersionDrainageStatus {
        let drainage = self.info.drainage_info.as_ref();
        drainage.map(|drainage| drainage.status()).unwrap_or_default()
    }

    /// Whether no workflow needs it any more, as far as the server knows; it looks every few minutes.
    #[must_use]
    pub fn is_drained(&self) -> bool {
        self.drainage() == VersionDrainageStatus::Drained
    }

    /// How many percent of the workflows go to it, while it is the ramping one.
    #[must_use]
    pub fn ramp_percent(&self) -> f32 {
        self.info.ramp_percentage
    }

    /// The task queues that it polls.
    pub fn task_queues(&self) -> impl ExactSizeIterator<Item = &str> {
        self.info.task_queue_infos.iter().map(|queue| queue.name.as_str())
    }

    /// A note about it, `None` if there is none of the name.
    ///
    /// # Errors
    /// It is not a `T`.
    pub fn metadata<T: Data>(&self, name: &str) -> Result<Option<T>, DecodeError> {
        let metadata = self.info.metadata.as_ref();
        self.converter
            .decode_field(metadata.map(|metadata| &metadata.entries), name)
    }

    /// The answer as it came.
    #[must_use]
    pub fn raw(&self) -> &WorkerDeploymentVersionInfo {
        &self.info
    }
}

/// The deployments of a namespace, fetched page by page.
#[must_use = "nothing is asked until `.next()`"]
pub struct DeploymentList {
    client: Client,
    pages: Pages<WorkerDeploymentSummary>,
}

/// A deployment in a list.
#[derive(Debug, Clone)]
pub struct DeploymentSummary(Box<WorkerDeploymentSummary>);

impl DeploymentList {
    /// The next one; `None` after the last.
    ///
    /// # Errors
    /// The call fails.
    pub async fn next(&mut self) -> Result<Option<DeploymentSummary>, OperatorError> {
        while let Some(next_page_token) = self.pages.wanted() {
            let request = ListWorkerDeploymentsRequest {
                namespace: self.client.namespace().to_owned(),
                next_page_token,
                ..ListWorkerDeploymentsRequest::default()
            };
            let answer = self.client.connection().call(request).await?;
            self.pages.add(answer.worker_deployments, answer.next_page_token);
        }
        Ok(self.pages.pop().map(|summary| DeploymentSummary(Box::new(summary))))
    }
}

impl DeploymentSummary {
    /// The deployment's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// The build that new workflows go to, `None` if they go to workers without versions.
    #[must_use]
    pub fn current_version(&self) -> Option<&str> {
        current(self.0.routing_config.as_ref())
    }

    /// The build that a part of them goes to, and how many percent.
    #[must_use]
    pub fn ramping_version(&self) -> Option<(&str, f32)> {
        ramping(self.0.routing_config.as_ref())
    }

    /// The entry as it came.
    #[must_use]
    pub fn raw(&self) -> &WorkerDeploymentSummary {
        &self.0
    }
}
