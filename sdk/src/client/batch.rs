//! Batches: one operation on many workflows, done by the server in its own time.

use super::{
    BatchError, Client, ResetPoint, ResetReapplyExcludeType, RpcError, WorkflowOptions, execution, list::Pages, new_id,
};
use crate::convert::{Arguments, EncodeError};
use std::{future::IntoFuture, time::SystemTime};
use steadfast_core::BoxFuture;
use steadfast_proto::{
    batch::{
        BatchOperationCancellation, BatchOperationDeletion, BatchOperationInfo, BatchOperationReset,
        BatchOperationSignal, BatchOperationTermination, BatchOperationUpdateWorkflowExecutionOptions,
    },
    enums::{BatchOperationState, BatchOperationType},
    system_time,
    workflowservice::{
        DescribeBatchOperationRequest, DescribeBatchOperationResponse, ListBatchOperationsRequest,
        StartBatchOperationRequest, StopBatchOperationRequest, start_batch_operation_request::Operation,
    },
};

/// Which workflows a batch is about, and why; the operation comes last.
///
/// ```no_run
/// # async fn example(client: steadfast::Client) -> Result<(), steadfast::client::BatchError> {
/// let batch = client.batch("WorkflowType = 'Approval'").reason("the shop is closed").terminate().await?;
/// println!("{:?}", batch.describe().await?.state());
/// # Ok(())
/// # }
/// ```
#[must_use = "say what to do, such as `.terminate()`"]
pub struct Batch {
    client: Client,
    request: Box<StartBatchOperationRequest>,
}

impl Batch {
    pub(super) fn of_query(client: Client, query: String) -> Self {
        let request = Box::new(StartBatchOperationRequest {
            namespace: client.namespace().to_owned(),
            visibility_query: query,
            job_id: new_id(),
            reason: format!("requested by {}", client.identity()),
            ..StartBatchOperationRequest::default()
        });
        Self { client, request }
    }

    #[allow(deprecated)] // the list that replaces it is unknown to most servers in use
    pub(super) fn of_ids(client: Client, ids: impl Iterator<Item = String>) -> Self {
        let mut batch = Self::of_query(client, String::new());
        batch.request.executions = ids.map(|id| execution(&id, None)).collect();
        batch
    }

    /// Why; that this client wants it, unless it is set.
    pub fn reason(mut self, reason: impl Into<String>) -> Self {
        self.request.reason = reason.into();
        self
    }

    /// The batch's id, a new random one unless it is set. Of the same id there is one batch.
    pub fn job_id(mut self, id: impl Into<String>) -> Self {
        self.request.job_id = id.into();
        self
    }

    /// How many workflows are done in a second at most; the server decides unless it is set.
    pub fn per_second(mut self, workflows: f32) -> Self {
        self.request.max_operations_per_second = workflows;
        self
    }

    /// Terminates them.
    pub fn terminate(self) -> BatchCall {
        let identity = self.client.identity().to_owned();
        self.call(Operation::TerminationOperation(BatchOperationTermination {
            details: None,
            identity,
        }))
    }

    /// Asks them to end.
    pub fn cancel(self) -> BatchCall {
        let identity = self.client.identity().to_owned();
        self.call(Operation::CancellationOperation(BatchOperationCancellation {
            identity,
        }))
    }

    /// Deletes them, also those that have ended.
    pub fn delete(self) -> BatchCall {
        let identity = self.client.identity().to_owned();
        self.call(Operation::DeletionOperation(BatchOperationDeletion { identity }))
    }

    /// Sends them a signal; the arguments are a tuple, `(value,)` for a single one.
    #[allow(clippy::needless_pass_by_value)] // the arguments are given away, as by a call
    pub fn signal<A: Arguments>(self, name: impl Into<String>, arguments: A) -> BatchCall {
        let identity = self.client.identity().to_owned();
        let (input, error) = super::signal::split(arguments.to_payloads(self.client.converter()));
        let mut call = self.call(Operation::SignalOperation(BatchOperationSignal {
            signal: name.into(),
            input,
            header: None,
            identity,
        }));
        call.error = error;
        call
    }

    /// Resets them, also those that have ended.
    pub fn reset(self, to: ResetPoint) -> BatchCall {
        self.reset_without_reapplying(to, [])
    }

    /// Resets them; messages of these kinds that came after the point are not delivered anew.
    pub fn reset_without_reapplying(
        self,
        to: ResetPoint,
        kinds: impl IntoIterator<Item = ResetReapplyExcludeType>,
    ) -> BatchCall {
        let identity = self.client.identity().to_owned();
        self.call(Operation::ResetOperation(BatchOperationReset {
            identity,
            options: Some(to.options(kinds)),
            ..BatchOperationReset::default()
        }))
    }

    /// Changes options of those that run.
    pub fn update_options(self, options: WorkflowOptions) -> BatchCall {
        let identity = self.client.identity().to_owned();
        let (workflow_execution_options, update_mask) = options.into_wire();
        let operation = BatchOperationUpdateWorkflowExecutionOptions {
            identity,
            workflow_execution_options,
            update_mask,
        };
        self.call(Operation::UpdateWorkflowOptionsOperation(operation))
    }

    fn call(mut self, operation: Operation) -> BatchCall {
        self.request.operation = Some(operation);
        BatchCall {
            client: self.client,
            request: self.request,
            error: None,
        }
    }
}

/// A batch, started when awaited.
#[must_use = "no batch is started until awaited"]
pub struct BatchCall {
    client: Client,
    request: Box<StartBatchOperationRequest>,
    error: Option<EncodeError>,
}

impl IntoFuture for BatchCall {
    type Output = Result<BatchHandle, BatchError>;
    type IntoFuture = BoxFuture<Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            if let Some(error) = self.error {
                return Err(error.into());
            }
            let job_id = self.request.job_id.clone();
            self.client.connection().start_batch_operation(*self.request).await?;
            Ok(BatchHandle::new(self.client, job_id))
        })
    }
}

/// A batch that was started.
#[derive(Debug, Clone)]
pub struct BatchHandle {
    client: Client,
    job_id: String,
}

impl BatchHandle {
    pub(super) fn new(client: Client, job_id: String) -> Self {
        Self { client, job_id }
    }

    /// The batch's id.
    #[must_use]
    pub fn job_id(&self) -> &str {
        &self.job_id
    }

    /// How far it is.
    ///
    /// # Errors
    /// There is no such batch, or the call fails.
    pub async fn describe(&self) -> Result<BatchDescription, BatchError> {
        let request = DescribeBatchOperationRequest {
            namespace: self.client.namespace().to_owned(),
            job_id: self.job_id.clone(),
        };
        let answer = self.client.connection().describe_batch_operation(request).await?;
        Ok(BatchDescription(Box::new(answer)))
    }

    /// Stops it: what is not done yet is left undone.
    ///
    /// # Errors
    /// There is no such batch, it has ended, or the call fails.
    pub async fn stop(&self, reason: impl Into<String>) -> Result<(), BatchError> {
        let request = StopBatchOperationRequest {
            namespace: self.client.namespace().to_owned(),
            job_id: self.job_id.clone(),
            reason: reason.into(),
            identity: self.client.identity().to_owned(),
        };
        self.client.connection().stop_batch_operation(request).await?;
        Ok(())
    }
}

/// How far a batch is.
#[derive(Debug, Clone)]
pub struct BatchDescription(Box<DescribeBatchOperationResponse>);

/// A batch in a list.
#[derive(Debug, Clone)]
pub struct BatchSummary(Box<BatchOperationInfo>);

/// What is known of a batch, from its description or from a list.
macro_rules! batch_info {
    ($name:ident, $raw:ident) => {
        impl $name {
            /// The batch's id.
            #[must_use]
            pub fn job_id(&self) -> &str {
                &self.0.job_id
            }

            /// Whether it runs, and if not, how it ended.
            #[must_use]
            pub fn state(&self) -> BatchOperationState {
                self.0.state()
            }

            /// What is done with the workflows.
            #[must_use]
            pub fn operation(&self) -> BatchOperationType {
                self.0.operation_type()
            }

            /// When it was started.
            #[must_use]
            pub fn start_time(&self) -> Option<SystemTime> {
                self.0.start_time.as_ref().and_then(system_time)
            }

            /// When it ended, if it did.
            #[must_use]
            pub fn close_time(&self) -> Option<SystemTime> {
                self.0.close_time.as_ref().and_then(system_time)
            }

            /// All of it, as it came.
            #[must_use]
            pub fn raw(&self) -> &$raw {
                &self.0
            }
        }
    };
}

batch_info!(BatchDescription, DescribeBatchOperationResponse);
batch_info!(BatchSummary, BatchOperationInfo);

impl BatchDescription {
    /// How many workflows it is about.
    #[must_use]
    pub fn total(&self) -> u64 {
        u64::try_from(self.0.total_operation_count).unwrap_or_default()
    }

    /// How many of them are done.
    #[must_use]
    pub fn completed(&self) -> u64 {
        u64::try_from(self.0.complete_operation_count).unwrap_or_default()
    }

    /// With how many it failed.
    #[must_use]
    pub fn failed(&self) -> u64 {
        u64::try_from(self.0.failure_operation_count).unwrap_or_default()
    }

    /// Why it was started.
    #[must_use]
    pub fn reason(&self) -> &str {
        &self.0.reason
    }
}

/// The batches of a namespace, fetched page by page.
#[must_use = "nothing is asked until `.next()`"]
pub struct BatchList {
    client: Client,
    pages: Pages<BatchOperationInfo>,
}

impl BatchList {
    pub(super) fn new(client: Client) -> Self {
        let pages = Pages::default();
        Self { client, pages }
    }

    /// The next one; `None` after the last.
    ///
    /// # Errors
    /// The call fails.
    pub async fn next(&mut self) -> Result<Option<BatchSummary>, RpcError> {
        while let Some(next_page_token) = self.pages.wanted() {
            let request = ListBatchOperationsRequest {
                namespace: self.client.namespace().to_owned(),
                next_page_token,
                ..ListBatchOperationsRequest::default()
            };
            let answer = self.client.connection().list_batch_operations(request).await?;
            self.pages.add(answer.operation_info, answer.next_page_token);
        }
        Ok(self.pages.pop().map(|info| BatchSummary(Box::new(info))))
    }
}
