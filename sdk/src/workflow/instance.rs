//! A workflow as the core runs it.

#![allow(clippy::result_large_err)] // failures travel as they are between generated code and the core

use super::{
    FailurePolicy, HandlerContext, Handlers, WorkflowContext, WorkflowImplementation, WorkflowInfo,
    exit::{exit, refusal},
    handler::{Delivery, Update, undecodable, unencodable},
    intercepted::{self, outcome_of},
    log::Logged,
    metadata,
    metrics::measured,
};
use crate::{
    convert::Converter,
    interceptor::{AnyWorkflowInterceptor, Attached, HandleQuery, HandleUpdate, Headers, NextNow},
};
use std::sync::Arc;
use steadfast_core::{BoxFuture, Exit, Handled, Host, MessageKind, Program, Signal, TaskFailure, UpdateRequest};
use steadfast_proto::{
    common::Payloads, enums::VersioningBehavior, failure::Failure, history::WorkflowExecutionStartedEventAttributes,
    query::WorkflowQuery,
};

/// What all instances of a registered workflow share.
pub(crate) struct Definition<W> {
    handlers: Handlers<W>,
    converter: Converter,
}

impl<W: WorkflowImplementation> Definition<W> {
    pub(crate) fn new(converter: Converter) -> Self {
        let mut handlers = Handlers::empty();
        W::handlers(&mut handlers);
        Self { handlers, converter }
    }

    /// Handlers of one kind that have the same name: `("signal", "decide")`.
    pub(crate) fn duplicates(&self) -> &[(&'static str, &'static str)] {
        &self.handlers.duplicates
    }

    /// Updates that have a validator but no handler.
    pub(crate) fn orphaned_validators(&self) -> impl Iterator<Item = &str> {
        let handlers = &self.handlers;
        handlers
            .validators
            .keys()
            .filter(|name| !handlers.updates.contains_key(*name))
            .map(AsRef::as_ref)
    }

    /// With what is to be kept with its run, if there is anything, on a worker of this policy.
    pub(crate) fn instance(
        self: &Arc<Self>,
        attached: Option<Arc<Attached>>,
        policy: FailurePolicy,
    ) -> Box<dyn Program> {
        Box::new(Logged::new(Instance {
            definition: Arc::clone(self),
            context: None,
            attached,
            policy: W::FAILURE_POLICY.or(policy),
        }))
    }
}

/// One execution's program.
struct Instance<W> {
    definition: Arc<Definition<W>>,
    /// There is none before the start.
    context: Option<WorkflowContext<W>>,
    attached: Option<Arc<Attached>>,
    policy: FailurePolicy,
}

impl<W: WorkflowImplementation> Instance<W> {
    /// What messages go through, if there is anything.
    fn interceptors(&self) -> Option<&Arc<Attached>> {
        self.attached
            .as_ref()
            .filter(|attached| !attached.interceptors.is_empty())
    }

    fn find_update(&self, name: &str) -> Option<Update<W>> {
        let (handlers, added) = (&self.definition.handlers, self.context.as_ref()?.added());
        added
            .update(name)
            .or_else(|| handlers.updates.get(name).cloned())
            .or_else(|| added.any_update())
            .or_else(|| handlers.any_update.clone())
    }

    /// The failure of a message that nobody handles, with those that somebody does.
    fn unknown(&self, kind: &str, name: &str, names: impl Fn(&Handlers<W>) -> Vec<String>) -> Failure {
        let mut known = names(&self.definition.handlers);
        known.extend(self.context.iter().flat_map(|context| context.added().names(&names)));
        known.sort();
        known.dedup();
        let known = if known.is_empty() {
            "none".to_owned()
        } else {
            format!("`{}`", known.join("`, `"))
        };
        // A dynamic one has the name that it was started by.
        let this = self.context.as_ref().map(WorkflowContext::info);
        let this = this.as_ref().map_or(W::NAME, WorkflowInfo::workflow_type);
        refusal(
            "NotFoundError",
            format!("unknown {kind} `{name}`; the workflow `{this}` has {known}"),
        )
    }

    fn metadata(&self, host: &Host) -> Payloads {
        let definitions = |kind, dynamic: bool, names: &dyn Fn(&Handlers<W>) -> Vec<String>| {
            let handlers = &self.definition.handlers;
            let mut all = names(handlers);
            all.extend(self.context.iter().flat_map(|context| context.added().names(names)));
            all.sort();
            all.dedup();
            all.extend(dynamic.then(String::new));
            let describe = |name: String| {
                let description = handlers.descriptions.get(&(kind, name.as_str())).copied();
                (name, description.unwrap_or_default())
            };
            all.into_iter().map(describe).collect()
        };
        let handlers = &self.definition.handlers;
        let added = self.context.as_ref().map(WorkflowContext::added);
        let workflow_type = host.info().workflow_type.clone();
        metadata::Metadata {
            workflow_type,
            queries: definitions(
                "query",
                handlers.any_query.is_some() || added.is_some_and(|added| added.any_query().is_some()),
                &|table| names(table.queries.keys()),
            ),
            signals: definitions(
                "signal",
                handlers.any_signal.is_some() || added.is_some_and(|added| added.any_signal().is_some()),
                &|table| names(table.signals.keys()),
            ),
            updates: definitions(
                "update",
                handlers.any_update.is_some() || added.is_some_and(|added| added.any_update().is_some()),
                &|table| names(table.updates.keys()),
            ),
            current_details: host.current_details(),
        }
        .answer()
    }
}

/// Handlers that were added may hold the context, which holds them.
impl<W> Drop for Instance<W> {
    fn drop(&mut self) {
        if let Some(context) = &self.context {
            context.added().clear();
        }
    }
}

impl<W: WorkflowImplementation> Program for Instance<W> {
    fn start(
        &mut self,
        host: &Host,
        started: &WorkflowExecutionStartedEventAttributes,
    ) -> Result<BoxFuture<Result<Option<Payloads>, Exit>>, TaskFailure> {
        let converter = &self.definition.converter;
        let input = started.input.as_ref();
        let undecodable = |error: crate::convert::DecodeError| {
            let name = started.workflow_type.as_ref().map_or(W::NAME, |kind| &kind.name);
            TaskFailure::new(format!("the input of workflow type `{name}` can't be decoded: {error}"))
        };
        let handler_context = HandlerContext::writing(host.clone(), converter.clone());
        let state = W::init(handler_context, input, converter).map_err(undecodable)?;
        let input = W::decode(input, converter).map_err(undecodable)?;
        let context = WorkflowContext::new(host.clone(), converter.clone(), state);
        self.context = Some(context.clone());
        if let Some(attached) = &self.attached {
            let attached: Arc<Attached> = Arc::clone(attached);
            host.attach(attached);
        }
        let policy = self.policy;
        let routine: BoxFuture<Result<Option<Payloads>, Exit>> = if let Some(attached) = self.interceptors() {
            let arguments = started.input.as_ref();
            let (routine, host) = (intercepted::execute(attached, host, context, arguments), host.clone());
            Box::pin(async move { routine.await.map(Some).map_err(|error| exit(error, &host, policy)) })
        } else {
            let routine = W::run(context, input);
            let (host, converter) = (host.clone(), converter.clone());
            Box::pin(async move {
                let output = routine.await.map_err(|error| exit(error, &host, policy))?;
                let result = converter.encode_result(&output);
                result
                    .map(Some)
                    .map_err(|error| Exit::Failed(Box::new(unencodable(error))))
            })
        };
        let recorder = self.attached.as_ref().and_then(|attached| attached.recorder.clone());
        Ok(match recorder {
            Some(recorder) => measured(routine, recorder, host.clone()),
            None => routine,
        })
    }

    fn versioning(&self) -> Option<VersioningBehavior> {
        W::VERSIONING.map(Into::into)
    }

    fn failure_policy(&self) -> steadfast_core::FailurePolicy {
        self.policy.of_task_failures()
    }

    fn signal(&mut self, host: &Host, signal: &Signal) -> Handled<Result<(), Exit>> {
        let Some(context) = &self.context else {
            return Handled::Unknown;
        };
        let (handlers, added, name) = (&self.definition.handlers, context.added(), signal.name.as_str());
        let handler = added
            .signal(name)
            .or_else(|| handlers.signals.get(name).cloned())
            .or_else(|| added.any_signal())
            .or_else(|| handlers.any_signal.clone());
        let Some(handler) = handler else {
            return Handled::Unknown;
        };
        if let Some(attached) = self.interceptors() {
            return intercepted::signal(attached, host, context, (handler, self.policy), signal);
        }
        match handler(context, name, signal.arguments.as_ref()) {
            Delivery::Done(result) => Handled::Done(result.map_err(|error| exit(error, host, self.policy))),
            Delivery::Undecodable(error) => Handled::Undecodable(error.to_string()),
            Delivery::Routine(routine) => {
                let (host, policy) = (host.clone(), self.policy);
                Handled::Routine(Box::pin(async move {
                    let result = routine.await.map_err(|error| exit(error, &host, policy));
                    host.state_changed(); // for those who wait for all handlers
                    result
                }))
            }
        }
    }

    fn knows_update(&self, name: &str) -> bool {
        self.find_update(name).is_some()
    }

    fn may_be_abandoned(&self, message: MessageKind, name: &str) -> bool {
        let abandoned = &self.definition.handlers.abandoned;
        abandoned.iter().any(|(kind, known)| (*kind, *known) == (message, name))
    }

    fn validate(&mut self, host: &Host, update: &UpdateRequest) -> Result<(), Failure> {
        let (Some(known), Some(context)) = (self.find_update(&update.name), &self.context) else {
            return Err(self.unknown("update", &update.name, |handlers| names(handlers.updates.keys())));
        };
        let handlers = &self.definition.handlers;
        let validate = |name: &str, arguments: Option<&Payloads>| {
            let added = context.added().validator(name);
            match added.as_ref().or_else(|| handlers.validators.get(name)) {
                Some(validator) => validator(context, arguments),
                None => (known.check)(arguments, context.converter()),
            }
        };
        let Some(attached) = self.interceptors() else {
            return validate(&update.name, update.arguments.as_ref());
        };
        let end = NextNow::end(|call: HandleUpdate| validate(&call.name, call.arguments.as_ref()));
        let next = attached
            .interceptors
            .next_now(<dyn AnyWorkflowInterceptor>::validate, end);
        next.run(intercepted::handle_update(attached, host, update))
    }

    fn update(&mut self, host: &Host, update: &UpdateRequest) -> Handled<Result<Option<Payloads>, Exit>> {
        let (Some(handler), Some(context)) = (self.find_update(&update.name), &self.context) else {
            return Handled::Unknown;
        };
        if let Some(attached) = self.interceptors() {
            return intercepted::update(attached, host, context, handler.handle, update);
        }
        match (handler.handle)(context, &update.name, update.arguments.as_ref()) {
            Delivery::Done(outcome) => Handled::Done(outcome_of(outcome)),
            // It was accepted, so whoever waits for it is told, and the workflow goes on.
            Delivery::Undecodable(error) => Handled::Done(Err(Exit::Failed(Box::new(undecodable(error))))),
            Delivery::Routine(routine) => {
                let host = host.clone();
                Handled::Routine(Box::pin(async move {
                    let outcome = routine.await;
                    host.state_changed(); // for those who wait for all handlers
                    outcome_of(outcome)
                }))
            }
        }
    }

    fn query(&mut self, host: &Host, query: &WorkflowQuery) -> Result<Option<Payloads>, Failure> {
        let converter = &self.definition.converter;
        let (name, arguments) = (query.query_type.as_str(), query.query_args.as_ref());
        match name {
            metadata::METADATA_QUERY => return Ok(Some(self.metadata(host))),
            metadata::STACK_TRACE_QUERY => {
                let text = metadata::stack_trace(&host.pending_operations());
                return converter.encode_result(&text).map(Some).map_err(unencodable);
            }
            metadata::ENHANCED_STACK_TRACE_QUERY => {
                return Ok(Some(metadata::enhanced_stack_trace(&host.pending_operations())));
            }
            _ => {}
        }
        let handlers = &self.definition.handlers;
        let Some(context) = &self.context else {
            return Err(refusal(
                "NotStartedError",
                format!("query `{name}` came before the workflow had a state"),
            ));
        };
        let added = context.added();
        let handler = added
            .query(name)
            .or_else(|| handlers.queries.get(name).cloned())
            .or_else(|| added.any_query())
            .or_else(|| handlers.any_query.clone());
        let Some(handler) = handler else {
            return Err(self.unknown("query", name, |handlers| names(handlers.queries.keys())));
        };
        let Some(attached) = self.interceptors() else {
            return handler(context, name, arguments).map(Some);
        };
        let end = NextNow::end(|call: HandleQuery| handler(context, &call.name, call.arguments.as_ref()));
        let next = attached.interceptors.next_now(<dyn AnyWorkflowInterceptor>::query, end);
        let call = HandleQuery {
            ctx: attached.context(host),
            name: name.to_owned(),
            arguments: arguments.cloned(),
            headers: Headers::of(query.header.clone()),
        };
        next.run(call).map(Some)
    }
}

/// The names in a table of handlers.
fn names<'a>(names: impl Iterator<Item = &'a std::borrow::Cow<'static, str>>) -> Vec<String> {
    names.map(|name| name.clone().into_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prelude::*;

    #[derive(Default)]
    struct Pinned;

    #[workflow(versioning = "pinned")]
    impl Pinned {
        #[run]
        async fn run(ctx: WorkflowContext<Self>) -> WorkflowResult<()> {
            ctx.sleep(secs(1)).await?;
            Ok(())
        }

        #[signal(unfinished = "abandon")]
        async fn dawdle(ctx: WorkflowContext<Self>) {
            let _ = ctx.sleep(hours(1)).await;
        }

        #[update(unfinished = "warn")]
        async fn hurry(ctx: WorkflowContext<Self>) -> Result<(), UpdateError> {
            Ok(ctx.sleep(secs(1)).await?)
        }
    }

    #[derive(Default)]
    struct Unversioned;

    #[workflow]
    impl Unversioned {
        #[run]
        async fn run(ctx: WorkflowContext<Self>) -> WorkflowResult<()> {
            ctx.sleep(secs(1)).await?;
            Ok(())
        }
    }

    #[test]
    fn a_workflow_says_how_its_runs_move_on_and_which_handlers_may_be_left_behind() {
        let instance = Arc::new(Definition::<Pinned>::new(Converter::default())).instance(None, FailurePolicy::new());
        assert_eq!(instance.versioning(), Some(VersioningBehavior::Pinned));
        assert!(instance.may_be_abandoned(MessageKind::Signal, "dawdle"));
        assert!(!instance.may_be_abandoned(MessageKind::Update, "hurry"));
        let instance =
            Arc::new(Definition::<Unversioned>::new(Converter::default())).instance(None, FailurePolicy::new());
        assert_eq!(instance.versioning(), None);
    }
}
