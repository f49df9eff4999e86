//! What a worker can run.

use crate::{
    activity::{Activity, ActivityContext},
    convert::Converter,
    error::SOURCE,
    interceptor::Attached,
    nexus::{NexusOperations, NexusServiceImplementation},
    workflow::{FailurePolicy, Workflow, WorkflowImplementation, WorkflowMock, instance::Definition},
};
use std::{collections::BTreeMap, fmt, future::ready, sync::Arc};
use steadfast_core::{BoxFuture, Program, Programs};
use steadfast_proto::{common::Payloads, failure::Failure};

/// An activity without its types.
#[doc(hidden)]
pub type RawActivity =
    Arc<dyn Fn(ActivityContext, Option<&Payloads>) -> BoxFuture<Result<Payloads, Failure>> + Send + Sync>;

/// The name of what is run for all names that nothing else has: a dynamic activity or workflow. Nothing else can have it.
pub(crate) const ANY: &str = "";

type MakeProgram = Box<dyn Fn(Option<Arc<Attached>>, FailurePolicy) -> Box<dyn Program> + Send + Sync>;

/// What a worker can run, by name.
#[derive(Default)]
pub struct Registry {
    workflows: BTreeMap<&'static str, MakeProgram>,
    activities: BTreeMap<&'static str, RawActivity>,
    mocks: BTreeMap<&'static str, RawActivity>,
    workflow_mocks: BTreeMap<&'static str, MakeProgram>,
    /// What is kept with each run, if there is anything.
    attached: Option<Arc<Attached>>,
    nexus_services: BTreeMap<&'static str, NexusOperations>,
    pub(super) failure_policy: FailurePolicy,
    mistakes: Vec<String>,
}

impl Registry {
    /// Registers an activity; generated code calls it for each function of a set.
    pub fn activity<A: Activity>(
        &mut self,
        run: impl Fn(ActivityContext, A::Input) -> BoxFuture<Result<A::Output, Failure>> + Send + Sync + 'static,
    ) {
        if self.activities.insert(A::NAME, raw_activity::<A>(run)).is_some() {
            self.mistakes.push(twice("activity", A::NAME));
        }
    }

    pub(super) fn mock(&mut self, name: &'static str, mock: RawActivity) {
        if self.mocks.insert(name, mock).is_some() {
            self.mistakes.push(format!("activity `{name}` has two mocks"));
        }
    }

    pub(super) fn mock_workflow<W: Workflow + ?Sized + 'static>(&mut self, mock: WorkflowMock<W>) {
        let make: MakeProgram = Box::new(move |_, _| Box::new(mock.clone()));
        if self.workflow_mocks.insert(W::NAME, make).is_some() {
            self.mistakes.push(format!("workflow `{}` has two mocks", W::NAME));
        }
    }

    pub(super) fn workflow<W: WorkflowImplementation>(&mut self, converter: Converter) {
        let definition = Arc::new(Definition::<W>::new(converter));
        for (kind, name) in definition.duplicates() {
            self.mistakes
                .push(format!("workflow `{}` has two {kind} handlers named `{name}`", W::NAME));
        }
        for name in definition.orphaned_validators() {
            self.mistakes.push(format!(
                "workflow `{}` has a validator for `{name}`, which is no update",
                W::NAME
            ));
        }
        let make: MakeProgram = Box::new(move |attached, policy| definition.instance(attached, policy));
        if self.workflows.insert(W::NAME, make).is_some() {
            self.mistakes.push(twice("workflow", W::NAME));
        }
    }

    pub(super) fn attach(&mut self, attached: Option<Arc<Attached>>) {
        self.attached = attached;
    }

    pub(super) fn nexus_service<S: NexusServiceImplementation>(&mut self, service: Arc<S>) {
        let mut operations = NexusOperations::default();
        service.register(&mut operations);
        let mistakes = operations.mistakes().iter();
        self.mistakes
            .extend(mistakes.map(|mistake| format!("Nexus service `{}` {mistake}", S::NAME)));
        if self.nexus_services.insert(S::NAME, operations).is_some() {
            self.mistakes
                .push(format!("Nexus service `{}` is registered twice", S::NAME));
        }
    }

    pub(super) fn has_nexus_services(&self) -> bool {
        !self.nexus_services.is_empty()
    }

    pub(super) fn find_nexus_service(&self, name: &str) -> Option<&NexusOperations> {
        self.nexus_services.get(name)
    }

    pub(super) fn nexus_service_names(&self) -> Vec<&'static str> {
        self.nexus_services.keys().copied().collect()
    }

    pub(super) fn take_mistakes(&mut self) -> Vec<String> {
        std::mem::take(&mut self.mistakes)
    }

    pub(super) fn has_workflows(&self) -> bool {
        !self.workflows.is_empty() || !self.workflow_mocks.is_empty()
    }

    pub(super) fn has_workflow(&self, name: &str) -> bool {
        self.find_workflow(name).is_some()
    }

    /// Whether runs of this workflow are of its own code, not of a mock.
    #[cfg_attr(not(feature = "server"), allow(dead_code))]
    pub(crate) fn has_code_of(&self, workflow_type: &str) -> bool {
        let is_mocked = |name| self.workflow_mocks.contains_key(name);
        let is_dynamic = || self.workflows.contains_key(ANY) && !is_mocked(ANY);
        !is_mocked(workflow_type) && (self.workflows.contains_key(workflow_type) || is_dynamic())
    }

    /// A workflow by name, or else the dynamic one; a mock stands in for the one it is named after.
    fn find_workflow(&self, name: &str) -> Option<&MakeProgram> {
        let of = |name| self.workflow_mocks.get(name).or_else(|| self.workflows.get(name));
        of(name).or_else(|| of(ANY))
    }

    /// The names of all workflows, in order.
    fn workflow_names(&self) -> Vec<&'static str> {
        let mut names: Vec<_> = self
            .workflows
            .keys()
            .chain(self.workflow_mocks.keys())
            .copied()
            .collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    pub(super) fn has_activities(&self) -> bool {
        !self.activities.is_empty() || !self.mocks.is_empty()
    }

    /// An activity by name, or else the dynamic one; a mock stands in for the one it is named after.
    pub(super) fn find_activity(&self, name: &str) -> Option<&RawActivity> {
        let of = |name| self.mocks.get(name).or_else(|| self.activities.get(name));
        of(name).or_else(|| of(ANY))
    }

    /// The names of all activities, in order.
    pub(super) fn activity_names(&self) -> Vec<&'static str> {
        let mut names: Vec<_> = self.activities.keys().chain(self.mocks.keys()).copied().collect();
        names.sort_unstable();
        names.dedup();
        names
    }
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registry")
            .field("workflows", &self.workflow_names())
            .field("activities", &self.activity_names())
            .field("nexus_services", &self.nexus_services)
            .finish()
    }
}

/// The workflows of a registry, as a shard is given them.
pub(crate) struct RegisteredPrograms(pub(crate) Arc<Registry>);

impl Programs for RegisteredPrograms {
    fn create(&self, workflow_type: &str) -> Option<Box<dyn Program>> {
        let make = self.0.find_workflow(workflow_type)?;
        Some(make(self.0.attached.clone(), self.0.failure_policy))
    }

    fn registered(&self) -> Vec<String> {
        self.0.workflow_names().into_iter().map(str::to_owned).collect()
    }
}

fn twice(what: &str, name: &str) -> String {
    if name == ANY {
        return format!("two {what} definitions are dynamic: a worker has one such {what}");
    }
    format!("{what} `{name}` is registered twice")
}

/// Takes the types off an activity.
#[doc(hidden)]
pub fn raw_activity<A: Activity>(
    run: impl Fn(ActivityContext, A::Input) -> BoxFuture<Result<A::Output, Failure>> + Send + Sync + 'static,
) -> RawActivity {
    Arc::new(move |context, input| {
        let converter = context.converter().clone();
        match A::decode(input, &converter) {
            Ok(input) => {
                let running = run(context, input);
                Box::pin(async move {
                    let output = running.await?;
                    converter
                        .encode_result(&output)
                        .map_err(|error| failure("EncodeError", error.to_string()))
                })
            }
            Err(error) => Box::pin(ready(Err(failure("DecodeError", error.to_string())))),
        }
    })
}

/// The failure of something that the worker itself found out.
pub(super) fn failure(type_name: &str, message: String) -> Failure {
    Failure {
        source: SOURCE.to_owned(),
        ..Failure::application(type_name, message)
    }
}
