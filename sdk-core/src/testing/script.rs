//! Workflows made of closures.

use crate::{BoxFuture, Exit, FailurePolicy, Handled, Host, Program, Programs, Signal, TaskFailure, UpdateRequest};
use std::{
    collections::BTreeMap,
    future::Future,
    sync::{Arc, Mutex, PoisonError},
};
use steadfast_proto::{
    common::Payloads, enums::VersioningBehavior, failure::Failure, history::WorkflowExecutionStartedEventAttributes,
    query::WorkflowQuery,
};

/// The state of one instance, shared by its routines.
#[derive(Debug)]
pub struct State<S>(Arc<Mutex<S>>);

impl<S> Clone for State<S> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<S> State<S> {
    /// Looks at the state, or changes it; who changes it tells the host.
    pub fn with<T>(&self, with: impl FnOnce(&mut S) -> T) -> T {
        with(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

type Result<T, E> = std::result::Result<T, E>;
type Routine<T> = BoxFuture<Result<T, Exit>>;
type Main<S> = dyn Fn(Host, State<S>) -> Routine<Option<Payloads>> + Send + Sync;
type OnSignal<S> = dyn Fn(Host, State<S>, &Signal) -> Handled<Result<(), Exit>> + Send + Sync;
type OnUpdate<S> = dyn Fn(Host, State<S>, &UpdateRequest) -> Handled<Result<Option<Payloads>, Exit>> + Send + Sync;
type Validator<S> = dyn Fn(Host, State<S>, &UpdateRequest) -> Result<(), Failure> + Send + Sync;
type OnQuery<S> = dyn Fn(Host, State<S>) -> Result<Option<Payloads>, Failure> + Send + Sync;

/// A workflow made of closures, with a state `S`.
pub struct Script<S = ()> {
    main: Arc<Main<S>>,
    signals: BTreeMap<String, Arc<OnSignal<S>>>,
    updates: BTreeMap<String, Arc<OnUpdate<S>>>,
    validators: BTreeMap<String, Arc<Validator<S>>>,
    queries: BTreeMap<String, Arc<OnQuery<S>>>,
    versioning: Option<VersioningBehavior>,
    failure_policy: FailurePolicy,
}

impl<S: Default + Send + 'static> Script<S> {
    /// A workflow with a main routine.
    pub fn new<F, R>(main: F) -> Self
    where
        F: Fn(Host, State<S>) -> R + Send + Sync + 'static,
        R: Future<Output = Result<Option<Payloads>, Exit>> + Send + 'static,
    {
        Self {
            main: Arc::new(move |host, state| Box::pin(main(host, state))),
            signals: BTreeMap::new(),
            updates: BTreeMap::new(),
            validators: BTreeMap::new(),
            queries: BTreeMap::new(),
            versioning: None,
            failure_policy: FailurePolicy::default(),
        }
    }

    /// Says how its runs move on to other deployment versions.
    #[must_use]
    pub fn versioning(mut self, behavior: VersioningBehavior) -> Self {
        self.versioning = Some(behavior);
        self
    }

    /// Says what fails the workflow, and not its task alone.
    #[must_use]
    pub fn failure_policy(mut self, policy: FailurePolicy) -> Self {
        self.failure_policy = policy;
        self
    }

    /// Handles a signal.
    #[must_use]
    pub fn signal(
        mut self,
        name: &str,
        handler: impl Fn(Host, State<S>, &Signal) -> Handled<Result<(), Exit>> + Send + Sync + 'static,
    ) -> Self {
        self.signals.insert(name.to_owned(), Arc::new(handler));
        self
    }

    /// Handles an update.
    #[must_use]
    pub fn update(
        mut self,
        name: &str,
        handler: impl Fn(Host, State<S>, &UpdateRequest) -> Handled<Result<Option<Payloads>, Exit>> + Send + Sync + 'static,
    ) -> Self {
        self.updates.insert(name.to_owned(), Arc::new(handler));
        self
    }

    /// Validates an update.
    #[must_use]
    pub fn validator(
        mut self,
        name: &str,
        validator: impl Fn(Host, State<S>, &UpdateRequest) -> Result<(), Failure> + Send + Sync + 'static,
    ) -> Self {
        self.validators.insert(name.to_owned(), Arc::new(validator));
        self
    }

    /// Answers a query.
    #[must_use]
    pub fn query(
        mut self,
        name: &str,
        handler: impl Fn(Host, State<S>) -> Result<Option<Payloads>, Failure> + Send + Sync + 'static,
    ) -> Self {
        self.queries.insert(name.to_owned(), Arc::new(handler));
        self
    }

    /// The only workflow of a worker, under the name `script`.
    #[must_use]
    pub fn alone(self) -> Scripts {
        Scripts::default().with("script", self)
    }

    fn instance(&self) -> Box<dyn Program> {
        Box::new(Instance {
            script: Self {
                main: Arc::clone(&self.main),
                signals: self.signals.clone(),
                updates: self.updates.clone(),
                validators: self.validators.clone(),
                queries: self.queries.clone(),
                versioning: self.versioning,
                failure_policy: self.failure_policy,
            },
            state: State(Arc::new(Mutex::new(S::default()))),
        })
    }
}

struct Instance<S> {
    script: Script<S>,
    state: State<S>,
}

impl<S: Default + Send + 'static> Program for Instance<S> {
    fn start(
        &mut self,
        host: &Host,
        _: &WorkflowExecutionStartedEventAttributes,
    ) -> Result<Routine<Option<Payloads>>, TaskFailure> {
        Ok((self.script.main)(host.clone(), self.state.clone()))
    }

    fn versioning(&self) -> Option<VersioningBehavior> {
        self.script.versioning
    }

    fn failure_policy(&self) -> FailurePolicy {
        self.script.failure_policy
    }

    fn signal(&mut self, host: &Host, signal: &Signal) -> Handled<Result<(), Exit>> {
        match self.script.signals.get(&signal.name) {
            Some(handler) => handler(host.clone(), self.state.clone(), signal),
            None => Handled::Unknown,
        }
    }

    fn validate(&mut self, host: &Host, update: &UpdateRequest) -> Result<(), Failure> {
        if !self.script.updates.contains_key(&update.name) {
            return Err(Failure::application(
                "UnknownUpdate",
                format!("no update '{}'", update.name),
            ));
        }
        match self.script.validators.get(&update.name) {
            Some(validator) => validator(host.clone(), self.state.clone(), update),
            None => Ok(()),
        }
    }

    fn update(&mut self, host: &Host, update: &UpdateRequest) -> Handled<Result<Option<Payloads>, Exit>> {
        match self.script.updates.get(&update.name) {
            Some(handler) => handler(host.clone(), self.state.clone(), update),
            None => Handled::Unknown,
        }
    }

    fn query(&mut self, host: &Host, query: &WorkflowQuery) -> Result<Option<Payloads>, Failure> {
        let name = query.query_type.as_str();
        match self.script.queries.get(name) {
            Some(handler) => handler(host.clone(), self.state.clone()),
            None => Err(Failure::application("UnknownQuery", format!("no query '{name}'"))),
        }
    }
}

type Maker = Box<dyn Fn() -> Box<dyn Program> + Send>;

/// Scripts by the name of their workflow type.
#[derive(Default)]
pub struct Scripts {
    makers: BTreeMap<String, Maker>,
}

impl Scripts {
    /// Adds a script.
    #[must_use]
    pub fn with<S: Default + Send + 'static>(mut self, workflow_type: &str, script: Script<S>) -> Self {
        self.makers
            .insert(workflow_type.to_owned(), Box::new(move || script.instance()));
        self
    }
}

impl Programs for Scripts {
    fn create(&self, workflow_type: &str) -> Option<Box<dyn Program>> {
        self.makers.get(workflow_type).map(|make| make())
    }

    fn registered(&self) -> Vec<String> {
        self.makers.keys().cloned().collect()
    }
}
