//! What asynchronous workflow code holds.

use super::{
    Cancelled, ChildCall, ContinueAsNew, ExternalHandle, HandlerContext, Sleep, SuggestContinueAsNewReason, ToExternal,
    Untyped, UpdateInfo, Wait, WorkerDeploymentVersion, Workflow, WorkflowInfo, operation::Operation,
    run_time_handlers::Added, wait::Access,
};
use crate::{
    activity::{
        Activity, ActivityCall, ActivityOptions, ActivitySet, CloseTimeoutMissing, Local, LocalActivityCall, Remote,
        Stub,
    },
    checks::called,
    convert::{Arguments, Converter, Data, RawValue},
    error::WorkflowResult,
    handle::Handle,
    interceptor::{Attached, Headers},
    metrics::{Label, UserMetrics},
};
use std::{
    fmt,
    future::{Future, poll_fn},
    panic::Location,
    sync::{Arc, Mutex, TryLockError},
    task::Poll,
    time::{Duration, SystemTime},
};
use steadfast_core::{Command, Host};

/// What asynchronous workflow code holds: the way to the state, and to everything outside.
///
/// Cheap to clone. Everything it does is recorded in the workflow's history, and found there again on replay: take time,
/// random numbers, timers and concurrency from here, never from elsewhere.
pub struct WorkflowContext<S>(Arc<Shared<S>>);

struct Shared<S> {
    host: Host,
    converter: Converter,
    state: Mutex<S>,
    added: Added<S>,
}

impl<S> Clone for WorkflowContext<S> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<S> fmt::Debug for WorkflowContext<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WorkflowContext").finish_non_exhaustive()
    }
}

/// The state.
impl<S> WorkflowContext<S> {
    /// Reads the workflow's state.
    ///
    /// # Panics
    /// If called inside another closure on the same state, which fails the workflow task.
    #[track_caller]
    pub fn state<R>(&self, read: impl FnOnce(&S) -> R) -> R {
        self.with_state(Location::caller(), "`state`", |state| read(state))
    }

    /// Changes the workflow's state; waits for a condition look at it again.
    ///
    /// # Panics
    /// If called inside another closure on the same state, which fails the workflow task.
    #[track_caller]
    pub fn state_mut<R>(&self, change: impl FnOnce(&mut S) -> R) -> R {
        let result = self.with_state(Location::caller(), "`state_mut`", change);
        self.0.host.state_changed();
        result
    }

    /// Waits until the condition holds.
    ///
    /// With [`timeout`](Wait::timeout) it gives up and returns `None`.
    #[track_caller]
    pub fn wait_condition(
        &self,
        condition: impl Fn(&S) -> bool + Send,
    ) -> Wait<S, (), impl FnMut(&mut S) -> Option<()> + Send> {
        Wait::new(self.clone(), Access::Reads, move |state: &mut S| {
            condition(state).then_some(())
        })
    }

    /// Waits until the closure returns `Some`, and returns what is in it.
    #[track_caller]
    pub fn wait_some<R>(
        &self,
        find: impl Fn(&S) -> Option<R> + Send,
    ) -> Wait<S, R, impl FnMut(&mut S) -> Option<R> + Send> {
        Wait::new(self.clone(), Access::Reads, move |state: &mut S| find(state))
    }

    /// As [`wait_some`](Self::wait_some), and may take the value out of the state in the same step.
    #[track_caller]
    pub fn wait_take<R, F>(&self, take: F) -> Wait<S, R, F>
    where
        F: FnMut(&mut S) -> Option<R> + Send,
    {
        Wait::new(self.clone(), Access::Takes, take)
    }

    /// Waits until all signal and update handlers have finished, as one does before the workflow ends.
    ///
    /// # Errors
    /// The workflow was cancelled meanwhile.
    #[track_caller]
    pub fn all_handlers_finished(&self) -> impl Future<Output = Result<(), Cancelled>> + Send + use<S> {
        let (host, location) = (self.0.host.clone(), Location::caller());
        let mut cancellation: Option<Operation> = None;
        poll_fn(move |task| {
            if cancellation
                .as_mut()
                .is_some_and(|operation| operation.poll(task).is_ready())
            {
                return Poll::Ready(Err(Cancelled));
            }
            if host.unfinished_handlers() == 0 {
                cancellation = None;
                return Poll::Ready(Ok(()));
            }
            if cancellation.is_none() {
                let mut operation = Operation::issue(&host, Command::Wait, location);
                let resolution = operation.poll(task);
                cancellation = Some(operation);
                if resolution.is_ready() {
                    return Poll::Ready(Err(Cancelled));
                }
            }
            Poll::Pending
        })
    }

    #[allow(
        clippy::panic,
        reason = "a mistake in the workflow's code, which fails its task as any panic does"
    )]
    pub(super) fn with_state<R>(
        &self,
        caller: &'static Location<'static>,
        what: &str,
        closure: impl FnOnce(&mut S) -> R,
    ) -> R {
        let mut state = match self.0.state.try_lock() {
            Ok(state) => state,
            // A closure panicked: its task failed, and what is called now is clean-up.
            Err(TryLockError::Poisoned(state)) => state.into_inner(),
            Err(TryLockError::WouldBlock) => panic!(
                "{what} at {caller} is used inside another closure on the state of the same workflow: \
                 let that one return first, and use the state it was given"
            ),
        };
        closure(&mut state)
    }
}

/// Things to do.
impl<S> WorkflowContext<S> {
    /// Sleeps, in the server's time, through restarts of the worker. Zero sleeps until the next workflow task.
    #[track_caller]
    pub fn sleep(&self, duration: Duration) -> Sleep {
        Sleep::new(self.0.host.clone(), duration)
    }

    /// Calls an activity: `ctx.activity::<send_email>(order)`. Several parameters are a tuple, none is `()`.
    ///
    /// The call is a value: nothing happens until it is awaited or [started](ActivityCall::start).
    #[allow(clippy::needless_pass_by_value)] // the input is given away, as by a call
    pub fn activity<A: Activity>(&self, input: A::Input) -> ActivityCall<A::Output, A::Timeout> {
        let converter = &self.0.converter;
        let input = A::encode(&input, converter);
        ActivityCall::new(
            &self.0.host,
            converter,
            const { called(A::NAME) },
            input,
            &A::defaults(),
        )
    }

    /// Calls an activity that is known by name alone. The output's type is up to the caller.
    #[allow(clippy::needless_pass_by_value)] // the arguments are given away, as by a call
    pub fn activity_untyped<O: Data>(
        &self,
        name: impl Into<String>,
        arguments: impl Arguments,
    ) -> ActivityCall<O, CloseTimeoutMissing> {
        let converter = &self.0.converter;
        let input = arguments.to_payloads(converter);
        ActivityCall::new(&self.0.host, converter, name, input, &ActivityOptions::default())
    }

    /// The activities of a type as methods: `ctx.activities::<Payments>().charge(order)`. Options set here hold for all
    /// its calls.
    pub fn activities<A: ActivitySet + ?Sized>(&self) -> Stub<A, Remote<CloseTimeoutMissing>> {
        Stub::of(Remote::new(self.0.host.clone(), self.0.converter.clone()))
    }

    /// Calls an activity that runs in this worker, within the workflow task: `ctx.local_activity::<look_up>(name)`. For
    /// what takes moments: no task of its own, no round trip to the server. It is retried here, too, and its result is
    /// recorded with the task; if the worker dies before that, it is run again.
    ///
    /// Of the options that its attribute gives, those for task queues and heartbeats don't apply.
    ///
    /// ```no_run
    /// # use steadfast::prelude::*;
    /// # #[activity] async fn look_up(name: String) -> Result<u32, ActivityError> { Ok(name.len() as u32) }
    /// # async fn example<S>(ctx: WorkflowContext<S>) -> WorkflowResult<u32> {
    /// let price = ctx.local_activity::<look_up>("teapot".to_owned()).start_to_close_timeout(secs(2)).await?;
    /// # Ok(price)
    /// # }
    /// ```
    #[allow(clippy::needless_pass_by_value)] // the input is given away, as by a call
    pub fn local_activity<A: Activity>(&self, input: A::Input) -> LocalActivityCall<A::Output, A::Timeout> {
        let converter = &self.0.converter;
        let input = A::encode(&input, converter);
        LocalActivityCall::new(
            &self.0.host,
            converter,
            const { called(A::NAME) },
            input,
            &A::defaults(),
        )
    }

    /// Calls a local activity that is known by name alone. The output's type is up to the caller.
    #[allow(clippy::needless_pass_by_value)] // the arguments are given away, as by a call
    pub fn local_activity_untyped<O: Data>(
        &self,
        name: impl Into<String>,
        arguments: impl Arguments,
    ) -> LocalActivityCall<O, CloseTimeoutMissing> {
        let converter = &self.0.converter;
        let input = arguments.to_payloads(converter);
        LocalActivityCall::new(&self.0.host, converter, name, input, &ActivityOptions::default())
    }

    /// As [`activities`](Self::activities), for [local](Self::local_activity) calls.
    pub fn local_activities<A: ActivitySet + ?Sized>(&self) -> Stub<A, Local<CloseTimeoutMissing>> {
        Stub::of(Local::new(self.0.host.clone(), self.0.converter.clone()))
    }

    /// Calls a child workflow: `ctx.child::<Shipping>(order)`. Several parameters are a tuple, none is `()`.
    ///
    /// The call is a value: nothing happens until it is awaited, which is the child's result, or
    /// [started](ChildCall::start), which gives its handle.
    ///
    /// ```no_run
    /// # use steadfast::prelude::*;
    /// # #[derive(Default)] struct Shipping { address: Option<String> }
    /// # #[workflow] impl Shipping {
    /// #     #[run] async fn run(ctx: WorkflowContext<Self>, order: u32) -> WorkflowResult<String> { Ok(order.to_string()) }
    /// #     #[signal] fn redirect(&mut self, address: String) { self.address = Some(address); }
    /// # }
    /// # async fn example<S>(ctx: WorkflowContext<S>) -> WorkflowResult<String> {
    /// let tracking = ctx.child::<Shipping>(7).id("shipping-7").await?;
    ///
    /// let shipping = ctx.child::<Shipping>(8).start().await?;
    /// shipping.redirect("12 Baker Street".into()).await?; // its messages are the handle's methods
    /// let other = shipping.result().await?;
    /// # Ok(tracking + &other)
    /// # }
    /// ```
    #[allow(clippy::needless_pass_by_value)] // the input is given away, as by a call
    pub fn child<W: Workflow + ?Sized>(&self, input: W::Input) -> ChildCall<W, W::Output> {
        let converter = &self.0.converter;
        ChildCall::new(
            &self.0.host,
            converter,
            const { called(W::NAME) },
            W::encode(&input, converter),
        )
    }

    /// Calls a child workflow that is known by name alone. Its result is a [`RawValue`].
    #[allow(clippy::needless_pass_by_value)] // the arguments are given away, as by a call
    pub fn child_untyped(&self, name: impl Into<String>, arguments: impl Arguments) -> ChildCall<Untyped, RawValue> {
        let converter = &self.0.converter;
        ChildCall::new(&self.0.host, converter, name, arguments.to_payloads(converter))
    }

    /// Another workflow, by its id: to be signalled or cancelled.
    #[must_use]
    pub fn external<W: Workflow + ?Sized>(&self, id: impl Into<String>) -> ExternalHandle<W> {
        Handle::of(ToExternal::new(&self.0.host, &self.0.converter, id.into()))
    }

    /// Another workflow, of which nothing but the id is known.
    #[must_use]
    pub fn external_untyped(&self, id: impl Into<String>) -> ExternalHandle<Untyped> {
        self.external(id)
    }

    /// Whether code behind a patch takes the new path. Executions that passed this place before the patch was deployed
    /// keep to the old one.
    #[must_use]
    #[track_caller]
    pub fn patched(&self, id: &str) -> bool {
        self.0.host.patched(id)
    }

    /// Marks a patch whose old path no execution needs any more, the step before its removal.
    #[track_caller]
    pub fn deprecate_patch(&self, id: &str) {
        self.0.host.deprecate_patch(id);
    }
}

/// Things to know.
impl<S> WorkflowContext<S> {
    /// The workflow's time: that of the current workflow task's start, the same on replay.
    #[must_use]
    pub fn now(&self) -> SystemTime {
        self.0.host.now()
    }

    /// Ids, times and settings of the execution.
    #[must_use]
    pub fn info(&self) -> WorkflowInfo {
        WorkflowInfo::new(self.0.host.info(), self.0.converter.clone())
    }

    /// What came beside the arguments of the message whose handler this is; nothing in the main routine. What the workflow was
    /// started with is in [`info`](Self::info).
    #[must_use]
    pub fn message_headers(&self) -> Headers {
        Headers::of(self.0.host.message_header())
    }

    /// What the workflow itself measures: silent on replay.
    pub fn metrics(&self) -> UserMetrics {
        let recorder = Attached::of(&self.0.host).and_then(|attached| attached.recorder.clone());
        let kind = || Label::new("workflow_type", self.info().workflow_type());
        let recorder = recorder.map(|recorder| recorder.with_labels([kind()]));
        UserMetrics::new(recorder, Some(self.0.host.clone()))
    }

    /// The update whose handler calls this; `None` elsewhere. Its id tells a request that is sent again from a new one.
    #[must_use]
    pub fn current_update(&self) -> Option<UpdateInfo> {
        UpdateInfo::current(&self.0.host)
    }

    /// Whether the code is being replayed. For logs and metrics; decisions must not depend on it.
    #[must_use]
    pub fn is_replaying(&self) -> bool {
        self.0.host.is_replaying()
    }

    /// The next number of the execution's random sequence, the same on replay.
    #[must_use]
    pub fn random(&self) -> u64 {
        self.0.host.random()
    }

    /// A random UUID (version 4), the same on replay.
    #[must_use]
    pub fn uuid4(&self) -> String {
        uuid4(&self.0.host)
    }

    /// How many events the history has at the current workflow task.
    #[must_use]
    pub fn history_length(&self) -> i64 {
        self.0.host.history_length()
    }

    /// How many bytes the history has at the current workflow task.
    #[must_use]
    pub fn history_size_bytes(&self) -> i64 {
        self.0.host.history_size_bytes()
    }

    /// Whether the server suggests to [continue as new](Self::continue_as_new), for the history is getting long.
    #[must_use]
    pub fn continue_as_new_suggested(&self) -> bool {
        self.0.host.continue_as_new_suggested()
    }

    /// Why the server suggests to continue as new. Servers that don't say why suggest it all the same.
    #[must_use]
    pub fn continue_as_new_reasons(&self) -> Vec<SuggestContinueAsNewReason> {
        let reasons = self.0.host.continue_as_new_reasons();
        reasons
            .into_iter()
            .filter_map(|reason| reason.try_into().ok())
            .collect()
    }

    /// Whether another version of the deployment is meant to run the workflow now than the one that it is pinned to: it
    /// moves on by continuing as new.
    #[must_use]
    pub fn target_deployment_changed(&self) -> bool {
        self.0.host.target_deployment_changed()
    }

    /// The version of the deployment whose worker runs the current workflow task, or on replay ran it; `None` outside of
    /// deployments.
    #[must_use]
    pub fn deployment_version(&self) -> Option<WorkerDeploymentVersion> {
        self.0.host.deployment_version()
    }

    /// Says what the workflow is doing, for people: a text (Markdown, too) that tools show beside it.
    #[track_caller]
    pub fn set_current_details(&self, details: impl Into<String>) {
        self.0.host.set_current_details(details);
    }

    /// What [`set_current_details`](Self::set_current_details) last said.
    #[must_use]
    pub fn current_details(&self) -> String {
        self.0.host.current_details()
    }

    /// Whether cancellation of the workflow was requested.
    #[must_use]
    pub fn is_cancel_requested(&self) -> bool {
        self.0.host.is_cancel_requested()
    }

    /// Why cancellation of the workflow was requested, if it was: what the first request said, perhaps nothing.
    #[must_use]
    pub fn cancel_reason(&self) -> Option<String> {
        self.0.host.cancel_reason()
    }

    /// What encodes and decodes values here.
    #[must_use]
    pub fn converter(&self) -> &Converter {
        &self.0.converter
    }
}

/// Continuing as new.
impl<S: Workflow> WorkflowContext<S> {
    /// Ends this run and begins a new one with a fresh history: `return ctx.continue_as_new(input)`.
    ///
    /// # Errors
    /// Always: the error is what ends the run.
    pub fn continue_as_new<T>(&self, input: S::Input) -> WorkflowResult<T> {
        self.continue_as_new_with(input).into()
    }

    /// As [`continue_as_new`](Self::continue_as_new), with options:
    /// `return ctx.continue_as_new_with(input).task_queue("other").into()`.
    pub fn continue_as_new_with(&self, input: S::Input) -> ContinueAsNew {
        self.continue_as::<S>(input)
    }
}

impl<S> WorkflowContext<S> {
    /// Ends this run and begins a new one of another workflow type: `return ctx.continue_as::<Other>(input).into()`.
    #[allow(clippy::needless_pass_by_value)] // the input is given away, as by a call
    pub fn continue_as<W: Workflow + ?Sized>(&self, input: W::Input) -> ContinueAsNew {
        ContinueAsNew::new::<W>(&self.0.host, &input, &self.0.converter)
    }
}

impl<S> WorkflowContext<S> {
    pub(crate) fn new(host: Host, converter: Converter, state: S) -> Self {
        Self(Arc::new(Shared {
            host,
            converter,
            state: Mutex::new(state),
            added: Added::default(),
        }))
    }

    pub(crate) fn host(&self) -> &Host {
        &self.0.host
    }

    pub(super) fn added(&self) -> &Added<S> {
        &self.0.added
    }

    pub(super) fn handler_context(&self) -> HandlerContext {
        HandlerContext::writing(self.0.host.clone(), self.0.converter.clone())
    }

    pub(super) fn reading_context(&self) -> HandlerContext {
        HandlerContext::reading(self.0.host.clone(), self.0.converter.clone())
    }
}

pub(super) fn uuid4(host: &Host) -> String {
    // The lower half first, as the official Rust SDK draws it.
    let (low, high) = (host.random(), host.random());
    crate::id::uuid4(high, low)
}
