//! What operators do to activities: pause them, let them go on, begin them anew, change their options.

use super::{Client, RequestError, RpcError, ToClient, new_id};
use crate::{Priority, activity::RetryPolicy, handle::HandleCore, workflow::Workflow};
use std::{future::IntoFuture, marker::PhantomData, time::Duration};
use steadfast_core::BoxFuture;
use steadfast_proto::{
    activity::ActivityOptions,
    common::WorkflowExecution,
    duration, prost_types,
    taskqueue::TaskQueue,
    workflowservice::{
        PauseActivityExecutionRequest, PauseActivityRequest, ResetActivityExecutionRequest, ResetActivityRequest,
        UnpauseActivityExecutionRequest, UnpauseActivityRequest, UpdateActivityExecutionOptionsRequest,
        UpdateActivityOptionsRequest, pause_activity_request::Activity as ToPause,
        reset_activity_request::Activity as ToReset, unpause_activity_request::Activity as ToUnpause,
        update_activity_options_request::Activity as ToUpdate,
    },
};

/// How an activity is named.
#[derive(Debug, Clone)]
pub(super) enum Named {
    Standalone { id: String, run_id: String },
    OfWorkflow { execution: WorkflowExecution, which: Which },
}

/// Which of the activities of a workflow are meant.
#[derive(Debug, Clone)]
pub(super) enum Which {
    Id(String),
    Type(String),
}

/// An activity that no workflow calls.
pub enum Standalone {}
/// An activity that a workflow calls.
pub enum OfWorkflow {}

/// Activities of a workflow that have not ended, for operators. Nothing is asked of the server yet.
#[derive(Debug, Clone)]
pub struct WorkflowActivities {
    client: Client,
    named: Named,
}

impl<W: Workflow + ?Sized> HandleCore<W, ToClient> {
    /// The activity of this id, to be paused, reset or changed.
    pub fn activity(&self, id: impl Into<String>) -> WorkflowActivities {
        self.activities(Which::Id(id.into()))
    }

    /// All activities of this type, to be paused, reset or changed.
    pub fn activities_of_type(&self, activity_type: impl Into<String>) -> WorkflowActivities {
        self.activities(Which::Type(activity_type.into()))
    }

    fn activities(&self, which: Which) -> WorkflowActivities {
        let execution = self.target.execution();
        WorkflowActivities {
            client: self.target.client().clone(),
            named: Named::OfWorkflow { execution, which },
        }
    }
}

impl WorkflowActivities {
    /// Makes no further attempt until it is unpaused; one that runs is asked to end with its next heartbeat.
    pub fn pause(&self) -> PauseActivityCall {
        PauseActivityCall::new(self.client.clone(), self.named.clone())
    }

    /// Goes on after a pause.
    pub fn unpause(&self) -> UnpauseActivityCall<OfWorkflow> {
        UnpauseActivityCall::new(self.client.clone(), self.named.clone())
    }

    /// Begins anew with the first attempt.
    pub fn reset(&self) -> ResetActivityCall {
        ResetActivityCall::new(self.client.clone(), self.named.clone())
    }

    /// Changes how it is run: its time-outs, its retries, its task queue.
    pub fn update_options(&self) -> UpdateActivityOptionsCall {
        UpdateActivityOptionsCall::new(self.client.clone(), self.named.clone())
    }
}

/// Asks the server about an activity, however it is named: fields of the one request, of the other, and of both.
macro_rules! ask {
    (
        $self:ident,
        $standalone:ident { $($own:ident: $own_value:expr),* $(,)? },
        $of_workflow:ident($which:ident) { $($its:ident: $its_value:expr),* $(,)? },
        { $($both:ident: $value:expr),* $(,)? }
    ) => {{
        let (namespace, identity) = ($self.client.namespace().to_owned(), $self.client.identity().to_owned());
        let connection = $self.client.connection();
        match $self.named {
            Named::Standalone { id, run_id } => {
                let request = $standalone {
                    namespace,
                    activity_id: id,
                    run_id,
                    identity,
                    $($own: $own_value,)*
                    $($both: $value,)*
                    ..$standalone::default()
                };
                connection.call(request).await.map(drop)
            }
            Named::OfWorkflow { execution, which } => {
                let request = $of_workflow {
                    namespace,
                    execution: Some(execution),
                    identity,
                    activity: Some(match which {
                        Which::Id(id) => $which::Id(id),
                        Which::Type(name) => $which::Type(name),
                    }),
                    $($its: $its_value,)*
                    $($both: $value,)*
                };
                connection.call(request).await.map(drop)
            }
        }
    }};
}

/// A pause, which begins when it is awaited.
#[must_use = "nothing is paused until awaited"]
pub struct PauseActivityCall {
    client: Client,
    named: Named,
    reason: String,
}

impl PauseActivityCall {
    pub(super) fn new(client: Client, named: Named) -> Self {
        let reason = String::new();
        Self { client, named, reason }
    }

    /// Why, which descriptions tell.
    pub fn reason(mut self, reason: impl Into<String>) -> Self {
        self.reason = reason.into();
        self
    }

    async fn send(self) -> Result<(), RpcError> {
        ask!(
            self,
            PauseActivityExecutionRequest {},
            PauseActivityRequest(ToPause) {},
            {
                reason: self.reason,
                request_id: new_id(),
            }
        )
    }
}

/// The end of a pause, when it is awaited.
#[must_use = "nothing goes on until awaited"]
pub struct UnpauseActivityCall<N> {
    client: Client,
    named: Named,
    jitter: Option<Duration>,
    resets_attempts: bool,
    resets_heartbeat: bool,
    _named: PhantomData<fn() -> N>,
}

impl<N> UnpauseActivityCall<N> {
    pub(super) fn new(client: Client, named: Named) -> Self {
        Self {
            client,
            named,
            jitter: None,
            resets_attempts: false,
            resets_heartbeat: false,
            _named: PhantomData,
        }
    }

    /// The next attempt is up to this much later, by chance, so that not all begin at once.
    pub fn jitter(mut self, at_most: Duration) -> Self {
        self.jitter = Some(at_most);
        self
    }

    async fn send(self) -> Result<(), RpcError> {
        ask!(
            self,
            UnpauseActivityExecutionRequest { request_id: new_id() },
            UnpauseActivityRequest(ToUnpause) {
                reset_attempts: self.resets_attempts,
                reset_heartbeat: self.resets_heartbeat,
            },
            { jitter: self.jitter.map(duration) }
        )
    }
}

impl UnpauseActivityCall<OfWorkflow> {
    /// The next attempt counts as the first.
    pub fn reset_attempts(mut self) -> Self {
        self.resets_attempts = true;
        self
    }

    /// It forgets what its heartbeats said.
    pub fn reset_heartbeat(mut self) -> Self {
        self.resets_heartbeat = true;
        self
    }
}

/// A new beginning of an activity, when it is awaited.
#[must_use = "nothing is reset until awaited"]
pub struct ResetActivityCall {
    client: Client,
    named: Named,
    jitter: Option<Duration>,
    resets_heartbeat: bool,
    keeps_paused: bool,
    restores_options: bool,
}

impl ResetActivityCall {
    pub(super) fn new(client: Client, named: Named) -> Self {
        Self {
            client,
            named,
            jitter: None,
            resets_heartbeat: false,
            keeps_paused: false,
            restores_options: false,
        }
    }

    /// The next attempt is up to this much later, by chance, so that not all begin at once.
    pub fn jitter(mut self, at_most: Duration) -> Self {
        self.jitter = Some(at_most);
        self
    }

    /// It forgets what its heartbeats said.
    pub fn reset_heartbeat(mut self) -> Self {
        self.resets_heartbeat = true;
        self
    }

    /// An activity that is paused stays so; otherwise it goes on.
    pub fn keep_paused(mut self) -> Self {
        self.keeps_paused = true;
        self
    }

    /// Its options are again those that it was started with.
    pub fn restore_original_options(mut self) -> Self {
        self.restores_options = true;
        self
    }

    async fn send(self) -> Result<(), RpcError> {
        ask!(
            self,
            ResetActivityExecutionRequest { request_id: new_id() },
            ResetActivityRequest(ToReset) {},
            {
                keep_paused: self.keeps_paused,
                jitter: self.jitter.map(duration),
                restore_original_options: self.restores_options,
                reset_heartbeat: self.resets_heartbeat,
            }
        )
    }
}

/// Other options for an activity, from when it is awaited on. What is not set stays as it is.
#[must_use = "nothing is changed until awaited"]
pub struct UpdateActivityOptionsCall {
    client: Client,
    named: Named,
    options: Box<ActivityOptions>,
    paths: Vec<String>,
    restores: bool,
}

impl UpdateActivityOptionsCall {
    pub(super) fn new(client: Client, named: Named) -> Self {
        Self {
            client,
            named,
            options: Box::default(),
            paths: Vec::new(),
            restores: false,
        }
    }

    fn set(mut self, path: &str, set: impl FnOnce(&mut ActivityOptions)) -> Self {
        set(&mut self.options);
        self.paths.push(path.to_owned());
        self
    }

    /// The task queue that its next attempt waits on.
    pub fn task_queue(self, name: impl Into<String>) -> Self {
        let queue = TaskQueue {
            name: name.into(),
            ..TaskQueue::default()
        };
        self.set("task_queue.name", |options| options.task_queue = Some(queue))
    }

    /// How long one attempt may take.
    pub fn start_to_close_timeout(self, timeout: Duration) -> Self {
        self.set("start_to_close_timeout", |options| {
            options.start_to_close_timeout = Some(duration(timeout));
        })
    }

    /// How long all attempts together may take.
    pub fn schedule_to_close_timeout(self, timeout: Duration) -> Self {
        self.set("schedule_to_close_timeout", |options| {
            options.schedule_to_close_timeout = Some(duration(timeout));
        })
    }

    /// How long it may wait for a worker.
    pub fn schedule_to_start_timeout(self, timeout: Duration) -> Self {
        self.set("schedule_to_start_timeout", |options| {
            options.schedule_to_start_timeout = Some(duration(timeout));
        })
    }

    /// How long it may go without a heartbeat.
    pub fn heartbeat_timeout(self, timeout: Duration) -> Self {
        self.set("heartbeat_timeout", |options| {
            options.heartbeat_timeout = Some(duration(timeout));
        })
    }

    /// How it is retried.
    pub fn retry_policy(self, policy: RetryPolicy) -> Self {
        self.set("retry_policy", |options| options.retry_policy = Some(policy.into()))
    }

    /// Its place among others on the task queue: a number from 1, the highest, to 5, or a whole [`Priority`]. It takes the
    /// place of all it had, fairness included.
    pub fn priority(self, priority: impl Into<Priority>) -> Self {
        self.set("priority", |options| options.priority = Some(priority.into().into()))
    }

    /// All options are again those that it was started with, whatever else is set here.
    pub fn restore_original(mut self) -> Self {
        self.restores = true;
        self
    }

    async fn send(self) -> Result<(), RpcError> {
        let (activity_options, update_mask) = if self.restores {
            (None, None)
        } else {
            let mask = prost_types::FieldMask { paths: self.paths };
            (Some(*self.options), Some(mask))
        };
        ask!(
            self,
            UpdateActivityExecutionOptionsRequest { request_id: new_id() },
            UpdateActivityOptionsRequest(ToUpdate) {},
            {
                activity_options: activity_options,
                update_mask: update_mask,
                restore_original: self.restores,
            }
        )
    }
}

/// Sent when awaited.
macro_rules! awaited {
    ($($name:ident $(<$parameter:ident>)?)*) => {$(
        impl$(<$parameter: 'static>)? IntoFuture for $name$(<$parameter>)? {
            type Output = Result<(), RequestError>;
            type IntoFuture = BoxFuture<Self::Output>;

            fn into_future(self) -> Self::IntoFuture {
                Box::pin(async move { Ok(self.send().await?) })
            }
        }
    )*};
}

awaited!(PauseActivityCall UnpauseActivityCall<N> ResetActivityCall UpdateActivityOptionsCall);
