//! Spans, named as those of other SDKs.

use super::carrier::{W3c, extract, inject};
use crate::{
    client::{ClientBuilder, RpcError},
    error::WorkflowResult,
    interceptor::{
        ActivityInterceptor, ActivityOutcome, Answer, ClientInterceptor, ExecuteActivity, ExecuteWorkflow, HandleQuery,
        HandleSignal, HandleUpdate, Headers, InterceptorContext, LocalActivityAttributes, Next, NextNow, Outgoing,
        UpdateWithStart, WorkflowInterceptor,
    },
    plugin::Plugin,
    replay::Replayer,
    worker::{Worker, metrics::is_benign},
};
use ::opentelemetry::{
    Context, KeyValue,
    global::{self, BoxedTracer, ObjectSafeTracer},
    propagation::TextMapPropagator,
    trace::{FutureExt, Link, SpanBuilder, SpanKind, Status, TraceContextExt, Tracer},
};
use std::{fmt, sync::Arc};
use steadfast_proto::{
    command::{
        ScheduleActivityTaskCommandAttributes, ScheduleNexusOperationCommandAttributes,
        SignalExternalWorkflowExecutionCommandAttributes, StartChildWorkflowExecutionCommandAttributes,
    },
    common::Payloads,
    failure::Failure,
    workflowservice::{
        ExecuteMultiOperationResponse, QueryWorkflowRequest, QueryWorkflowResponse,
        SignalWithStartWorkflowExecutionRequest, SignalWithStartWorkflowExecutionResponse,
        SignalWorkflowExecutionRequest, SignalWorkflowExecutionResponse, StartWorkflowExecutionRequest,
        StartWorkflowExecutionResponse, UpdateWorkflowExecutionRequest, UpdateWorkflowExecutionResponse,
    },
};

const WORKFLOW_ID: &str = "temporalWorkflowID";
const RUN_ID: &str = "temporalRunID";
const ACTIVITY_ID: &str = "temporalActivityID";
const UPDATE_ID: &str = "temporalUpdateID";

/// Makes spans of what clients, workflows and activities do, and carries the trace's context in the headers: register it as an
/// interceptor of each, or once as a [plugin](crate::plugin::Plugin). Cheap to clone.
///
/// Spans have the names that other SDKs give them: `StartWorkflow:Order`, `RunWorkflow:Order`, `StartActivity:charge`,
/// `RunActivity:charge`, `HandleSignal:approve` and so on. Those of clients and of activities last as long as the call; a workflow
/// may outlive the process, so its spans only mark a moment, and are made once, not again on replay. A workflow that was started
/// without a trace has none, unless it is [told](Self::always_trace_workflows) to.
#[derive(Clone)]
pub struct Tracing {
    tracer: Arc<BoxedTracer>,
    propagator: Arc<dyn TextMapPropagator + Send + Sync>,
    is_rootless_traced: bool,
}

impl fmt::Debug for Tracing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tracing").finish_non_exhaustive()
    }
}

impl Default for Tracing {
    fn default() -> Self {
        Self::new()
    }
}

impl Tracing {
    /// With the global tracer of this moment.
    #[must_use]
    pub fn new() -> Self {
        Self::of(global::tracer(crate::SDK_NAME))
    }

    /// With another tracer.
    #[must_use]
    pub fn with_tracer(tracer: impl ObjectSafeTracer + Send + Sync + 'static) -> Self {
        Self::of(BoxedTracer::new(Box::new(tracer)))
    }

    fn of(tracer: BoxedTracer) -> Self {
        Self {
            tracer: Arc::new(tracer),
            propagator: Arc::new(W3c::new()),
            is_rootless_traced: false,
        }
    }

    /// What writes and reads the context: the W3C trace context, if it isn't set.
    #[must_use]
    pub fn propagator(mut self, propagator: impl TextMapPropagator + Send + Sync + 'static) -> Self {
        self.propagator = Arc::new(propagator);
        self
    }

    /// Has workflows make spans even if nobody handed them a trace. After a replay on another worker, those have no parent.
    #[must_use]
    pub fn always_trace_workflows(mut self) -> Self {
        self.is_rootless_traced = true;
        self
    }

    fn extract(&self, headers: &Headers) -> Option<Context> {
        extract(&*self.propagator, headers)
    }

    fn start(&self, builder: SpanBuilder, parent: &Context) -> Context {
        parent.with_span(self.tracer.build_with_context(builder, parent))
    }

    /// A call of a client, begun now; its context goes into the headers.
    fn call(&self, name: String, attributes: Vec<KeyValue>, headers: &mut Headers) -> Context {
        let builder = SpanBuilder::from_name(name)
            .with_kind(SpanKind::Client)
            .with_attributes(attributes);
        let context = self.start(builder, &Context::current());
        inject(&*self.propagator, &context, headers);
        context
    }

    /// The context of a workflow's code: what it was started with, and nothing of the worker around it.
    fn of_workflow(&self, ctx: &InterceptorContext) -> Context {
        self.extract(&ctx.info().headers()).unwrap_or_default()
    }

    /// Marks a moment in a workflow, within the current context; its own context is returned, if there is a span.
    fn mark(&self, ctx: &InterceptorContext, name: String, kind: SpanKind, mark: Mark) -> Option<Context> {
        if ctx.is_replaying() && !mark.is_query {
            return None;
        }
        let parent = Context::current();
        if !parent.has_active_span() && !self.is_rootless_traced {
            return None;
        }
        let (info, now) = (ctx.info(), ctx.now());
        let mut attributes = vec![
            KeyValue::new(WORKFLOW_ID, info.workflow_id().to_owned()),
            KeyValue::new(RUN_ID, info.run_id().to_owned()),
        ];
        attributes.extend(mark.update_id.map(|id| KeyValue::new(UPDATE_ID, id)));
        let links = mark.link.iter().filter(|link| link.has_active_span());
        let builder = SpanBuilder::from_name(name)
            .with_kind(kind)
            .with_start_time(now)
            .with_attributes(attributes)
            .with_links(
                links
                    .map(|link| Link::with_context(link.span().span_context().clone()))
                    .collect(),
            );
        let context = self.start(builder, &parent);
        if let Some(error) = mark.error {
            context.span().set_status(Status::error(error));
        }
        context.span().end_with_timestamp(now);
        Some(context)
    }

    /// Marks that something is asked for, in whose headers the context goes on.
    fn mark_asked(&self, ctx: &InterceptorContext, name: String, headers: &mut Headers) {
        if let Some(context) = self.mark(ctx, name, SpanKind::Client, Mark::default()) {
            inject(&*self.propagator, &context, headers);
        }
    }

    /// What a handler that was sent these headers runs in.
    fn handling(
        &self,
        ctx: &InterceptorContext,
        name: String,
        headers: &Headers,
        update_id: Option<String>,
    ) -> Context {
        let context = self.of_workflow(ctx);
        let mark = Mark {
            link: self.extract(headers),
            update_id,
            ..Mark::default()
        };
        let _current = context.clone().attach();
        self.mark(ctx, name, SpanKind::Server, mark);
        context
    }
}

/// More about a moment.
#[derive(Default)]
struct Mark {
    link: Option<Context>,
    error: Option<String>,
    update_id: Option<String>,
    /// Queries are answered on replay, too.
    is_query: bool,
}

/// The rest of a call; its span ends with it.
async fn within<T, E: fmt::Display>(context: Context, call: impl Future<Output = Result<T, E>>) -> Result<T, E> {
    let result = call.with_context(context.clone()).await;
    if let Err(error) = &result {
        context.span().set_status(Status::error(error.to_string()));
    }
    context.span().end();
    result
}

fn workflow_id(id: &str) -> Vec<KeyValue> {
    vec![KeyValue::new(WORKFLOW_ID, id.to_owned())]
}

fn target(execution: Option<&steadfast_proto::common::WorkflowExecution>) -> Vec<KeyValue> {
    workflow_id(execution.map_or("", |execution| &execution.workflow_id))
}

impl Plugin for Tracing {
    fn name(&self) -> String {
        "opentelemetry".to_owned()
    }

    fn client(&self, builder: ClientBuilder) -> ClientBuilder {
        builder.interceptor(self.clone())
    }

    fn worker(&self, worker: Worker) -> Worker {
        worker
            .workflow_interceptor(self.clone())
            .activity_interceptor(self.clone())
    }

    fn replayer(&self, replayer: Replayer) -> Replayer {
        replayer.workflow_interceptor(self.clone())
    }
}

impl ClientInterceptor for Tracing {
    async fn start_workflow(
        &self,
        mut call: Outgoing<StartWorkflowExecutionRequest>,
        next: Next<Outgoing<StartWorkflowExecutionRequest>, Result<StartWorkflowExecutionResponse, RpcError>>,
    ) -> Result<StartWorkflowExecutionResponse, RpcError> {
        let kind = call.message.workflow_type.as_ref().map_or("", |kind| &kind.name);
        let (name, attributes) = (format!("StartWorkflow:{kind}"), workflow_id(&call.message.workflow_id));
        let context = self.call(name, attributes, &mut call.headers);
        within(context, next.run(call)).await
    }

    async fn signal_with_start(
        &self,
        mut call: Outgoing<SignalWithStartWorkflowExecutionRequest>,
        next: Next<
            Outgoing<SignalWithStartWorkflowExecutionRequest>,
            Result<SignalWithStartWorkflowExecutionResponse, RpcError>,
        >,
    ) -> Result<SignalWithStartWorkflowExecutionResponse, RpcError> {
        let kind = call.message.workflow_type.as_ref().map_or("", |kind| &kind.name);
        let (name, attributes) = (
            format!("SignalWithStartWorkflow:{kind}"),
            workflow_id(&call.message.workflow_id),
        );
        let context = self.call(name, attributes, &mut call.headers);
        within(context, next.run(call)).await
    }

    async fn update_with_start(
        &self,
        mut call: UpdateWithStart,
        next: Next<UpdateWithStart, Result<ExecuteMultiOperationResponse, RpcError>>,
    ) -> Result<ExecuteMultiOperationResponse, RpcError> {
        let start = &call.start.message;
        let kind = start.workflow_type.as_ref().map_or("", |kind| &kind.name);
        let mut attributes = workflow_id(&start.workflow_id);
        attributes.extend(update_id(&call.update.message));
        let context = self.call(
            format!("StartUpdateWithStartWorkflow:{kind}"),
            attributes,
            &mut call.start.headers,
        );
        inject(&*self.propagator, &context, &mut call.update.headers);
        within(context, next.run(call)).await
    }

    async fn signal_workflow(
        &self,
        mut call: Outgoing<SignalWorkflowExecutionRequest>,
        next: Next<Outgoing<SignalWorkflowExecutionRequest>, Result<SignalWorkflowExecutionResponse, RpcError>>,
    ) -> Result<SignalWorkflowExecutionResponse, RpcError> {
        let attributes = target(call.message.workflow_execution.as_ref());
        let name = format!("SignalWorkflow:{}", call.message.signal_name);
        let context = self.call(name, attributes, &mut call.headers);
        within(context, next.run(call)).await
    }

    async fn query_workflow(
        &self,
        mut call: Outgoing<QueryWorkflowRequest>,
        next: Next<Outgoing<QueryWorkflowRequest>, Result<QueryWorkflowResponse, RpcError>>,
    ) -> Result<QueryWorkflowResponse, RpcError> {
        let attributes = target(call.message.execution.as_ref());
        let query = call.message.query.as_ref().map_or("", |query| &query.query_type);
        let context = self.call(format!("QueryWorkflow:{query}"), attributes, &mut call.headers);
        within(context, next.run(call)).await
    }

    async fn update_workflow(
        &self,
        mut call: Outgoing<UpdateWorkflowExecutionRequest>,
        next: Next<Outgoing<UpdateWorkflowExecutionRequest>, Result<UpdateWorkflowExecutionResponse, RpcError>>,
    ) -> Result<UpdateWorkflowExecutionResponse, RpcError> {
        let mut attributes = target(call.message.workflow_execution.as_ref());
        attributes.extend(update_id(&call.message));
        let update = call.message.request.as_ref().and_then(|request| request.input.as_ref());
        let name = format!("StartWorkflowUpdate:{}", update.map_or("", |update| &update.name));
        let context = self.call(name, attributes, &mut call.headers);
        within(context, next.run(call)).await
    }
}

fn update_id(update: &UpdateWorkflowExecutionRequest) -> Option<KeyValue> {
    let meta = update.request.as_ref()?.meta.as_ref()?;
    Some(KeyValue::new(UPDATE_ID, meta.update_id.clone()))
}

impl ActivityInterceptor for Tracing {
    async fn execute(&self, call: ExecuteActivity, next: Next<ExecuteActivity, ActivityOutcome>) -> ActivityOutcome {
        let info = call.ctx.info();
        let mut attributes = vec![KeyValue::new(ACTIVITY_ID, info.activity_id.clone())];
        for (key, id) in [(WORKFLOW_ID, &info.workflow_id), (RUN_ID, &info.workflow_run_id)] {
            if !id.is_empty() {
                attributes.push(KeyValue::new(key, id.clone()));
            }
        }
        let builder = SpanBuilder::from_name(format!("RunActivity:{}", info.activity_type))
            .with_kind(SpanKind::Server)
            .with_attributes(attributes);
        let parent = self.extract(call.ctx.headers()).unwrap_or_else(Context::current);
        let context = self.start(builder, &parent);
        let outcome = next.run(call).with_context(context.clone()).await;
        if let Err(failure) = &outcome
            && !is_benign(failure)
        {
            context.span().set_status(Status::error(failure.message.clone()));
        }
        context.span().end();
        outcome
    }
}

#[allow(clippy::result_large_err)] // failures travel as they are
impl WorkflowInterceptor for Tracing {
    async fn execute(
        &self,
        call: ExecuteWorkflow,
        next: Next<ExecuteWorkflow, WorkflowResult<Payloads>>,
    ) -> WorkflowResult<Payloads> {
        let ctx = call.ctx.clone();
        let context = self.of_workflow(&ctx);
        let mark = |name: &str, kind, error: Option<String>| {
            let _current = context.clone().attach();
            let name = format!("{name}:{}", ctx.info().workflow_type());
            let mark = Mark {
                error,
                ..Mark::default()
            };
            self.mark(&ctx, name, kind, mark);
        };
        mark("RunWorkflow", SpanKind::Server, None);
        let result = next.run(call).with_context(context.clone()).await;
        match &result {
            Ok(_) => mark("CompleteWorkflow", SpanKind::Internal, None),
            Err(error) => {
                // A failed task is tried again, and the next run goes on where this one ends.
                if let Some(failure) = error.failure() {
                    mark("CompleteWorkflow", SpanKind::Internal, Some(failure.message.clone()));
                }
            }
        }
        result
    }

    async fn signal(&self, call: HandleSignal, next: Next<HandleSignal, WorkflowResult<()>>) -> WorkflowResult<()> {
        let context = self.handling(&call.ctx, format!("HandleSignal:{}", call.name), &call.headers, None);
        next.run(call).with_context(context).await
    }

    async fn update(&self, call: HandleUpdate, next: Next<HandleUpdate, Answer>) -> Answer {
        let (name, id) = (format!("HandleUpdate:{}", call.name), Some(call.id.clone()));
        let context = self.handling(&call.ctx, name, &call.headers, id);
        next.run(call).with_context(context).await
    }

    fn validate_update(
        &self,
        call: HandleUpdate,
        next: NextNow<'_, HandleUpdate, Result<(), Failure>>,
    ) -> Result<(), Failure> {
        let (name, id) = (format!("ValidateUpdate:{}", call.name), Some(call.id.clone()));
        let _current = self.handling(&call.ctx, name, &call.headers, id).attach();
        next.run(call)
    }

    fn query(&self, call: HandleQuery, next: NextNow<'_, HandleQuery, Answer>) -> Answer {
        // It is part of the asker's trace, not of the workflow's.
        let asker = self.extract(&call.headers);
        let is_traced = asker.is_some();
        let _current = asker.unwrap_or_default().attach();
        if is_traced {
            let mark = Mark {
                link: self.extract(&call.ctx.info().headers()),
                is_query: true,
                ..Mark::default()
            };
            self.mark(&call.ctx, format!("HandleQuery:{}", call.name), SpanKind::Server, mark);
        }
        next.run(call)
    }

    fn schedule_activity(
        &self,
        ctx: &InterceptorContext,
        activity: &mut Outgoing<Box<ScheduleActivityTaskCommandAttributes>>,
    ) {
        let kind = activity.message.activity_type.as_ref().map_or("", |kind| &kind.name);
        self.mark_asked(ctx, format!("StartActivity:{kind}"), &mut activity.headers);
    }

    fn schedule_local_activity(&self, ctx: &InterceptorContext, activity: &mut Outgoing<LocalActivityAttributes>) {
        let name = format!("StartActivity:{}", activity.message.activity_type);
        self.mark_asked(ctx, name, &mut activity.headers);
    }

    fn start_child(
        &self,
        ctx: &InterceptorContext,
        child: &mut Outgoing<Box<StartChildWorkflowExecutionCommandAttributes>>,
    ) {
        let kind = child.message.workflow_type.as_ref().map_or("", |kind| &kind.name);
        self.mark_asked(ctx, format!("StartChildWorkflow:{kind}"), &mut child.headers);
    }

    fn signal_external(
        &self,
        ctx: &InterceptorContext,
        signal: &mut Outgoing<Box<SignalExternalWorkflowExecutionCommandAttributes>>,
    ) {
        let to = if signal.message.child_workflow_only {
            "Child"
        } else {
            "External"
        };
        let name = format!("Signal{to}Workflow:{}", signal.message.signal_name);
        self.mark_asked(ctx, name, &mut signal.headers);
    }

    fn start_nexus_operation(&self, ctx: &InterceptorContext, operation: &mut ScheduleNexusOperationCommandAttributes) {
        let name = format!("StartNexusOperation:{}/{}", operation.service, operation.operation);
        if let Some(context) = self.mark(ctx, name, SpanKind::Client, Mark::default()) {
            let mut carrier = std::collections::HashMap::<String, String>::new();
            self.propagator.inject_context(&context, &mut carrier);
            operation.nexus_header.extend(carrier);
        }
    }
}
