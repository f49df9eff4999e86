//! Which handlers a workflow has.

#![allow(clippy::result_large_err)] // failures travel as they are between generated code and the core

use super::{
    HandlerContext, WorkflowContext,
    handler::{self, QueryHandler, SignalHandler, Update, Validator},
};
use crate::{
    convert::{Args, Data, RawArgs},
    error::{Rejection, WorkflowResult},
};
use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
};
use steadfast_core::{BoxFuture, MessageKind};
use steadfast_proto::failure::Failure;

type Name = Cow<'static, str>;

/// The table of a workflow's handlers, filled once for each registration by code that `#[workflow]` writes; and that of an
/// instance's, filled at run time.
pub struct Handlers<S> {
    pub(super) signals: BTreeMap<Name, SignalHandler<S>>,
    pub(super) any_signal: Option<SignalHandler<S>>,
    pub(super) queries: BTreeMap<Name, QueryHandler<S>>,
    pub(super) any_query: Option<QueryHandler<S>>,
    pub(super) updates: BTreeMap<Name, Update<S>>,
    pub(super) any_update: Option<Update<S>>,
    pub(super) validators: BTreeMap<Name, Validator<S>>,
    /// Handlers that may be left behind unfinished when the workflow ends.
    pub(super) abandoned: BTreeSet<(MessageKind, &'static str)>,
    /// What people are told of a message: its kind, its name, the text.
    pub(super) descriptions: BTreeMap<(&'static str, &'static str), &'static str>,
    /// Names that were given to two handlers of a kind; the worker refuses to start with them.
    pub(super) duplicates: Vec<(&'static str, &'static str)>,
}

impl<S> Handlers<S> {
    pub(super) fn empty() -> Self {
        Self {
            signals: BTreeMap::new(),
            any_signal: None,
            queries: BTreeMap::new(),
            any_query: None,
            updates: BTreeMap::new(),
            any_update: None,
            validators: BTreeMap::new(),
            abandoned: BTreeSet::new(),
            descriptions: BTreeMap::new(),
            duplicates: Vec::new(),
        }
    }
}

const DYNAMIC: &str = "(dynamic)";

impl<S: Send + 'static> Handlers<S> {
    /// A synchronous signal handler.
    pub fn signal<A: Args>(&mut self, name: &'static str, handle: fn(&mut S, &HandlerContext, A)) {
        self.insert_signal(name, handler::signal(handle));
    }

    /// An asynchronous signal handler.
    pub fn signal_async<A: Args>(
        &mut self,
        name: &'static str,
        handle: fn(WorkflowContext<S>, A) -> BoxFuture<WorkflowResult<()>>,
    ) {
        self.insert_signal(name, handler::signal_async(handle));
    }

    /// The handler of signals that no other one is named after.
    pub fn signal_any(&mut self, handle: fn(&mut S, &HandlerContext, &str, RawArgs)) {
        if self.any_signal.replace(handler::signal_any(handle)).is_some() {
            self.duplicates.push(("signal", DYNAMIC));
        }
    }

    /// A query handler.
    pub fn query<A: Args, O: Data>(
        &mut self,
        name: &'static str,
        answer: fn(&S, &HandlerContext, A) -> Result<O, Failure>,
    ) {
        if self.queries.insert(name.into(), handler::query(answer)).is_some() {
            self.duplicates.push(("query", name));
        }
    }

    /// The handler of queries that no other one is named after.
    pub fn query_any<O: Data>(&mut self, answer: fn(&S, &HandlerContext, &str, RawArgs) -> Result<O, Failure>) {
        if self.any_query.replace(handler::query_any(answer)).is_some() {
            self.duplicates.push(("query", DYNAMIC));
        }
    }

    /// A synchronous update handler.
    pub fn update<A: Args, O: Data>(
        &mut self,
        name: &'static str,
        handle: fn(&mut S, &HandlerContext, A) -> Result<O, Failure>,
    ) {
        self.insert_update(name, handler::update(handle));
    }

    /// An asynchronous update handler.
    pub fn update_async<A: Args, O: Data>(
        &mut self,
        name: &'static str,
        handle: fn(WorkflowContext<S>, A) -> BoxFuture<Result<O, Failure>>,
    ) {
        self.insert_update(name, handler::update_async(handle));
    }

    /// The handler of updates that no other one is named after.
    pub fn update_any<O: Data>(&mut self, handle: fn(&mut S, &HandlerContext, &str, RawArgs) -> Result<O, Failure>) {
        if self.any_update.replace(handler::update_any(handle)).is_some() {
            self.duplicates.push(("update", DYNAMIC));
        }
    }

    /// What is asked before an update of this name is accepted.
    pub fn validator<A: Args>(
        &mut self,
        name: &'static str,
        check: fn(&S, &HandlerContext, &A) -> Result<(), Rejection>,
    ) {
        if self.validators.insert(name.into(), handler::validator(check)).is_some() {
            self.duplicates.push(("validator", name));
        }
    }

    /// A signal's handler may be left behind unfinished when the workflow ends.
    pub fn abandon_signal(&mut self, name: &'static str) {
        self.abandoned.insert((MessageKind::Signal, name));
    }

    /// An update's handler may be left behind unfinished when the workflow ends.
    pub fn abandon_update(&mut self, name: &'static str) {
        self.abandoned.insert((MessageKind::Update, name));
    }

    /// What people are told of a message: `("signal", "add", "Adds an item.")`. The name of a dynamic one is empty.
    pub fn describe(&mut self, kind: &'static str, name: &'static str, text: &'static str) {
        self.descriptions.insert((kind, name), text);
    }

    fn insert_signal(&mut self, name: &'static str, handler: SignalHandler<S>) {
        if self.signals.insert(name.into(), handler).is_some() {
            self.duplicates.push(("signal", name));
        }
    }

    fn insert_update(&mut self, name: &'static str, update: Update<S>) {
        if self.updates.insert(name.into(), update).is_some() {
            self.duplicates.push(("update", name));
        }
    }
}
