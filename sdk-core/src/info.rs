//! What stays the same for a whole run.

use crate::history::{HistoryError, Turn};
use std::time::{Duration, SystemTime};
use steadfast_proto::{
    Shared,
    common::{Header, Memo, Payloads, RetryPolicy, SearchAttributes, WorkflowExecution},
    failure::Failure,
    history::{WorkflowExecutionStartedEventAttributes, history_event::Attributes},
    prost_types, std_duration, system_time,
};

/// What a run begins with.
#[derive(Debug, Clone, Default)]
pub struct Start {
    /// The namespace.
    pub namespace: String,
    /// The workflow id.
    pub workflow_id: String,
    /// The run id.
    pub run_id: String,
    /// The event that started the run.
    pub started: Shared<WorkflowExecutionStartedEventAttributes>,
    /// The time of that event.
    pub start_time: Option<SystemTime>,
}

/// What stays the same for a whole run. Every cached run has one, so what few workflows have is kept apart.
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub struct WorkflowInfo {
    /// The namespace.
    pub namespace: String,
    /// The workflow id.
    pub workflow_id: String,
    /// The run id.
    pub run_id: String,
    /// The workflow type's name.
    pub workflow_type: String,
    /// The task queue's name.
    pub task_queue: String,
    /// The first run of the chain.
    pub first_execution_run_id: String,
    /// Which attempt this is, as the server counts: from one.
    pub attempt: i32,
    /// When the run started.
    pub start_time: Option<SystemTime>,
    /// How long the whole chain of runs may take.
    pub execution_timeout: Option<Duration>,
    /// How long this run may take.
    pub run_timeout: Option<Duration>,
    /// How long a workflow task may take.
    pub task_timeout: Option<Duration>,
    rare: Option<Box<RareInfo>>,
}

/// What few workflows have.
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub struct RareInfo {
    /// The run that continued as new as this one, or nothing.
    pub continued_execution_run_id: String,
    /// The cron schedule, or nothing.
    pub cron_schedule: String,
    /// The workflow that started this one as its child, and its namespace.
    pub parent: Option<(String, WorkflowExecution)>,
    /// How the workflow is retried.
    pub retry_policy: Option<RetryPolicy>,
    /// What came beside the input.
    pub header: Option<Header>,
    /// The memo that the workflow was started with.
    pub memo: Option<Memo>,
    /// The search attributes that the workflow was started with.
    pub search_attributes: Option<SearchAttributes>,
    /// What the previous run returned.
    pub last_completion_result: Option<Payloads>,
    /// How the previous run failed.
    pub last_failure: Option<Failure>,
}

/// For all who have nothing of it.
static NOTHING_RARE: RareInfo = RareInfo {
    continued_execution_run_id: String::new(),
    cron_schedule: String::new(),
    parent: None,
    retry_policy: None,
    header: None,
    memo: None,
    search_attributes: None,
    last_completion_result: None,
    last_failure: None,
};

impl Start {
    /// Takes the attributes of the run's first event, and its time, out of its first turn.
    pub(crate) fn take(turn: &mut Turn) -> Result<Self, HistoryError> {
        let first = turn.events.first_mut();
        let id = first.as_ref().map_or(0, |event| event.event_id);
        let Some(event) = first else {
            return Err(HistoryError::NotFromStart { first: id });
        };
        match event.attributes.take() {
            Some(Attributes::WorkflowExecutionStartedEventAttributes(started)) => Ok(Self {
                started,
                start_time: event.event_time.as_ref().and_then(system_time),
                namespace: String::new(),
                workflow_id: String::new(),
                run_id: String::new(),
            }),
            _ => Err(HistoryError::NotFromStart { first: id }),
        }
    }

    /// The workflow type's name.
    pub(crate) fn workflow_type(&self) -> &str {
        self.started.workflow_type.as_ref().map_or("", |kind| &kind.name)
    }

    /// What the run's random numbers come from: a reset run draws others than the one it was made of, a run that was not reset
    /// those of its own id.
    pub(crate) fn seed(&self) -> &str {
        let original = self.started.original_execution_run_id.as_str();
        if original.is_empty() { &self.run_id } else { original }
    }

    /// What is kept of it for the whole run; the input is the code's.
    pub(crate) fn info(&self) -> WorkflowInfo {
        let started = &self.started;
        WorkflowInfo {
            namespace: self.namespace.clone(),
            workflow_id: self.workflow_id.clone(),
            run_id: self.run_id.clone(),
            workflow_type: self.workflow_type().to_owned(),
            task_queue: started
                .task_queue
                .as_ref()
                .map(|queue| queue.name.clone())
                .unwrap_or_default(),
            first_execution_run_id: started.first_execution_run_id.clone(),
            attempt: started.attempt,
            start_time: self.start_time,
            execution_timeout: positive(started.workflow_execution_timeout.as_ref()),
            run_timeout: positive(started.workflow_run_timeout.as_ref()),
            task_timeout: positive(started.workflow_task_timeout.as_ref()),
            rare: RareInfo::of(started),
        }
    }
}

impl WorkflowInfo {
    /// What few workflows have.
    #[must_use]
    pub fn rare(&self) -> &RareInfo {
        self.rare.as_deref().unwrap_or(&NOTHING_RARE)
    }
}

impl RareInfo {
    fn of(started: &WorkflowExecutionStartedEventAttributes) -> Option<Box<Self>> {
        let parent = started.parent_workflow_execution.as_deref();
        let rare = Self {
            continued_execution_run_id: started.continued_execution_run_id.clone(),
            cron_schedule: started.cron_schedule.clone(),
            parent: parent.map(|parent| (started.parent_workflow_namespace.clone(), parent.clone())),
            retry_policy: started.retry_policy.as_deref().cloned(),
            header: started.header.clone(),
            memo: started.memo.clone(),
            search_attributes: started.search_attributes.clone(),
            last_completion_result: started.last_completion_result.clone(),
            last_failure: started.continued_failure.as_deref().cloned(),
        };
        (rare != NOTHING_RARE).then(|| Box::new(rare))
    }
}

/// The wire says "none" by zero as well.
fn positive(duration: Option<&prost_types::Duration>) -> Option<Duration> {
    duration.and_then(std_duration).filter(|duration| !duration.is_zero())
}
