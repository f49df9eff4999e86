//! What comes to workflow code, and what it asks for.

use super::{Chain, Headers, Next, NextNow, Outgoing};
use crate::{convert::Converter, error::WorkflowResult, metrics::Recorder, workflow::WorkflowContext};
use std::{any::Any, sync::Arc, time::Duration};
use steadfast_core::{BoxFuture, Command, Host, LocalActivityAttributes};
use steadfast_proto::{
    command::{
        ContinueAsNewWorkflowExecutionCommandAttributes, RequestCancelExternalWorkflowExecutionCommandAttributes,
        ScheduleActivityTaskCommandAttributes, ScheduleNexusOperationCommandAttributes,
        SignalExternalWorkflowExecutionCommandAttributes, StartChildWorkflowExecutionCommandAttributes,
    },
    common::Payloads,
    failure::Failure,
};

/// What an interceptor may do in a workflow: all that its code may, but for the state. What it asks for is recorded, so it must
/// be the same on replay.
pub type InterceptorContext = WorkflowContext<()>;

/// A workflow's main routine.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ExecuteWorkflow {
    /// The way to everything.
    pub ctx: InterceptorContext,
    /// The arguments. The state was made of those that came.
    pub arguments: Option<Payloads>,
    /// What came beside them.
    pub headers: Headers,
}

/// A signal for a workflow, which has a handler for it.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct HandleSignal {
    /// The way to everything.
    pub ctx: InterceptorContext,
    /// Its name.
    pub name: String,
    /// Its arguments.
    pub arguments: Option<Payloads>,
    /// What came beside them.
    pub headers: Headers,
}

/// A query for a workflow.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct HandleQuery {
    /// The way to everything; nothing may be asked for.
    pub ctx: InterceptorContext,
    /// Its name.
    pub name: String,
    /// Its arguments.
    pub arguments: Option<Payloads>,
    /// What came beside them.
    pub headers: Headers,
}

/// An update for a workflow, which has a handler for it.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct HandleUpdate {
    /// The way to everything; while it is validated, nothing may be asked for.
    pub ctx: InterceptorContext,
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its arguments.
    pub arguments: Option<Payloads>,
    /// What came beside them.
    pub headers: Headers,
}

/// What an update or a query is answered.
pub type Answer = Result<Payloads, Failure>;

/// Sees what comes to the workflows of a worker, and what they ask for. Each method goes on by default.
///
/// It is part of the workflow: what it does must be the same on replay, as by
/// [`is_replaying`](WorkflowContext::is_replaying) only logs and the like may differ.
///
/// What a workflow was started with goes to nobody else by itself; to pass it on, this is enough:
///
/// ```
/// use steadfast::interceptor::{Headers, InterceptorContext, WorkflowInterceptor};
///
/// struct Tenant;
///
/// impl WorkflowInterceptor for Tenant {
///     fn headers(&self, ctx: &InterceptorContext, headers: &mut Headers) {
///         headers.copy_from(&ctx.info().headers(), "tenant");
///     }
/// }
/// # use steadfast::{Client, Worker};
/// # fn example(client: &Client) -> Worker {
/// Worker::new(client, "orders").workflow_interceptor(Tenant)
/// # }
/// ```
#[allow(clippy::result_large_err)] // failures travel as they are
pub trait WorkflowInterceptor: Send + Sync + 'static {
    /// The main routine.
    fn execute(
        &self,
        call: ExecuteWorkflow,
        next: Next<ExecuteWorkflow, WorkflowResult<Payloads>>,
    ) -> impl Future<Output = WorkflowResult<Payloads>> + Send {
        let _ = self;
        next.run(call)
    }

    /// A signal. A synchronous handler runs when the signal comes, provided nothing is awaited before.
    fn signal(
        &self,
        call: HandleSignal,
        next: Next<HandleSignal, WorkflowResult<()>>,
    ) -> impl Future<Output = WorkflowResult<()>> + Send {
        let _ = self;
        next.run(call)
    }

    /// An update that was accepted. A synchronous handler runs when the update comes, provided nothing is awaited before.
    fn update(&self, call: HandleUpdate, next: Next<HandleUpdate, Answer>) -> impl Future<Output = Answer> + Send {
        let _ = self;
        next.run(call)
    }

    /// An update before it is accepted. An error rejects it. Not called on replay.
    ///
    /// # Errors
    /// Why it is rejected.
    fn validate_update(
        &self,
        call: HandleUpdate,
        next: NextNow<'_, HandleUpdate, Result<(), Failure>>,
    ) -> Result<(), Failure> {
        let _ = self;
        next.run(call)
    }

    /// A query.
    ///
    /// # Errors
    /// What the caller is told instead of an answer.
    fn query(&self, call: HandleQuery, next: NextNow<'_, HandleQuery, Answer>) -> Answer {
        let _ = self;
        next.run(call)
    }

    /// Adds to the headers of whatever the workflow asks for that has some: activities, children, signals, and its next run.
    /// Called before the method for the thing itself. The next run has those of this one, unless they are removed here.
    fn headers(&self, ctx: &InterceptorContext, headers: &mut Headers) {
        let _ = (self, ctx, headers);
    }

    /// An activity is asked for.
    fn schedule_activity(
        &self,
        ctx: &InterceptorContext,
        activity: &mut Outgoing<Box<ScheduleActivityTaskCommandAttributes>>,
    ) {
        let _ = (self, ctx, activity);
    }

    /// A local activity is asked for.
    fn schedule_local_activity(&self, ctx: &InterceptorContext, activity: &mut Outgoing<LocalActivityAttributes>) {
        let _ = (self, ctx, activity);
    }

    /// A child workflow is asked for.
    fn start_child(
        &self,
        ctx: &InterceptorContext,
        child: &mut Outgoing<Box<StartChildWorkflowExecutionCommandAttributes>>,
    ) {
        let _ = (self, ctx, child);
    }

    /// A child or another workflow is to be signalled; `child_workflow_only` says which.
    fn signal_external(
        &self,
        ctx: &InterceptorContext,
        signal: &mut Outgoing<Box<SignalExternalWorkflowExecutionCommandAttributes>>,
    ) {
        let _ = (self, ctx, signal);
    }

    /// Another workflow is to be cancelled.
    fn cancel_external(
        &self,
        ctx: &InterceptorContext,
        request: &mut RequestCancelExternalWorkflowExecutionCommandAttributes,
    ) {
        let _ = (self, ctx, request);
    }

    /// A Nexus operation is asked for. Its headers are texts, in the attributes.
    fn start_nexus_operation(&self, ctx: &InterceptorContext, operation: &mut ScheduleNexusOperationCommandAttributes) {
        let _ = (self, ctx, operation);
    }

    /// A timer is asked for.
    fn start_timer(&self, ctx: &InterceptorContext, duration: &mut Duration) {
        let _ = (self, ctx, duration);
    }

    /// The run ends, and the next begins.
    fn continue_as_new(
        &self,
        ctx: &InterceptorContext,
        next: &mut Outgoing<ContinueAsNewWorkflowExecutionCommandAttributes>,
    ) {
        let _ = (self, ctx, next);
    }
}

/// What is asked for, for interceptors of any type.
pub(crate) enum Asked<'a> {
    Activity(&'a mut Outgoing<Box<ScheduleActivityTaskCommandAttributes>>),
    LocalActivity(&'a mut Outgoing<LocalActivityAttributes>),
    Child(&'a mut Outgoing<Box<StartChildWorkflowExecutionCommandAttributes>>),
    Signal(&'a mut Outgoing<Box<SignalExternalWorkflowExecutionCommandAttributes>>),
    Cancel(&'a mut RequestCancelExternalWorkflowExecutionCommandAttributes),
    Nexus(&'a mut ScheduleNexusOperationCommandAttributes),
    Timer(&'a mut Duration),
    ContinueAsNew(&'a mut Outgoing<ContinueAsNewWorkflowExecutionCommandAttributes>),
}

impl Asked<'_> {
    fn headers(&mut self) -> Option<&mut Headers> {
        Some(match self {
            Self::Activity(call) => &mut call.headers,
            Self::LocalActivity(call) => &mut call.headers,
            Self::Child(call) => &mut call.headers,
            Self::Signal(call) => &mut call.headers,
            Self::ContinueAsNew(call) => &mut call.headers,
            Self::Cancel(_) | Self::Nexus(_) | Self::Timer(_) => return None,
        })
    }
}

/// An interceptor of any type.
#[allow(clippy::result_large_err)] // failures travel as they are
pub(crate) trait AnyWorkflowInterceptor: Send + Sync {
    fn execute(
        self: Arc<Self>,
        call: ExecuteWorkflow,
        next: Next<ExecuteWorkflow, WorkflowResult<Payloads>>,
    ) -> BoxFuture<WorkflowResult<Payloads>>;
    fn signal(
        self: Arc<Self>,
        call: HandleSignal,
        next: Next<HandleSignal, WorkflowResult<()>>,
    ) -> BoxFuture<WorkflowResult<()>>;
    fn update(self: Arc<Self>, call: HandleUpdate, next: Next<HandleUpdate, Answer>) -> BoxFuture<Answer>;
    fn validate(&self, call: HandleUpdate, next: NextNow<'_, HandleUpdate, Result<(), Failure>>)
    -> Result<(), Failure>;
    fn query(&self, call: HandleQuery, next: NextNow<'_, HandleQuery, Answer>) -> Answer;
    fn asked(&self, ctx: &InterceptorContext, asked: &mut Asked<'_>);
}

impl<T: WorkflowInterceptor> AnyWorkflowInterceptor for T {
    fn execute(
        self: Arc<Self>,
        call: ExecuteWorkflow,
        next: Next<ExecuteWorkflow, WorkflowResult<Payloads>>,
    ) -> BoxFuture<WorkflowResult<Payloads>> {
        Box::pin(async move { WorkflowInterceptor::execute(&*self, call, next).await })
    }

    fn signal(
        self: Arc<Self>,
        call: HandleSignal,
        next: Next<HandleSignal, WorkflowResult<()>>,
    ) -> BoxFuture<WorkflowResult<()>> {
        Box::pin(async move { WorkflowInterceptor::signal(&*self, call, next).await })
    }

    fn update(self: Arc<Self>, call: HandleUpdate, next: Next<HandleUpdate, Answer>) -> BoxFuture<Answer> {
        Box::pin(async move { WorkflowInterceptor::update(&*self, call, next).await })
    }

    fn validate(
        &self,
        call: HandleUpdate,
        next: NextNow<'_, HandleUpdate, Result<(), Failure>>,
    ) -> Result<(), Failure> {
        self.validate_update(call, next)
    }

    fn query(&self, call: HandleQuery, next: NextNow<'_, HandleQuery, Answer>) -> Answer {
        WorkflowInterceptor::query(self, call, next)
    }

    fn asked(&self, ctx: &InterceptorContext, asked: &mut Asked<'_>) {
        if let Some(headers) = asked.headers() {
            self.headers(ctx, headers);
        }
        match asked {
            Asked::Activity(call) => self.schedule_activity(ctx, call),
            Asked::LocalActivity(call) => self.schedule_local_activity(ctx, call),
            Asked::Child(call) => self.start_child(ctx, call),
            Asked::Signal(call) => self.signal_external(ctx, call),
            Asked::Cancel(call) => self.cancel_external(ctx, call),
            Asked::Nexus(call) => self.start_nexus_operation(ctx, call),
            Asked::Timer(duration) => self.start_timer(ctx, duration),
            Asked::ContinueAsNew(call) => self.continue_as_new(ctx, call),
        }
    }
}

/// Those of a worker.
pub(crate) type WorkflowInterceptors = Chain<dyn AnyWorkflowInterceptor>;

/// What is kept with each run of a worker that has interceptors, or measures.
pub(crate) struct Attached {
    pub(crate) interceptors: WorkflowInterceptors,
    converter: Converter,
    /// What the run measures, with the labels of the worker.
    pub(crate) recorder: Option<Recorder>,
}

impl Attached {
    /// Nothing, if there is nothing to be kept.
    pub(crate) fn new(
        interceptors: WorkflowInterceptors,
        converter: Converter,
        recorder: Option<Recorder>,
    ) -> Option<Arc<Self>> {
        (!interceptors.is_empty() || recorder.is_some()).then(|| {
            Arc::new(Self {
                interceptors,
                converter,
                recorder,
            })
        })
    }

    pub(crate) fn of(host: &Host) -> Option<&Self> {
        host.attached().and_then(<dyn Any + Send + Sync>::downcast_ref)
    }

    pub(crate) fn context(&self, host: &Host) -> InterceptorContext {
        WorkflowContext::new(host.clone(), self.converter.clone(), ())
    }

    fn ask(&self, host: &Host, mut asked: Asked<'_>) {
        let ctx = self.context(host);
        for interceptor in self.interceptors.iter() {
            interceptor.asked(&ctx, &mut asked);
        }
    }

    fn outgoing<M: super::outgoing::Carrier>(
        &self,
        host: &Host,
        message: M,
        asked: for<'a> fn(&'a mut Outgoing<M>) -> Asked<'a>,
    ) -> M {
        let mut outgoing = super::outgoing::outgoing(message);
        self.ask(host, asked(&mut outgoing));
        super::outgoing::message(outgoing)
    }
}

/// A command as the run's interceptors leave it.
pub(crate) fn intercepted(host: &Host, command: Command) -> Command {
    let Some(attached) = Attached::of(host).filter(|attached| !attached.interceptors.is_empty()) else {
        return command;
    };
    match command {
        Command::Activity {
            attributes,
            cancellation,
            user_metadata,
        } => Command::Activity {
            attributes: attached.outgoing(host, attributes, |call| Asked::Activity(call)),
            cancellation,
            user_metadata,
        },
        Command::LocalActivity {
            attributes,
            cancellation,
            user_metadata,
        } => {
            let attributes = Arc::unwrap_or_clone(attributes);
            Command::LocalActivity {
                attributes: Arc::new(attached.outgoing(host, attributes, |call| Asked::LocalActivity(call))),
                cancellation,
                user_metadata,
            }
        }
        Command::StartChild {
            attributes,
            cancellation,
            user_metadata,
        } => Command::StartChild {
            attributes: attached.outgoing(host, attributes, |call| Asked::Child(call)),
            cancellation,
            user_metadata,
        },
        Command::SignalExternal { attributes } => Command::SignalExternal {
            attributes: attached.outgoing(host, attributes, |call| Asked::Signal(call)),
        },
        Command::CancelExternal { mut attributes } => {
            attached.ask(host, Asked::Cancel(&mut attributes));
            Command::CancelExternal { attributes }
        }
        Command::NexusOperation {
            mut attributes,
            cancellation,
            user_metadata,
        } => {
            attached.ask(host, Asked::Nexus(&mut attributes));
            Command::NexusOperation {
                attributes,
                cancellation,
                user_metadata,
            }
        }
        Command::Timer {
            mut duration,
            user_metadata,
        } => {
            attached.ask(host, Asked::Timer(&mut duration));
            Command::Timer {
                duration,
                user_metadata,
            }
        }
        Command::Wait => Command::Wait,
    }
}

/// The next run as the interceptors of this one leave it.
pub(crate) fn intercepted_continuation(
    host: &Host,
    next: ContinueAsNewWorkflowExecutionCommandAttributes,
) -> ContinueAsNewWorkflowExecutionCommandAttributes {
    match Attached::of(host) {
        Some(attached) if !attached.interceptors.is_empty() => {
            attached.outgoing(host, next, |call| Asked::ContinueAsNew(call))
        }
        _ => next,
    }
}
