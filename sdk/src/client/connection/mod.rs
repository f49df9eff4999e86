//! The way to the server: over gRPC, or a direct call of the service's trait.

mod attempt;
mod call;
mod error;
#[cfg(feature = "client")]
mod grpc;
mod metrics;
mod retry;

pub use error::{ErrorDetail, RpcError};
#[cfg(feature = "client")]
pub(crate) use grpc::Headers;

pub use retry::CallRetry;

use super::CallOptions;
#[cfg(feature = "client")]
use super::dial::Dial;
use crate::{
    convert::{About, Coding},
    interceptor::{AnyClientInterceptor, Chain},
    metrics::Recorder,
};
#[cfg(feature = "client")]
use attempt::GrpcCall;
use attempt::{Attempts, DirectCall};
pub(crate) use call::Calling;
use call::{AnyCall, TypedCall};
use retry::{Retries, Retry};
use std::{
    fmt,
    future::poll_fn,
    sync::{Arc, OnceLock, PoisonError, RwLock},
    time::{Duration, Instant},
};
#[cfg(feature = "client")]
use steadfast_proto::tonic::{
    metadata::{AsciiMetadataKey, AsciiMetadataValue},
    transport::Channel,
};
use steadfast_proto::{Call, Services, tonic::Status, workflowservice::*};

/// How long a call may take.
const CALL_DEADLINE: Duration = Duration::from_secs(30);
/// How long a call may take that the server answers when something happens, after 60 s at the latest.
const LONG_POLL_DEADLINE: Duration = Duration::from_secs(70);

/// The way to the server. Cheap to clone; all clones share one HTTP/2 connection.
#[derive(Clone)]
pub(crate) struct Connection {
    transport: Arc<Transport>,
    /// What took its place, of a connection that may be replaced while it is used.
    replacement: Option<Replacement>,
    /// When calls are tried again, if nothing else is said.
    retry: CallRetry,
    /// What was said of the calls of this clone.
    options: Option<Arc<CallOptions>>,
    interceptors: Chain<dyn AnyClientInterceptor>,
    /// What calls are measured with, if anybody wants to know.
    recorder: Option<Recorder>,
    /// `None` if payloads go out and come in as they are.
    coding: Option<Arc<Coding>>,
}

/// Looked at with each call: as long as nothing was replaced, that is one load.
type Replacement = Arc<OnceLock<RwLock<Arc<Transport>>>>;

enum Transport {
    /// Services in this process: no socket, no encoding, and no deadlines, as they cannot be out of reach.
    Direct(Services),
    /// No server at all.
    Nowhere,
    #[cfg(feature = "client")]
    Grpc(Box<grpc::Transport>),
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match &*self.transport {
            Transport::Direct(_) => "Connection::Direct",
            Transport::Nowhere => "Connection::Nowhere",
            #[cfg(feature = "client")]
            Transport::Grpc(_) => "Connection::Grpc",
        })
    }
}

impl Connection {
    fn new(transport: Transport) -> Self {
        Self {
            transport: Arc::new(transport),
            replacement: None,
            retry: CallRetry::default(),
            options: None,
            interceptors: Chain::default(),
            recorder: None,
            coding: None,
        }
    }

    pub(crate) fn direct(services: Services) -> Self {
        Self::new(Transport::Direct(services))
    }

    pub(crate) fn nowhere() -> Self {
        Self::new(Transport::Nowhere)
    }

    #[cfg(feature = "client")]
    pub(crate) fn grpc(channel: Channel, headers: Headers, dial: Dial) -> Self {
        Self::new(Transport::Grpc(Box::new(grpc::Transport::new(channel, headers, dial))))
    }

    /// Has an effect on connections over the network alone: others are not encrypted.
    #[cfg(feature = "tls")]
    pub(crate) fn set_tls(&self, tls: super::Tls) -> Result<(), super::ConnectError> {
        match &*self.current() {
            Transport::Direct(_) | Transport::Nowhere => Ok(()),
            Transport::Grpc(transport) => transport.set_tls(tls),
        }
    }

    /// The same connection, which may be replaced while it is used.
    pub(crate) fn replaceable(&self) -> Self {
        Self {
            transport: self.current(),
            replacement: Some(Arc::default()),
            ..self.clone()
        }
    }

    /// Goes the other's way from the next attempt at a call on, if this one may be replaced.
    pub(crate) fn replace(&self, by: &Self) {
        let Some(replacement) = &self.replacement else { return };
        let new = by.current();
        let current = replacement.get_or_init(|| RwLock::new(Arc::clone(&new)));
        *current.write().unwrap_or_else(PoisonError::into_inner) = new;
    }

    fn replaced(&self) -> Option<Arc<Transport>> {
        let current = self.replacement.as_ref()?.get()?;
        Some(Arc::clone(&current.read().unwrap_or_else(PoisonError::into_inner)))
    }

    fn current(&self) -> Arc<Transport> {
        self.replaced().unwrap_or_else(|| Arc::clone(&self.transport))
    }

    pub(crate) fn with_retry(self, retry: CallRetry) -> Self {
        Self { retry, ..self }
    }

    /// The same connection, on which calls are made as these options say.
    pub(crate) fn with_options(&self, options: CallOptions) -> Self {
        Self {
            options: Some(Arc::new(options)),
            ..self.clone()
        }
    }

    /// The same transport, measured.
    pub(crate) fn measured(&self, recorder: Recorder) -> Self {
        Self {
            recorder: Some(recorder),
            ..self.clone()
        }
    }

    pub(crate) fn recorder(&self) -> Option<&Recorder> {
        self.recorder.as_ref()
    }

    /// When an attempt at a call begins, if that is of interest.
    fn begins(&self) -> Option<Instant> {
        self.recorder.as_ref().map(|_| Instant::now())
    }

    fn ends(&self, path: &str, began: Option<Instant>, deadline: Duration, error: Option<&Status>) {
        if let (Some(recorder), Some(began)) = (&self.recorder, began) {
            let is_long = deadline == LONG_POLL_DEADLINE;
            metrics::attempt(recorder, path, is_long, began.elapsed(), error.map(Status::code));
        }
    }

    /// The same transport, with one more interceptor.
    pub(crate) fn intercepted(&self, interceptor: Arc<dyn AnyClientInterceptor>) -> Self {
        let mut connection = self.clone();
        connection.interceptors.push(interceptor);
        connection
    }

    /// Payloads are changed on their way.
    pub(crate) fn coded(mut self, coding: Coding) -> Self {
        self.coding = coding.is_needed().then(|| Arc::new(coding));
        self
    }

    /// How payloads are changed, if they are.
    pub(crate) fn coding(&self) -> Option<&Coding> {
        self.coding.as_deref()
    }

    /// Has an effect on calls over the network alone: others have no headers.
    #[cfg(feature = "client")]
    pub(crate) fn set_header(&self, name: AsciiMetadataKey, value: Option<AsciiMetadataValue>) {
        if let Transport::Grpc(transport) = &*self.current() {
            transport.set_header(name, value);
        }
    }

    /// Any call, as a user makes it.
    pub(crate) fn call<R: Call>(&self, request: R) -> Calling<'_, R::Response> {
        let how = How::new(Retry::Call, CALL_DEADLINE);
        self.begin(Box::new(request), how, None)
    }

    /// As [`call`](Self::call), with payloads that are changed on their way; of the answer as many as can be.
    pub(crate) fn call_coded<R: Call>(&self, request: R) -> Calling<'_, R::Response> {
        let how = How::new(Retry::Call, CALL_DEADLINE).reading(Reading::Possible);
        self.begin(Box::new(request), how, None)
    }

    /// A call about something that the request itself does not say; there is nothing to decode in the answer.
    pub(crate) fn call_about<'c, R: Call>(&'c self, about: &'c About, request: R) -> Calling<'c, R::Response> {
        let how = How::new(Retry::Call, CALL_DEADLINE).reading(Reading::Nothing);
        self.begin(Box::new(request), how, Some(about))
    }

    fn begin<'c, R: Call>(&'c self, request: Box<R>, how: How, about: Option<&'c About>) -> Calling<'c, R::Response> {
        match self.plain(how) {
            Some(services) => Calling::plain(*request, services),
            None => Calling::Made(Box::pin(self.send(request, how, about))),
        }
    }

    /// The services themselves, if nothing is to be done around a call of theirs: in one process nearly none needs more.
    fn plain(&self, how: How) -> Option<&Services> {
        let Transport::Direct(services) = &*self.transport else {
            return None;
        };
        let is_changed = self.coding.is_some() && how.reading.is_some();
        let is_replaced = self
            .replacement
            .as_ref()
            .is_some_and(|replaced| replaced.get().is_some());
        let is_plain =
            self.options.is_none() && self.recorder.is_none() && !is_changed && !is_replaced && !how.retry.is_poll();
        is_plain.then_some(services)
    }

    /// Requests are in boxes from here on: each of the futures around the call would have room for a whole one.
    async fn send<R: Call>(&self, request: Box<R>, how: How, about: Option<&About>) -> Result<R::Response, RpcError> {
        let replaced = self.replaced();
        let transport = &**replaced.as_ref().unwrap_or(&self.transport);
        let mut call = TypedCall::new(request, how.retry.is_poll());
        self.make(transport, &mut call, how, about).await?;
        Ok(call.into_response())
    }

    /// Makes a call, whatever its type: what is of the type is behind [`AnyCall`], so that all else is there once.
    async fn make<'c>(
        &self,
        transport: &'c Transport,
        call: &mut dyn AnyCall<'c>,
        how: How,
        about: Option<&About>,
    ) -> Result<(), RpcError> {
        match self.coding.as_ref().zip(how.reading) {
            None => self.carry(transport, call, how).await,
            // Boxed, as all that is rare here: a call in this process is not to be as large.
            Some((coding, reading)) => {
                let about = about.cloned().unwrap_or_default();
                Box::pin(self.make_coded(transport, call, how, about, coding, reading)).await
            }
        }
    }

    async fn make_coded<'c>(
        &self,
        transport: &'c Transport,
        call: &mut dyn AnyCall<'c>,
        how: How,
        about: About,
        coding: &Coding,
        reading: Reading,
    ) -> Result<(), RpcError> {
        let about = coding.encode(about, call.request()).await;
        let about = about.map_err(RpcError::codec)?;
        if let Err(mut error) = self.carry(transport, call, how).await {
            if let Some(ErrorDetail::QueryFailed(detail)) = error.detail_mut() {
                coding.decode_what_can_be(about, detail).await;
            }
            return Err(error);
        }
        match reading {
            Reading::All => drop(coding.decode(about, call.response()).await.map_err(RpcError::codec)?),
            Reading::Possible => coding.decode_what_can_be(about, call.response()).await,
            Reading::Nothing => {}
        }
        Ok(())
    }

    async fn carry<'c>(&self, transport: &'c Transport, call: &mut dyn AnyCall<'c>, how: How) -> Result<(), RpcError> {
        let times = self.times(how)?;
        let path = call.path();
        match transport {
            Transport::Direct(services) => self.attempts(path, &mut DirectCall { services, call }, times).await,
            Transport::Nowhere => Err(Status::failed_precondition(NOWHERE).into()),
            #[cfg(feature = "client")]
            Transport::Grpc(transport) => {
                let mut sent = GrpcCall::new(self, transport, path, call.take_wire(), times.deadline);
                Box::pin(self.attempts(path, &mut sent, times)).await?;
                let read = call.read(sent.into_response());
                read.map_err(|error| Status::internal(format!("the answer to {path} cannot be read: {error}")).into())
            }
        }
    }

    /// How often a call is made, and how long it may take.
    fn times(&self, how: How) -> Result<Times, RpcError> {
        let Some(options) = &self.options else {
            return Ok(Times {
                retries: Retries::new(how.retry, self.retry),
                deadline: how.deadline,
                timeout: None,
            });
        };
        options.check()?;
        Ok(Times {
            retries: Retries::new(how.retry, options.retry.unwrap_or(self.retry)),
            deadline: options
                .timeout
                .map_or(how.deadline, |timeout| how.deadline.min(timeout)),
            timeout: options.timeout,
        })
    }

    /// Tries until there is an answer, or no sense in another try.
    async fn attempts(&self, path: &'static str, call: &mut dyn Attempts, times: Times) -> Result<(), RpcError> {
        let Some(timeout) = times.timeout else {
            return self.tries(path, call, times).await;
        };
        let tries = Box::pin(self.tries(path, call, times));
        let answer = tokio::time::timeout(timeout, tries);
        Box::pin(answer)
            .await
            .unwrap_or_else(|_| Err(RpcError::timed_out(path, timeout)))
    }

    async fn tries(&self, path: &'static str, call: &mut dyn Attempts, times: Times) -> Result<(), RpcError> {
        let mut retries = times.retries;
        loop {
            let began = self.begins();
            call.begin();
            let answer = poll_fn(|cx| call.poll(cx)).await;
            self.ends(path, began, times.deadline, answer.as_ref().err());
            match answer {
                Ok(()) => return Ok(()),
                Err(status) if !call.may_repeat() => return Err(status.into()),
                Err(status) => Box::pin(retries.wait_after(RpcError::from(status))).await?,
            }
        }
    }

    /// A wait for which the server is called again whenever it answers that nothing happened yet. All of its calls together have
    /// the time of one: a server answers shortly before a deadline, so that none of them need ever be late.
    pub(crate) async fn wait<T, E: From<RpcError>>(
        &self,
        what: &str,
        calls: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        let Some(timeout) = self.options.as_ref().and_then(|options| options.timeout) else {
            return calls.await;
        };
        let answer = tokio::time::timeout(timeout, Box::pin(calls)).await;
        answer.unwrap_or_else(|_| Err(RpcError::timed_out(what, timeout).into()))
    }
}

/// What is known of a kind of call.
#[derive(Debug, Clone, Copy)]
struct How {
    retry: Retry,
    /// Of each attempt.
    deadline: Duration,
    /// `None` if there are no payloads to change, or whoever calls does it.
    reading: Option<Reading>,
}

impl How {
    const fn new(retry: Retry, deadline: Duration) -> Self {
        Self {
            retry,
            deadline,
            reading: None,
        }
    }

    const fn reading(self, reading: Reading) -> Self {
        Self {
            reading: Some(reading),
            ..self
        }
    }
}

/// How often a call is made, and how long it may take.
struct Times {
    retries: Retries,
    /// Of each attempt.
    deadline: Duration,
    /// Of all together.
    timeout: Option<Duration>,
}

/// Said by clients of activities that a test calls.
const NOWHERE: &str = "this activity has no server: give its `ActivityEnv` a client, as `.client(env.client())`";

/// Which payloads of an answer are decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reading {
    /// All, or the call fails.
    All,
    /// As many as can be: what is not read by anybody need not be decoded, and who reads it is told.
    Possible,
    /// None: they are decoded later.
    Nothing,
}

/// One method for each call that is used, with what is to be retried, how long it may take, and the name that interceptors know
/// it by, if they see it. They come first; the call is made at their end.
macro_rules! calls {
    ($($(#[$doc:meta])* $name:ident($request:ident) -> $response:ident, $retry:expr, $deadline:expr $(, $hook:ident)?;)*) => {
        calls! { @how $($(#[$doc])* $name($request) -> $response, (How::new($retry, $deadline)) $(, $hook)?;)* }
    };
    (@how $($(#[$doc:meta])* $name:ident($request:ident) -> $response:ident, $how:tt $(, $hook:ident)?;)*) => {
        impl Connection {$(
            $(#[$doc])*
            pub(crate) fn $name(&self, request: impl Into<Box<$request>>) -> Calling<'_, $response> {
                const HOW: How = $how;
                fn call(this: &Connection, request: Box<$request>) -> Calling<'_, $response> {
                    $(
                        if !this.interceptors.is_empty() {
                            let connection = this.clone();
                            let end = async move |request| connection.send(Box::new(request), HOW, None).await;
                            return Calling::Made(Box::pin(this.interceptors.$hook(*request, end)));
                        }
                    )?
                    this.begin(request, HOW, None)
                }
                call(self, request.into())
            }
        )*}
    };
}

/// As `calls`, with payloads: which of those of the answer are decoded. Interceptors see them readable.
macro_rules! coded_calls {
    ($($(#[$doc:meta])* $name:ident($request:ident) -> $response:ident, $retry:expr, $deadline:expr, $reading:expr $(, $hook:ident)?;)*) => {
        calls! { @how $($(#[$doc])* $name($request) -> $response, (How::new($retry, $deadline).reading($reading)) $(, $hook)?;)* }
    };
}

/// As `calls`, about something that the request does not say.
macro_rules! calls_about {
    ($($name:ident($request:ident) -> $response:ident, $hook:ident;)*) => {
        impl Connection {$(
            pub(crate) fn $name<'c>(&'c self, about: &'c About, request: $request) -> Calling<'c, $response> {
                if !self.interceptors.is_empty() {
                    let (connection, about) = (self.clone(), about.clone());
                    let end = async move |request| connection.call_about(&about, request).await;
                    return Calling::Made(Box::pin(self.interceptors.$hook(request, end)));
                }
                self.call_about(about, request)
            }
        )*}
    };
}

calls! {
    get_system_info(GetSystemInfoRequest) -> GetSystemInfoResponse, Retry::Call, CALL_DEADLINE;
    describe_namespace(DescribeNamespaceRequest) -> DescribeNamespaceResponse, Retry::Call, CALL_DEADLINE;

    // Worker. Whoever polls has a backoff of its own. Payloads are changed by the drivers, which know what they are about.
    poll_workflow_task_queue(PollWorkflowTaskQueueRequest) -> PollWorkflowTaskQueueResponse, Retry::Never, LONG_POLL_DEADLINE;
    poll_activity_task_queue(PollActivityTaskQueueRequest) -> PollActivityTaskQueueResponse, Retry::Never, LONG_POLL_DEADLINE;
    respond_workflow_task_completed(RespondWorkflowTaskCompletedRequest) -> RespondWorkflowTaskCompletedResponse, Retry::Call, CALL_DEADLINE;
    respond_workflow_task_failed(RespondWorkflowTaskFailedRequest) -> RespondWorkflowTaskFailedResponse, Retry::Call, CALL_DEADLINE;
    respond_query_task_completed(RespondQueryTaskCompletedRequest) -> RespondQueryTaskCompletedResponse, Retry::Call, CALL_DEADLINE;
    respond_activity_task_failed(RespondActivityTaskFailedRequest) -> RespondActivityTaskFailedResponse, Retry::Call, CALL_DEADLINE;
    poll_nexus_task_queue(PollNexusTaskQueueRequest) -> PollNexusTaskQueueResponse, Retry::Never, LONG_POLL_DEADLINE;
    respond_nexus_task_completed(RespondNexusTaskCompletedRequest) -> RespondNexusTaskCompletedResponse, Retry::Call, CALL_DEADLINE;
    respond_nexus_task_failed(RespondNexusTaskFailedRequest) -> RespondNexusTaskFailedResponse, Retry::Call, CALL_DEADLINE;
    record_worker_heartbeat(RecordWorkerHeartbeatRequest) -> RecordWorkerHeartbeatResponse, Retry::Never, CALL_DEADLINE;
    /// A page of a history, for a shard.
    fetch_workflow_execution_history(GetWorkflowExecutionHistoryRequest) -> GetWorkflowExecutionHistoryResponse, Retry::Call, CALL_DEADLINE;
    shutdown_worker(ShutdownWorkerRequest) -> ShutdownWorkerResponse, Retry::Never, CALL_DEADLINE;

    // Client.
    request_cancel_workflow_execution(RequestCancelWorkflowExecutionRequest) -> RequestCancelWorkflowExecutionResponse, Retry::Call, CALL_DEADLINE, cancel_workflow;
    delete_workflow_execution(DeleteWorkflowExecutionRequest) -> DeleteWorkflowExecutionResponse, Retry::Call, CALL_DEADLINE, delete_workflow;
    reset_workflow_execution(ResetWorkflowExecutionRequest) -> ResetWorkflowExecutionResponse, Retry::Call, CALL_DEADLINE, reset_workflow;
    count_workflow_executions(CountWorkflowExecutionsRequest) -> CountWorkflowExecutionsResponse, Retry::Call, CALL_DEADLINE, count_workflows;
    stop_batch_operation(StopBatchOperationRequest) -> StopBatchOperationResponse, Retry::Call, CALL_DEADLINE;
    describe_batch_operation(DescribeBatchOperationRequest) -> DescribeBatchOperationResponse, Retry::Call, CALL_DEADLINE;
    list_batch_operations(ListBatchOperationsRequest) -> ListBatchOperationsResponse, Retry::Call, CALL_DEADLINE;
    poll_workflow_execution_time_skipping(PollWorkflowExecutionTimeSkippingRequest) -> PollWorkflowExecutionTimeSkippingResponse, Retry::LongPoll, LONG_POLL_DEADLINE;
    patch_schedule(PatchScheduleRequest) -> PatchScheduleResponse, Retry::Call, CALL_DEADLINE, patch_schedule;
    delete_schedule(DeleteScheduleRequest) -> DeleteScheduleResponse, Retry::Call, CALL_DEADLINE, delete_schedule;
    request_cancel_activity_execution(RequestCancelActivityExecutionRequest) -> RequestCancelActivityExecutionResponse, Retry::Call, CALL_DEADLINE, cancel_activity;
    terminate_activity_execution(TerminateActivityExecutionRequest) -> TerminateActivityExecutionResponse, Retry::Call, CALL_DEADLINE, terminate_activity;
    count_activity_executions(CountActivityExecutionsRequest) -> CountActivityExecutionsResponse, Retry::Call, CALL_DEADLINE, count_activities;
    request_cancel_nexus_operation_execution(RequestCancelNexusOperationExecutionRequest) -> RequestCancelNexusOperationExecutionResponse, Retry::Call, CALL_DEADLINE, cancel_nexus_operation;
    terminate_nexus_operation_execution(TerminateNexusOperationExecutionRequest) -> TerminateNexusOperationExecutionResponse, Retry::Call, CALL_DEADLINE, terminate_nexus_operation;
    count_nexus_operation_executions(CountNexusOperationExecutionsRequest) -> CountNexusOperationExecutionsResponse, Retry::Call, CALL_DEADLINE, count_nexus_operations;
    count_schedules(CountSchedulesRequest) -> CountSchedulesResponse, Retry::Call, CALL_DEADLINE;
    list_schedule_matching_times(ListScheduleMatchingTimesRequest) -> ListScheduleMatchingTimesResponse, Retry::Call, CALL_DEADLINE;
}

coded_calls! {
    // Client.
    start_workflow_execution(StartWorkflowExecutionRequest) -> StartWorkflowExecutionResponse, Retry::Call, CALL_DEADLINE, Reading::Nothing, start_workflow;
    signal_with_start_workflow_execution(SignalWithStartWorkflowExecutionRequest) -> SignalWithStartWorkflowExecutionResponse, Retry::Call, CALL_DEADLINE, Reading::Nothing, signal_with_start;
    signal_workflow_execution(SignalWorkflowExecutionRequest) -> SignalWorkflowExecutionResponse, Retry::Call, CALL_DEADLINE, Reading::Nothing, signal_workflow;
    query_workflow(QueryWorkflowRequest) -> QueryWorkflowResponse, Retry::Call, CALL_DEADLINE, Reading::All, query_workflow;
    execute_multi_operation(ExecuteMultiOperationRequest) -> ExecuteMultiOperationResponse, Retry::LongPoll, LONG_POLL_DEADLINE, Reading::All, update_with_start;
    update_workflow_execution(UpdateWorkflowExecutionRequest) -> UpdateWorkflowExecutionResponse, Retry::LongPoll, LONG_POLL_DEADLINE, Reading::All, update_workflow;
    poll_workflow_execution_update(PollWorkflowExecutionUpdateRequest) -> PollWorkflowExecutionUpdateResponse, Retry::LongPoll, LONG_POLL_DEADLINE, Reading::All, poll_update;
    terminate_workflow_execution(TerminateWorkflowExecutionRequest) -> TerminateWorkflowExecutionResponse, Retry::Call, CALL_DEADLINE, Reading::Nothing, terminate_workflow;
    describe_workflow_execution(DescribeWorkflowExecutionRequest) -> DescribeWorkflowExecutionResponse, Retry::Call, CALL_DEADLINE, Reading::Possible, describe_workflow;
    list_workflow_executions(ListWorkflowExecutionsRequest) -> ListWorkflowExecutionsResponse, Retry::Call, CALL_DEADLINE, Reading::Possible, list_workflows;
    start_batch_operation(StartBatchOperationRequest) -> StartBatchOperationResponse, Retry::Call, CALL_DEADLINE, Reading::Nothing;
    create_schedule(CreateScheduleRequest) -> CreateScheduleResponse, Retry::Call, CALL_DEADLINE, Reading::Nothing, create_schedule;
    describe_schedule(DescribeScheduleRequest) -> DescribeScheduleResponse, Retry::Call, CALL_DEADLINE, Reading::Possible, describe_schedule;
    update_schedule(UpdateScheduleRequest) -> UpdateScheduleResponse, Retry::Call, CALL_DEADLINE, Reading::Nothing, update_schedule;
    list_schedules(ListSchedulesRequest) -> ListSchedulesResponse, Retry::Call, CALL_DEADLINE, Reading::Possible, list_schedules;
    start_activity_execution(StartActivityExecutionRequest) -> StartActivityExecutionResponse, Retry::Call, CALL_DEADLINE, Reading::Nothing, start_activity;
    poll_activity_execution(PollActivityExecutionRequest) -> PollActivityExecutionResponse, Retry::LongPoll, LONG_POLL_DEADLINE, Reading::All, poll_activity;
    describe_activity_execution(DescribeActivityExecutionRequest) -> DescribeActivityExecutionResponse, Retry::Call, CALL_DEADLINE, Reading::Possible, describe_activity;
    list_activity_executions(ListActivityExecutionsRequest) -> ListActivityExecutionsResponse, Retry::Call, CALL_DEADLINE, Reading::Possible, list_activities;
    start_nexus_operation_execution(StartNexusOperationExecutionRequest) -> StartNexusOperationExecutionResponse, Retry::Call, CALL_DEADLINE, Reading::Nothing, start_nexus_operation;
    poll_nexus_operation_execution(PollNexusOperationExecutionRequest) -> PollNexusOperationExecutionResponse, Retry::LongPoll, LONG_POLL_DEADLINE, Reading::All, poll_nexus_operation;
    describe_nexus_operation_execution(DescribeNexusOperationExecutionRequest) -> DescribeNexusOperationExecutionResponse, Retry::Call, CALL_DEADLINE, Reading::Possible, describe_nexus_operation;
    list_nexus_operation_executions(ListNexusOperationExecutionsRequest) -> ListNexusOperationExecutionsResponse, Retry::Call, CALL_DEADLINE, Reading::Possible, list_nexus_operations;
    /// As `describe_schedule`, for who will write back what comes.
    describe_schedule_to_update(DescribeScheduleRequest) -> DescribeScheduleResponse, Retry::Call, CALL_DEADLINE, Reading::All, describe_schedule;
    get_workflow_execution_history(GetWorkflowExecutionHistoryRequest) -> GetWorkflowExecutionHistoryResponse, Retry::Call, CALL_DEADLINE, Reading::Possible;
    /// The same call, waiting for new events.
    wait_workflow_execution_history(GetWorkflowExecutionHistoryRequest) -> GetWorkflowExecutionHistoryResponse, Retry::LongPoll, LONG_POLL_DEADLINE, Reading::All;
}

calls_about! {
    // Activities that somebody else completes.
    record_activity_task_heartbeat_by_id(RecordActivityTaskHeartbeatByIdRequest) -> RecordActivityTaskHeartbeatByIdResponse, heartbeat_activity_by_id;
    respond_activity_task_completed_by_id(RespondActivityTaskCompletedByIdRequest) -> RespondActivityTaskCompletedByIdResponse, complete_activity_by_id;
    respond_activity_task_failed_by_id(RespondActivityTaskFailedByIdRequest) -> RespondActivityTaskFailedByIdResponse, fail_activity_by_id;
    respond_activity_task_canceled_by_id(RespondActivityTaskCanceledByIdRequest) -> RespondActivityTaskCanceledByIdResponse, report_activity_cancelled_by_id;
    heartbeat_async_activity(RecordActivityTaskHeartbeatRequest) -> RecordActivityTaskHeartbeatResponse, heartbeat_activity;
    complete_async_activity(RespondActivityTaskCompletedRequest) -> RespondActivityTaskCompletedResponse, complete_activity;
    fail_async_activity(RespondActivityTaskFailedRequest) -> RespondActivityTaskFailedResponse, fail_activity;
    cancel_async_activity(RespondActivityTaskCanceledRequest) -> RespondActivityTaskCanceledResponse, report_activity_cancelled;
}
