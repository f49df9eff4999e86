//! Starting workflows, and talking to them from outside.
//!
//! ```no_run
//! use steadfast::{Client, workflow::Untyped};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let client = Client::connect("localhost:7233").await?;
//! let order = client.start_untyped("Approval", ("order 1",)).id("order-1").task_queue("orders").await?;
//! order.signal_untyped("decide", (true,)).await?;
//! println!("{}", order.result_untyped::<String>().await?);
//!
//! let again = client.workflow::<Untyped>("order-1");
//! println!("{:?}", again.describe().await?.status());
//! # Ok(())
//! # }
//! ```

mod activity_operation;
mod async_activity;
mod batch;
mod builder;
mod call_options;
#[cfg(feature = "config")]
mod config;
mod connection;
mod deployment;
mod describe;
#[cfg(feature = "client")]
mod dial;
mod error;
mod handle;
mod history;
mod list;
mod local;
mod namespace;
mod nexus_endpoint;
mod pending;
#[cfg(feature = "client")]
mod proxy;
mod query;
mod reporting;
mod reset;
mod result;
mod schedule;
mod search_attribute;
mod signal;
mod standalone;
mod standalone_activity;
mod standalone_operation;
mod start;
mod task_queue;
#[cfg(all(test, feature = "server"))]
mod tests;
mod time_skipping;
#[cfg(feature = "tls")]
mod tls;
mod update;
mod update_with_start;
mod versioning;
mod workflow_operation;

pub use activity_operation::{
    OfWorkflow, PauseActivityCall, ResetActivityCall, Standalone, UnpauseActivityCall, UpdateActivityOptionsCall,
    WorkflowActivities,
};
pub use async_activity::{AsyncActivity, AsyncActivityError};
pub use batch::{Batch, BatchCall, BatchDescription, BatchHandle, BatchList, BatchSummary};
pub(crate) use builder::host_name;
pub use builder::{AddressError, ClientBuilder, ConnectError, KeepAlive};
pub use call_options::CallOptions;
#[cfg(feature = "config")]
pub use config::ConfigError;
pub use connection::{CallRetry, ErrorDetail, RpcError};
pub(crate) use connection::{Calling, Connection};
pub use deployment::{
    DeploymentDescription, DeploymentHandle, DeploymentList, DeploymentSummary, SetVersionCall, VersionDescription,
    VersionSummary,
};
pub use describe::WorkflowDescription;
pub use error::{
    ActivityAlreadyStarted, ActivityResultError, AlreadyStarted, BatchError, ContinuedAsNew, ExecuteActivityError,
    ExecuteError, NexusOperationAlreadyStarted, NexusOperationResultError, NoWorkflowTask, OperatorError, QueryError,
    Rejected, RequestError, ResetError, ResultError, ScheduleError, SignalError, StartActivityError, StartError,
    StartNexusOperationError, UnfitOption, UpdateCallError, UpdateWithStartError,
};
pub use handle::{CancelCall, TerminateCall, ToClient, WorkflowHandle};
pub use history::WorkflowEvents;
pub use list::{WorkflowCount, WorkflowHistories, WorkflowList, WorkflowSummary};
use local::Home;
pub(crate) use local::{EagerReservation, LocalWorker, LocalWorkers};
pub use namespace::{NamespaceDescription, NamespaceList, RegisterNamespaceCall, UpdateNamespaceCall};
pub use nexus_endpoint::{NexusEndpoint, NexusEndpointCall, NexusEndpointList, NexusTarget};
pub use pending::{PendingActivity, PendingChild, PendingWorkflowTask};
#[cfg(feature = "client")]
pub use proxy::Proxy;
pub use query::QueryCall;
use reporting::Reporting;
pub(crate) use reporting::ReportingWorker;
pub use reset::{ResetCall, ResetPoint};
pub use result::ResultCall;
pub use schedule::{
    CreateScheduleCall, Schedule, ScheduleActionResult, ScheduleCalendar, ScheduleDescription, ScheduleHandle,
    ScheduleList, ScheduleOverlapPolicy, ScheduleRange, ScheduleRanges, ScheduleSpec, ScheduleSummary,
};
pub use search_attribute::SearchAttributeKind;
pub use signal::SignalCall;
pub use standalone_activity::{
    ActivityDescription, ActivityHandle, ActivityIdConflictPolicy, ActivityIdReusePolicy, ActivityList,
    ActivityResultCall, ActivityStatus, ActivitySummary, CancelActivityCall, ExecuteActivity, StartActivity,
    StartActivityCall,
};
pub use standalone_operation::{
    NexusOperationDescription, NexusOperationHandle, NexusOperationIdConflictPolicy, NexusOperationIdReusePolicy,
    NexusOperationList, NexusOperationStatus, NexusOperationSummary, StartNexusOperationCall,
};
pub use start::{Execute, Messages, Start, StartCall, StartSignal, TaskQueueMissing, TaskQueueSet, ToStart};
pub use steadfast_proto::{
    enums::{
        BatchOperationState, BatchOperationType, IndexedValueType, NamespaceState, ParentClosePolicy,
        PendingActivityState, PendingWorkflowTaskState, QueryRejectCondition, ResetReapplyExcludeType, TaskQueueType,
        VersionDrainageStatus, WorkerDeploymentVersionStatus, WorkflowExecutionStatus as WorkflowStatus,
        WorkflowIdConflictPolicy, WorkflowIdReusePolicy,
    },
    tonic::Code,
};
pub use task_queue::{TaskQueueDescription, TaskQueuePoller};
pub use time_skipping::{FastForwarded, TimeSkipping};
#[cfg(feature = "tls")]
pub use tls::Tls;
pub use update::{UpdateCall, UpdateHandle, UpdateStage};
pub use update_with_start::{StartUpdate, UpdateWithStartCall};
pub use versioning::{VersioningOverride, WorkflowVersioning};
pub use workflow_operation::{UpdateWorkflowOptionsCall, WorkflowOptions};

use crate::{
    checks::called,
    convert::{Arguments, Converter, PayloadCodec},
    handle::NoMessages,
    id::new_id,
    interceptor::ClientInterceptor,
    metrics::{Label, Meter, Recorder},
    plugin::Plugin,
    workflow::{Untyped, Workflow},
};
use std::{fmt, sync::Arc, time::Duration};
use steadfast_proto::{Call, Services, common::WorkflowExecution};

/// The way to a server and one of its namespaces. Cheap to clone.
#[derive(Clone)]
pub struct Client(Arc<Inner>);

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("connection", &self.0.connection)
            .field("namespace", &self.0.namespace)
            .field("identity", &self.0.identity)
            .finish_non_exhaustive()
    }
}

#[derive(Clone)]
struct Inner {
    connection: Connection,
    namespace: String,
    identity: String,
    converter: Converter,
    query_reject_condition: QueryRejectCondition,
    plugins: Arc<[Arc<dyn Plugin>]>,
    local_workers: Arc<LocalWorkers>,
    reporting: Arc<Reporting>,
    /// Where a worker is known that may get another client.
    home: Option<Home>,
    worker_heartbeat_interval: Option<Duration>,
}

impl Client {
    /// Connects to the namespace `default` of a server: `localhost:7233`, or with a scheme, `http://localhost:7233`.
    ///
    /// # Errors
    /// The address is malformed, or nobody answers there.
    #[cfg(feature = "client")]
    pub async fn connect(address: impl Into<String>) -> Result<Self, ConnectError> {
        Self::builder().address(address).connect().await
    }

    /// A client with settings: namespace, identity and so on.
    pub fn builder() -> ClientBuilder {
        ClientBuilder::default()
    }

    /// A client of a server in this process, or of its workflow service alone: calls are plain function calls, nothing is
    /// encoded.
    #[must_use]
    pub fn in_process(services: impl Into<Services>) -> Self {
        Self::builder().in_process(services)
    }

    /// A client of a new server inside this process: nothing to install, no port. It has the namespace `default`, keeps
    /// everything in memory, and ends with the last clone of the client.
    ///
    /// Its time is real; for tests in virtual time there is [`TestEnv`](crate::testing::TestEnv).
    ///
    /// # Errors
    /// This is not called on a tokio runtime.
    #[cfg(feature = "server")]
    pub fn embedded() -> Result<Self, ConnectError> {
        Self::builder().embedded()
    }

    /// A client over the same connection, whose payloads go through one codec more: see [`ClientBuilder::codec`].
    #[must_use]
    pub fn with_codec(&self, codec: impl PayloadCodec) -> Self {
        let mut coding = self.connection().coding().cloned().unwrap_or_default();
        coding.add(codec);
        let mut converter = self.converter().clone();
        converter.set_codecs(coding.names());
        Self(Arc::new(Inner {
            connection: self.connection().clone().coded(coding),
            converter,
            local_workers: Arc::default(),
            // The worker's own parts read what other codecs wrote.
            home: None,
            ..(*self.0).clone()
        }))
    }

    /// Starts a workflow when awaited, and returns its handle.
    ///
    /// ```no_run
    /// # use steadfast::{Client, workflow::Workflow};
    /// # async fn example<Approval: Workflow<Input = u32> + 'static>(client: Client) -> Result<(), Box<dyn std::error::Error>> {
    /// let approval = client.start::<Approval>(7).id("order-1").task_queue("orders").await?;
    /// println!("{}", approval.id());
    /// # Ok(())
    /// # }
    /// ```
    #[allow(clippy::needless_pass_by_value)] // the input is given away, as by a call
    pub fn start<W: Workflow + ?Sized>(
        &self,
        input: W::Input,
    ) -> StartCall<W, TaskQueueMissing, Start<W::Messages<ToClient>>> {
        StartCall::new(self, const { called(W::NAME) }, W::encode(&input, self.converter()))
    }

    /// Starts a workflow when awaited, and waits for its result.
    #[allow(clippy::needless_pass_by_value)] // the input is given away, as by a call
    pub fn execute<W: Workflow + ?Sized>(&self, input: W::Input) -> StartCall<W, TaskQueueMissing, Execute<W::Output>> {
        StartCall::new(self, const { called(W::NAME) }, W::encode(&input, self.converter()))
    }

    /// Starts a workflow that is known by its type's name alone; the arguments are a tuple.
    #[allow(clippy::needless_pass_by_value)] // the arguments are given away, as by a call
    pub fn start_untyped<A: Arguments>(
        &self,
        workflow_type: impl Into<String>,
        arguments: A,
    ) -> StartCall<Untyped, TaskQueueMissing, Start<NoMessages<Untyped, ToClient>>> {
        StartCall::new(self, workflow_type, arguments.to_payloads(self.converter()))
    }

    /// A handle to a workflow that exists, or will. Nothing is asked of the server yet.
    pub fn workflow<W: Workflow + ?Sized>(&self, id: impl Into<String>) -> WorkflowHandle<W> {
        WorkflowHandle::of(ToClient::new(self.clone(), id))
    }

    /// The workflows that a visibility query finds, such as `WorkflowType = 'Approval' AND ExecutionStatus = 'Running'`;
    /// all of them for an empty one.
    pub fn list(&self, query: impl Into<String>) -> WorkflowList {
        WorkflowList::new(self.clone(), query.into())
    }

    /// How many workflows a visibility query finds.
    ///
    /// # Errors
    /// The query is malformed, or the call fails.
    pub async fn count(&self, query: impl Into<String>) -> Result<u64, RpcError> {
        Ok(list::counted(self, query.into()).await?.count)
    }

    /// How many workflows a visibility query finds, for each value of the attribute that it groups them by:
    /// `WorkflowType = 'Approval' GROUP BY ExecutionStatus`. Empty for a query without `GROUP BY`.
    ///
    /// # Errors
    /// The query is malformed, or the call fails.
    pub async fn count_groups(&self, query: impl Into<String>) -> Result<Vec<WorkflowCount>, RpcError> {
        Ok(list::counted(self, query.into()).await?.groups)
    }

    /// One operation on all workflows that a visibility query finds, done by the server in its own time.
    pub fn batch(&self, query: impl Into<String>) -> Batch {
        Batch::of_query(self.clone(), query.into())
    }

    /// As [`batch`](Self::batch), on the workflows of these ids.
    pub fn batch_of(&self, ids: impl IntoIterator<Item = impl Into<String>>) -> Batch {
        Batch::of_ids(self.clone(), ids.into_iter().map(Into::into))
    }

    /// A handle to a batch that was started before. Nothing is asked of the server yet.
    #[must_use]
    pub fn batch_handle(&self, job_id: impl Into<String>) -> BatchHandle {
        BatchHandle::new(self.clone(), job_id.into())
    }

    /// The batches of the namespace.
    pub fn list_batches(&self) -> BatchList {
        BatchList::new(self.clone())
    }

    /// Creates a schedule when awaited, and returns its handle.
    pub fn create_schedule(&self, id: impl Into<String>, schedule: Schedule) -> CreateScheduleCall {
        CreateScheduleCall::new(self, id.into(), schedule)
    }

    /// A handle to a schedule that exists, or will. Nothing is asked of the server yet.
    #[must_use]
    pub fn schedule(&self, id: impl Into<String>) -> ScheduleHandle {
        ScheduleHandle::new(self.clone(), id.into())
    }

    /// The schedules that a visibility query finds; all of them for an empty one.
    pub fn list_schedules(&self, query: impl Into<String>) -> ScheduleList {
        ScheduleList::new(self.clone(), query.into())
    }

    /// How many schedules a visibility query finds.
    ///
    /// # Errors
    /// The query is malformed, or the call fails.
    pub async fn count_schedules(&self, query: impl Into<String>) -> Result<u64, RpcError> {
        schedule::count(self, query.into()).await
    }

    /// An activity that said [`complete_async`](crate::error::ActivityError::complete_async), by its task token.
    pub fn async_activity(&self, task_token: impl Into<bytes::Bytes>) -> AsyncActivity {
        AsyncActivity::by_token(self.clone(), task_token.into())
    }

    /// An activity that said [`complete_async`](crate::error::ActivityError::complete_async), by its workflow's id and
    /// its own.
    pub fn async_activity_by_id(
        &self,
        workflow_id: impl Into<String>,
        activity_id: impl Into<String>,
    ) -> AsyncActivity {
        AsyncActivity::by_id(self.clone(), workflow_id.into(), activity_id.into())
    }

    /// Makes any call of the server's workflow service or operator service, for what has no method here. The call has 30 s, and
    /// is tried again as all others are.
    ///
    /// ```
    /// use steadfast::proto::workflowservice::GetClusterInfoRequest;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let client = steadfast::Client::embedded()?;
    /// let info = client.call(GetClusterInfoRequest::default()).await?;
    /// assert!(!info.server_version.is_empty());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The server refuses the request, or cannot be reached.
    pub async fn call<R: Call>(&self, request: R) -> Result<R::Response, RpcError> {
        self.connection().call(request).await
    }

    /// The same client, whose calls are measured, as are its workers. Without a meter nothing is.
    #[must_use]
    pub fn metrics(&self, meter: impl Meter) -> Self {
        let mut inner = Inner::clone(&self.0);
        let labels = vec![Label::new("namespace", inner.namespace.as_str())];
        inner.connection = inner.connection.measured(Recorder::new(Arc::new(meter), labels));
        Self(Arc::new(inner))
    }

    /// The same client, whose calls are seen by this interceptor after those it has already.
    #[must_use]
    pub fn interceptor(&self, interceptor: impl ClientInterceptor) -> Self {
        let mut inner = Inner::clone(&self.0);
        inner.connection = inner.connection.intercepted(Arc::new(interceptor));
        Self(Arc::new(inner))
    }

    /// The namespace.
    #[must_use]
    pub fn namespace(&self) -> &str {
        &self.0.namespace
    }

    /// Who this client is to the server: process and host, unless it was set.
    #[must_use]
    pub fn identity(&self) -> &str {
        &self.0.identity
    }

    /// What turns values into payloads and back.
    #[must_use]
    pub fn converter(&self) -> &Converter {
        &self.0.converter
    }

    pub(crate) fn plugins(&self) -> &[Arc<dyn Plugin>] {
        &self.0.plugins
    }

    pub(crate) fn connection(&self) -> &Connection {
        &self.0.connection
    }

    /// The same client with another connection.
    fn with_connection(&self, connection: Connection) -> Self {
        Self(Arc::new(Inner {
            connection,
            ..Inner::clone(&self.0)
        }))
    }
}

/// Names a workflow, and one of its runs; without a run id it is the latest.
fn execution(workflow_id: &str, run_id: Option<&str>) -> WorkflowExecution {
    WorkflowExecution {
        workflow_id: workflow_id.to_owned(),
        run_id: run_id.unwrap_or_default().to_owned(),
    }
}
