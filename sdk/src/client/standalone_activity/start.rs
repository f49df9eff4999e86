//! Starting a standalone activity.

use super::{ActivityHandle, ActivityIdConflictPolicy, ActivityIdReusePolicy};
use crate::{
    Priority,
    activity::{ActivityOptions, CloseTimeoutSet, RetryPolicy, Scheduling},
    client::{
        ActivityAlreadyStarted, Client, Code, ErrorDetail, ExecuteActivityError, StartActivityError, TaskQueueMissing,
        TaskQueueSet, error::Codec, signal::split, standalone::fill_ids, start::encode_field,
    },
    convert::{Data, EncodeError},
    search_attribute::{self, SearchAttributeUpdate},
};
use std::{future::IntoFuture, marker::PhantomData, time::Duration};
use steadfast_core::BoxFuture;
use steadfast_proto::{
    common::{ActivityType, Payloads},
    duration,
    sdk::UserMetadata,
    taskqueue::TaskQueue,
    workflowservice::StartActivityExecutionRequest,
};

/// The call gives the activity's handle.
pub enum StartActivity {}
/// The call waits for the activity's result.
pub enum ExecuteActivity {}

/// The start of an activity that no workflow calls, which happens when it is awaited.
///
/// Without an id it gets a new one. Awaiting it needs a task queue, and `start_to_close_timeout` or
/// `schedule_to_close_timeout`; the type says what is missing.
#[must_use = "nothing starts until awaited"]
pub struct StartActivityCall<O, Q, T, M> {
    client: Client,
    request: Box<StartActivityExecutionRequest>,
    error: Option<EncodeError>,
    #[allow(clippy::type_complexity)] // it is short
    _types: PhantomData<fn() -> (O, Q, T, M)>,
}

impl<O, T, M> StartActivityCall<O, TaskQueueMissing, T, M> {
    pub(super) fn new(
        client: &Client,
        activity_type: impl Into<String>,
        input: Result<Payloads, EncodeError>,
        defaults: &ActivityOptions,
    ) -> Self {
        let (input, error) = split(input);
        let mut scheduling = Scheduling::default();
        defaults.write(&mut scheduling);
        let defaults = *scheduling.attributes;
        let request = Box::new(StartActivityExecutionRequest {
            namespace: client.namespace().to_owned(),
            identity: client.identity().to_owned(),
            activity_type: Some(ActivityType {
                name: activity_type.into(),
            }),
            input,
            task_queue: defaults.task_queue,
            schedule_to_close_timeout: defaults.schedule_to_close_timeout,
            schedule_to_start_timeout: defaults.schedule_to_start_timeout,
            start_to_close_timeout: defaults.start_to_close_timeout,
            heartbeat_timeout: defaults.heartbeat_timeout,
            retry_policy: defaults.retry_policy,
            priority: defaults.priority,
            user_metadata: scheduling.user_metadata,
            ..StartActivityExecutionRequest::default()
        });
        Self {
            client: client.clone(),
            request,
            error,
            _types: PhantomData,
        }
    }
}

impl<O, Q, T, M> StartActivityCall<O, Q, T, M> {
    fn into_types<P, U>(self) -> StartActivityCall<O, P, U, M> {
        StartActivityCall {
            client: self.client,
            request: self.request,
            error: self.error,
            _types: PhantomData,
        }
    }

    /// The task queue that the activity's workers poll.
    pub fn task_queue(mut self, name: impl Into<String>) -> StartActivityCall<O, TaskQueueSet, T, M> {
        self.request.task_queue = Some(TaskQueue {
            name: name.into(),
            ..TaskQueue::default()
        });
        self.into_types()
    }

    /// How long one attempt may take.
    pub fn start_to_close_timeout(mut self, timeout: Duration) -> StartActivityCall<O, Q, CloseTimeoutSet, M> {
        self.request.start_to_close_timeout = Some(duration(timeout));
        self.into_types()
    }

    /// How long all attempts together may take.
    pub fn schedule_to_close_timeout(mut self, timeout: Duration) -> StartActivityCall<O, Q, CloseTimeoutSet, M> {
        self.request.schedule_to_close_timeout = Some(duration(timeout));
        self.into_types()
    }

    /// How long it may wait for a worker.
    pub fn schedule_to_start_timeout(mut self, timeout: Duration) -> Self {
        self.request.schedule_to_start_timeout = Some(duration(timeout));
        self
    }

    /// How long it may go without a heartbeat, which is also how soon it learns that it was cancelled.
    pub fn heartbeat_timeout(mut self, timeout: Duration) -> Self {
        self.request.heartbeat_timeout = Some(duration(timeout));
        self
    }

    /// How it is retried.
    pub fn retry_policy(mut self, policy: RetryPolicy) -> Self {
        self.request.retry_policy = Some(policy.into());
        self
    }

    /// The activity's id: what it is about.
    pub fn id(mut self, id: impl Into<String>) -> Self {
        self.request.activity_id = id.into();
        self
    }

    /// Whether the id of an activity that has ended may be used again. It may, unless this says otherwise.
    pub fn id_reuse_policy(mut self, policy: ActivityIdReusePolicy) -> Self {
        self.request.id_reuse_policy = policy.into();
        self
    }

    /// What happens if an activity of the id runs. It is an error, unless this says otherwise.
    pub fn id_conflict_policy(mut self, policy: ActivityIdConflictPolicy) -> Self {
        self.request.id_conflict_policy = policy.into();
        self
    }

    /// Starts of the same id count once: the second returns the first one's run.
    pub fn request_id(mut self, id: impl Into<String>) -> Self {
        self.request.request_id = id.into();
        self
    }

    /// How long to wait before the first attempt.
    pub fn start_delay(mut self, delay: Duration) -> Self {
        self.request.start_delay = Some(duration(delay));
        self
    }

    /// Its place among others on the task queue: a number from 1, the highest, to 5, or a whole [`Priority`].
    pub fn priority(mut self, priority: impl Into<Priority>) -> Self {
        self.request.priority = Some(priority.into().into());
        self
    }

    /// Values by which the activity is found. The server must know their names and types.
    pub fn search_attributes(mut self, attributes: impl IntoIterator<Item = SearchAttributeUpdate>) -> Self {
        self.request.search_attributes = Some(search_attribute::collect(attributes));
        self
    }

    /// One line about the activity, for people.
    pub fn summary(mut self, text: impl Into<String>) -> Self {
        let payload = encode_field(&self.client, &text.into(), &mut self.error);
        self.metadata().summary = payload;
        self
    }

    /// More about the activity, for people.
    pub fn details(mut self, text: impl Into<String>) -> Self {
        let payload = encode_field(&self.client, &text.into(), &mut self.error);
        self.metadata().details = payload;
        self
    }

    fn metadata(&mut self) -> &mut UserMetadata {
        self.request.user_metadata.get_or_insert_default()
    }

    async fn send(mut self) -> Result<ActivityHandle<O>, StartActivityError> {
        if let Some(error) = self.error {
            return Err(error.into());
        }
        let request = &mut self.request;
        fill_ids([&mut request.activity_id, &mut request.request_id]);
        let id = request.activity_id.clone();
        match self.client.connection().start_activity_execution(self.request).await {
            Ok(answer) => Ok(ActivityHandle::new(self.client, id, answer.run_id)),
            Err(error) if error.code() == Code::AlreadyExists => {
                let run_id = match error.detail() {
                    Some(ErrorDetail::ActivityAlreadyStarted(detail)) => detail.run_id.clone(),
                    _ => String::new(),
                };
                Err(StartActivityError::AlreadyStarted(ActivityAlreadyStarted::new(
                    id, run_id,
                )))
            }
            Err(error) => Err(match Codec::of(&error) {
                Some(Codec::Out(error)) => error.into(),
                _ => StartActivityError::Rpc(error),
            }),
        }
    }
}

impl<O: Data> IntoFuture for StartActivityCall<O, TaskQueueSet, CloseTimeoutSet, StartActivity> {
    type Output = Result<ActivityHandle<O>, StartActivityError>;
    type IntoFuture = BoxFuture<Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send())
    }
}

impl<O: Data> IntoFuture for StartActivityCall<O, TaskQueueSet, CloseTimeoutSet, ExecuteActivity> {
    type Output = Result<O, ExecuteActivityError>;
    type IntoFuture = BoxFuture<Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move { Ok(self.send().await?.result().await?) })
    }
}
