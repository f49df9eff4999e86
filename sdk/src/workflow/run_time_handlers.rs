//! Handlers that workflow code adds while it runs.

#![allow(clippy::result_large_err)] // failures travel as they are between generated code and the core

use super::{
    Handlers, WorkflowContext,
    handler::{self, QueryHandler, SignalHandler, Update, Validator},
};
use crate::{
    convert::{Args, Data, RawArgs},
    error::{Rejection, UpdateError, WorkflowResult},
};
use std::{
    future::Future,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// Handlers that code added. Most workflows have none, and pay a pointer for it.
pub(super) struct Added<S>(Mutex<Option<Box<Handlers<S>>>>);

impl<S> Default for Added<S> {
    fn default() -> Self {
        Self(Mutex::new(None))
    }
}

/// Never held while code of users runs.
impl<S> Added<S> {
    fn table(&self) -> MutexGuard<'_, Option<Box<Handlers<S>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn signal(&self, name: &str) -> Option<SignalHandler<S>> {
        self.table().as_ref()?.signals.get(name).cloned()
    }

    pub(super) fn any_signal(&self) -> Option<SignalHandler<S>> {
        self.table().as_ref()?.any_signal.clone()
    }

    pub(super) fn query(&self, name: &str) -> Option<QueryHandler<S>> {
        self.table().as_ref()?.queries.get(name).cloned()
    }

    pub(super) fn any_query(&self) -> Option<QueryHandler<S>> {
        self.table().as_ref()?.any_query.clone()
    }

    pub(super) fn update(&self, name: &str) -> Option<Update<S>> {
        self.table().as_ref()?.updates.get(name).cloned()
    }

    pub(super) fn any_update(&self) -> Option<Update<S>> {
        self.table().as_ref()?.any_update.clone()
    }

    pub(super) fn validator(&self, name: &str) -> Option<Validator<S>> {
        self.table().as_ref()?.validators.get(name).cloned()
    }

    /// The execution is gone. Handlers may hold its context, which holds them.
    pub(super) fn clear(&self) {
        let all = self.table().take();
        drop(all);
    }

    /// The names of all handlers of a kind.
    pub(super) fn names(&self, of: impl Fn(&Handlers<S>) -> Vec<String>) -> Vec<String> {
        self.table().as_deref().map(of).unwrap_or_default()
    }
}

/// The handlers of one execution, which code may add to while it runs: `ctx.handlers().signal("add", |s, (n,)| ..)`.
///
/// A handler that is added takes the place of one of the same name. Arguments are a tuple, `(value,)` for a single one.
/// Signals that had no handler are kept, and come to the one that is added, in the order of their arrival; an update of the
/// first workflow task finds a handler that `run` adds before its first wait.
///
/// ```no_run
/// # use steadfast::prelude::*;
/// # #[derive(Default)] struct Till { total: u32 }
/// #[workflow]
/// impl Till {
///     #[run]
///     async fn run(ctx: WorkflowContext<Self>) -> WorkflowResult<u32> {
///         ctx.handlers()
///             .signal("add", |till, (amount,): (u32,)| till.total += amount)
///             .query("total", |till, ()| till.total);
///         ctx.wait_condition(|till| till.total > 100).await?;
///         Ok(ctx.state(|till| till.total))
///     }
/// }
/// ```
pub struct RunTimeHandlers<'a, S> {
    context: &'a WorkflowContext<S>,
}

impl<S: Send + 'static> WorkflowContext<S> {
    /// The handlers of this execution, to be added to.
    #[must_use]
    pub fn handlers(&self) -> RunTimeHandlers<'_, S> {
        RunTimeHandlers { context: self }
    }
}

impl<S: Send + 'static> RunTimeHandlers<'_, S> {
    /// Adds a handler of a signal, which changes the state.
    pub fn signal<A: Args>(
        &self,
        name: impl Into<String>,
        handle: impl Fn(&mut S, A) + Send + Sync + 'static,
    ) -> &Self {
        let handler = handler::signal(move |state: &mut S, _, arguments: A| handle(state, arguments));
        self.change(|table| table.signals.insert(name.into().into(), handler))
    }

    /// Adds a handler of a signal that may wait.
    pub fn signal_async<A: Args, F>(
        &self,
        name: impl Into<String>,
        handle: impl Fn(WorkflowContext<S>, A) -> F + Send + Sync + 'static,
    ) -> &Self
    where
        F: Future<Output = WorkflowResult<()>> + Send + 'static,
    {
        let handler = handler::signal_async(move |context, arguments: A| Box::pin(handle(context, arguments)));
        self.change(|table| table.signals.insert(name.into().into(), handler))
    }

    /// Adds the handler of signals that no other one is named after.
    pub fn any_signal(&self, handle: impl Fn(&mut S, &str, RawArgs) + Send + Sync + 'static) -> &Self {
        let handler = handler::signal_any(move |state: &mut S, _, name, arguments| handle(state, name, arguments));
        self.change(|table| table.any_signal.replace(handler))
    }

    /// Adds a handler of a query, which reads the state.
    pub fn query<A: Args, O: Data>(
        &self,
        name: impl Into<String>,
        answer: impl Fn(&S, A) -> O + Send + Sync + 'static,
    ) -> &Self {
        let handler = handler::query(move |state: &S, _, arguments: A| Ok(answer(state, arguments)));
        self.change(|table| table.queries.insert(name.into().into(), handler))
    }

    /// Adds the handler of queries that no other one is named after.
    pub fn any_query<O: Data>(
        &self,
        answer: impl Fn(&S, &str, RawArgs) -> Result<O, Rejection> + Send + Sync + 'static,
    ) -> &Self {
        let handler = handler::query_any(move |state: &S, _, name, arguments| {
            answer(state, name, arguments).map_err(Rejection::into_failure)
        });
        self.change(|table| table.any_query.replace(handler))
    }

    /// Adds a handler of an update, which changes the state.
    pub fn update<A: Args, O: Data>(
        &self,
        name: impl Into<String>,
        handle: impl Fn(&mut S, A) -> Result<O, UpdateError> + Send + Sync + 'static,
    ) -> &Self {
        let update = handler::update(move |state: &mut S, _, arguments: A| {
            handle(state, arguments).map_err(UpdateError::into_failure)
        });
        self.change(|table| table.updates.insert(name.into().into(), update))
    }

    /// Adds a handler of an update that may wait.
    pub fn update_async<A: Args, O: Data, F>(
        &self,
        name: impl Into<String>,
        handle: impl Fn(WorkflowContext<S>, A) -> F + Send + Sync + 'static,
    ) -> &Self
    where
        F: Future<Output = Result<O, UpdateError>> + Send + 'static,
    {
        let update = handler::update_async(move |context, arguments: A| {
            let routine = handle(context, arguments);
            Box::pin(async move { routine.await.map_err(UpdateError::into_failure) })
        });
        self.change(|table| table.updates.insert(name.into().into(), update))
    }

    /// Adds the handler of updates that no other one is named after.
    pub fn any_update<O: Data>(
        &self,
        handle: impl Fn(&mut S, &str, RawArgs) -> Result<O, UpdateError> + Send + Sync + 'static,
    ) -> &Self {
        let update = handler::update_any(move |state: &mut S, _, name, arguments| {
            handle(state, name, arguments).map_err(UpdateError::into_failure)
        });
        self.change(|table| table.any_update.replace(update))
    }

    /// Says what is asked before an update of this name is accepted.
    pub fn validator<A: Args>(
        &self,
        name: impl Into<String>,
        check: impl Fn(&S, &A) -> Result<(), Rejection> + Send + Sync + 'static,
    ) -> &Self {
        let validator = handler::validator(move |state: &S, _, arguments: &A| check(state, arguments));
        self.change(|table| table.validators.insert(name.into().into(), validator))
    }

    /// Takes the handler of a signal away that was added here.
    pub fn remove_signal(&self, name: &str) -> &Self {
        self.change(|table| table.signals.remove(name))
    }

    /// Takes the handler of a query away that was added here.
    pub fn remove_query(&self, name: &str) -> &Self {
        self.change(|table| table.queries.remove(name))
    }

    /// Takes the handler of an update away that was added here, and its validator.
    pub fn remove_update(&self, name: &str) -> &Self {
        self.change(|table| (table.updates.remove(name), table.validators.remove(name)))
    }

    /// What was there before is dropped where nothing is locked: it may hold anything of users.
    fn change<R>(&self, change: impl FnOnce(&mut Handlers<S>) -> R) -> &Self {
        let before = change(
            self.context
                .added()
                .table()
                .get_or_insert_with(|| Box::new(Handlers::empty())),
        );
        drop(before);
        self.context.host().handlers_changed();
        self
    }
}
