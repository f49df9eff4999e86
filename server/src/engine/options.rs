//! Options of a run that clients change while it goes on.

use super::{
    Engine,
    deployment::{Decided, Version},
    error::{Code, Error, Result},
    namespace::NamespaceKey,
    run::Run,
    signal::check_execution,
    task_queue::Work,
    time_skipping,
    world::World,
};
use steadfast_proto::{
    common,
    history::WorkflowExecutionOptionsUpdatedEventAttributes,
    workflow::{VersioningOverride, WorkflowExecutionOptions},
    workflowservice::{UpdateWorkflowExecutionOptionsRequest, UpdateWorkflowExecutionOptionsResponse},
};

/// What a request changes.
#[derive(Debug, Default)]
struct Change {
    decided: Option<Option<Decided>>,
    priority: Option<common::Priority>,
    skipping: Option<Option<common::TimeSkippingConfig>>,
}

impl Engine {
    pub(crate) fn update_workflow_options(
        &mut self,
        request: UpdateWorkflowExecutionOptionsRequest,
    ) -> Result<UpdateWorkflowExecutionOptionsResponse> {
        let namespace = self.world.namespaces.find(&request.namespace)?.key;
        let execution = request.workflow_execution.unwrap_or_default();
        check_execution(&execution)?;
        let Some(mask) = request.update_mask else {
            return Err(Error::invalid("UpdateMask is required"));
        };
        let Some(options) = request.workflow_execution_options else {
            return Err(Error::invalid("WorkflowExecutionOptions is required"));
        };
        let key = self.find(namespace, &execution)?;
        let Some(run) = self.runs.get(key) else {
            return Err(Error::broken("a run that was found is there"));
        };
        if !run.is_open() {
            return Err(Error::completed());
        }
        let change = read(&mask.paths, &options, run)?;
        if let Some(Some(decided)) = &change.decided {
            let queue = run.is.task_queue.clone();
            self.check_override(namespace, &queue, Some(&decided.wire()))?;
        }
        let Self { runs, world, .. } = self;
        let run = runs.touch(key)?;
        run.change_options(world, change, request.identity);
        Ok(UpdateWorkflowExecutionOptionsResponse {
            workflow_execution_options: Some(run.options()),
            update_time: None,
        })
    }

    /// A run is only pinned to a version that can go on with it.
    pub(crate) fn check_override(
        &self,
        namespace: NamespaceKey,
        queue: &str,
        wire: Option<&VersioningOverride>,
    ) -> Result<()> {
        let Some(wire) = wire else { return Ok(()) };
        let decided = Decided::read(wire);
        let Some(decided) = decided else {
            return Err(Error::invalid(
                "versioning override: expected a version to pin to, or auto-upgrade",
            ));
        };
        match &decided {
            Decided::Pinned(version) if !self.world.deployments.serves(namespace, version, Work::Workflow, queue) => {
                Err(Error::new(
                    Code::FailedPrecondition,
                    format!(
                        "Pinned version '{}' is not present in task queue '{queue}' of type 'Workflow'",
                        Version::text(version)
                    ),
                ))
            }
            _ => Ok(()),
        }
    }
}

/// What the paths of a mask say is to change.
fn read(paths: &[String], options: &WorkflowExecutionOptions, run: &Run) -> Result<Change> {
    let mut change = Change::default();
    for path in paths {
        let given = options.priority.clone().unwrap_or_default();
        match super::activity_operation::snake(path).as_str() {
            "versioning_override" => {
                let decided = options.versioning_override.as_ref().map(|decided| {
                    let read = Decided::read(decided);
                    read.ok_or_else(|| {
                        Error::invalid("versioning override: expected a version to pin to, or auto-upgrade")
                    })
                });
                change.decided = Some(decided.transpose()?);
            }
            "priority" => change.priority = Some(given),
            field @ ("priority.priority_key" | "priority.fairness_key" | "priority.fairness_weight") => {
                let priority = change.priority.get_or_insert_with(|| run.is.priority.clone());
                match field {
                    "priority.priority_key" => priority.priority_key = given.priority_key,
                    "priority.fairness_key" => priority.fairness_key = given.fairness_key,
                    _ => priority.fairness_weight = given.fairness_weight,
                }
            }
            "time_skipping_config" => {
                let config = options.time_skipping_config.clone();
                config.as_ref().map_or(Ok(()), time_skipping::check)?;
                change.skipping = Some(config);
            }
            field if field.starts_with("time_skipping_config.") => {
                return Err(Error::invalid(
                    "error applying update_options: time_skipping_config doesn't support partial update",
                ));
            }
            _ => {
                return Err(Error::invalid(format!(
                    "update mask: {path:?} is no field of workflow execution options"
                )));
            }
        }
    }
    if change
        .priority
        .as_ref()
        .is_some_and(|priority| priority.priority_key < 0)
    {
        return Err(Error::invalid("priority key can't be negative"));
    }
    Ok(change)
}

/// A priority, unless nothing was said of it.
pub(crate) fn chosen(priority: common::Priority) -> Option<common::Priority> {
    (priority != common::Priority::default()).then_some(priority)
}

impl Run {
    /// The run's priority, if it is another one than that of a run of which nothing was said.
    pub(crate) fn chosen_priority(&self) -> Option<common::Priority> {
        chosen(self.is.priority.clone())
    }

    /// The run's priority, if something was said of one, be it nothing in particular.
    pub(crate) fn given_priority(&self) -> Option<common::Priority> {
        let was_given = self
            .started_attributes()
            .is_some_and(|started| started.priority.is_some());
        if was_given {
            Some(self.is.priority.clone())
        } else {
            self.chosen_priority()
        }
    }

    fn options(&self) -> WorkflowExecutionOptions {
        WorkflowExecutionOptions {
            versioning_override: self.versioning.decided.as_ref().map(Decided::wire),
            priority: self.given_priority(),
            time_skipping_config: self.skipping.as_ref().and_then(|skipping| skipping.config()),
        }
    }

    /// Changes options, and records the change if there is one.
    fn change_options(&mut self, world: &mut World, change: Change, identity: String) {
        let decided = change.decided.filter(|decided| *decided != self.versioning.decided);
        let priority = change.priority.filter(|priority| *priority != self.is.priority);
        let skips = change.skipping.is_some();
        if decided.is_none() && priority.is_none() && !skips {
            return;
        }
        if let Some(config) = change.skipping {
            self.change_skipping(world, config);
        }
        let is_redirected = decided.is_some();
        if let Some(decided) = decided {
            self.versioning.decided = decided;
            self.index_versions();
        }
        if let Some(priority) = priority {
            self.is.priority = priority;
        }
        let options = self.options();
        let mut event = self.event(
            world,
            WorkflowExecutionOptionsUpdatedEventAttributes {
                // The original says so with every change.
                unset_versioning_override: options.versioning_override.is_none(),
                versioning_override: options.versioning_override,
                priority: options.priority,
                identity,
                time_skipping_config: options.time_skipping_config.filter(|_| skips),
                time_skipping_config_updated: skips,
                ..Default::default()
            },
        );
        event.worker_may_ignore = true;
        self.happen_event(world, event);
        if is_redirected {
            self.redirect_task(world);
        }
    }
}
