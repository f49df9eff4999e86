//! Workflow code that bytes spell: what it asks for, what it waits for, how it ends.

use std::{collections::VecDeque, future::Future, pin::pin, sync::Arc, task::Poll, time::Duration};
use steadfast_core::{
    ActivityCancellation, BoxFuture, ChildCancellation, Exit, Handled, Host, Program, Programs, Signal, TaskFailure,
    UpdateRequest,
    testing::{Awaiting, activity_with, cancel_external, child, json, signal_external, timer},
};
use steadfast_proto::{
    common::Payloads,
    failure::Failure,
    history::{History, WorkflowExecutionStartedEventAttributes, history_event::Attributes},
    query::WorkflowQuery,
};

/// How many operations may be under way that nobody waits for.
const HELD_MAX: usize = 64;

/// A script of bytes, and the names that it gives to what it asks for.
#[derive(Clone, Debug, Default)]
pub struct Spelled {
    script: Arc<[u8]>,
    names: Arc<[String]>,
}

impl Spelled {
    /// A script; its activities and children have the names that they have in the history, so that they may fit it.
    pub fn new(script: &[u8], history: Option<&History>) -> Self {
        let events = history.map(|history| history.events.as_slice()).unwrap_or_default();
        let names = events.iter().filter_map(|event| match event.attributes.as_ref()? {
            Attributes::ActivityTaskScheduledEventAttributes(a) => Some(a.activity_type.as_ref()?.name.clone()),
            Attributes::StartChildWorkflowExecutionInitiatedEventAttributes(a) => Some(a.workflow_id.clone()),
            Attributes::SignalExternalWorkflowExecutionInitiatedEventAttributes(a) => {
                Some(a.workflow_execution.as_ref()?.workflow_id.clone())
            }
            Attributes::RequestCancelExternalWorkflowExecutionInitiatedEventAttributes(a) => {
                Some(a.workflow_execution.as_ref()?.workflow_id.clone())
            }
            _ => None,
        });
        Self {
            names: names.collect(),
            script: script.into(),
        }
    }

    /// A script that asks for what a history has been asked for, task by task.
    pub fn of_history(history: &History) -> Vec<u8> {
        let mut script = Vec::new();
        for event in &history.events {
            match &event.attributes {
                Some(Attributes::ActivityTaskScheduledEventAttributes(_)) => script.push(1),
                Some(Attributes::TimerStartedEventAttributes(_)) => script.push(3),
                Some(Attributes::StartChildWorkflowExecutionInitiatedEventAttributes(_)) => script.push(5),
                Some(Attributes::SignalExternalWorkflowExecutionInitiatedEventAttributes(_)) => script.push(6),
                Some(Attributes::RequestCancelExternalWorkflowExecutionInitiatedEventAttributes(_)) => script.push(7),
                Some(Attributes::MarkerRecordedEventAttributes(_)) => script.push(8),
                Some(Attributes::TimerCanceledEventAttributes(_)) => script.push(10),
                // Whatever comes next is asked for once something has been resolved.
                Some(Attributes::WorkflowTaskCompletedEventAttributes(_)) if !script.is_empty() => script.push(15),
                Some(Attributes::WorkflowExecutionFailedEventAttributes(_)) => script.push(14),
                _ => {}
            }
        }
        script
    }

    fn name(&self, at: usize) -> &str {
        match self.names.len() {
            0 => "step",
            names => &self.names[at % names],
        }
    }
}

impl Programs for Spelled {
    fn create(&self, workflow_type: &str) -> Option<Box<dyn Program>> {
        let program = Instance { spelled: self.clone() };
        (workflow_type != "unregistered").then(|| Box::new(program) as Box<dyn Program>)
    }

    fn registered(&self) -> Vec<String> {
        vec!["all but 'unregistered'".to_owned()]
    }
}

struct Instance {
    spelled: Spelled,
}

/// What a script is at.
struct Run {
    host: Host,
    spelled: Spelled,
    held: VecDeque<Awaiting>,
    asked: usize,
}

impl Run {
    fn new(host: &Host, spelled: &Spelled) -> Self {
        Self {
            host: host.clone(),
            spelled: spelled.clone(),
            held: VecDeque::new(),
            asked: 0,
        }
    }

    fn activity(&mut self, flavour: u8) -> Awaiting {
        let cancellation = match flavour % 3 {
            0 => ActivityCancellation::TryCancel,
            1 => ActivityCancellation::WaitCancellationCompleted,
            _ => ActivityCancellation::Abandon,
        };
        let at = self.next();
        activity_with(&self.host, self.spelled.name(at), cancellation)
    }

    fn child(&mut self, flavour: u8) -> Awaiting {
        let cancellation = match flavour % 4 {
            0 => ChildCancellation::WaitCancellationCompleted,
            1 => ChildCancellation::WaitCancellationRequested,
            2 => ChildCancellation::TryCancel,
            _ => ChildCancellation::Abandon,
        };
        let at = self.next();
        child(&self.host, self.spelled.name(at), cancellation)
    }

    /// The number of what is asked for next.
    fn next(&mut self) -> usize {
        let at = self.asked;
        self.asked += 1;
        at
    }

    fn hold(&mut self, operation: Awaiting) {
        if self.held.len() < HELD_MAX {
            self.held.push_back(operation);
        }
    }

    async fn go(mut self) -> Result<Option<Payloads>, Exit> {
        let script = Arc::clone(&self.spelled.script);
        for byte in script.iter() {
            let flavour = byte >> 4;
            match byte % 16 {
                0 => drop(self.activity(flavour).await),
                1 => {
                    let operation = self.activity(flavour);
                    self.hold(operation);
                }
                2 => drop(timer(&self.host, Duration::from_secs(u64::from(flavour))).await),
                3 => self.hold(timer(&self.host, Duration::from_secs(u64::from(flavour)))),
                4 => drop(self.child(flavour).await),
                5 => {
                    let operation = self.child(flavour);
                    self.hold(operation);
                }
                6 => {
                    let name = self.next();
                    drop(signal_external(&self.host, self.spelled.name(name), "signal").await);
                }
                7 => {
                    let name = self.next();
                    drop(cancel_external(&self.host, self.spelled.name(name)).await);
                }
                8 => drop(self.host.patched(&format!("patch-{flavour}"))),
                9 => self.host.deprecate_patch(&format!("patch-{flavour}")),
                10 => drop(self.held.pop_back()),
                11 => {
                    if let Some(operation) = self.held.pop_back() {
                        operation.cancel();
                        self.held.push_front(operation);
                    }
                }
                12 => {
                    let scope = self.host.open_scope(flavour.is_multiple_of(2));
                    let outer = self.host.enter_scope(Some(scope));
                    let operation = self.activity(flavour);
                    self.host.enter_scope(outer);
                    self.host.cancel_scope(scope);
                    self.host.close_scope(scope);
                    self.hold(operation);
                }
                13 if self.host.random().is_multiple_of(2) => drop(timer(&self.host, Duration::ZERO).await),
                13 => self.host.state_changed(),
                14 => return self.end(flavour),
                _ => self.first().await,
            }
        }
        Ok(None)
    }

    /// Waits until one of the operations is resolved.
    async fn first(&mut self) {
        if self.held.is_empty() {
            return;
        }
        let held = &mut self.held;
        std::future::poll_fn(|context| {
            for at in 0..held.len() {
                if pin!(&mut held[at]).poll(context).is_ready() {
                    held.remove(at);
                    return Poll::Ready(());
                }
            }
            Poll::Pending
        })
        .await;
    }

    fn end(&self, flavour: u8) -> Result<Option<Payloads>, Exit> {
        match flavour % 5 {
            0 => Err(Exit::Failed(Box::new(Failure::application("Type", "it failed")))),
            1 => Err(Exit::Failed(Box::new(Failure::cancelled("cancelled")))),
            2 => Err(Exit::ContinueAsNew(Box::default())),
            3 => Err(Exit::Task(TaskFailure::new("not now"))),
            _ => Ok(Some(json(&serde_json::Value::from(1)))),
        }
    }
}

impl Program for Instance {
    fn start(
        &mut self,
        host: &Host,
        _: &WorkflowExecutionStartedEventAttributes,
    ) -> Result<BoxFuture<Result<Option<Payloads>, Exit>>, TaskFailure> {
        Ok(Box::pin(Run::new(host, &self.spelled).go()))
    }

    fn signal(&mut self, host: &Host, signal: &Signal) -> Handled<Result<(), Exit>> {
        host.state_changed();
        match signal.name.len() % 4 {
            0 => Handled::Unknown,
            1 => Handled::Undecodable("nonsense".to_owned()),
            2 => Handled::Done(Ok(())),
            _ => {
                let mut run = Run::new(host, &self.spelled);
                let operation = run.activity(0);
                Handled::Routine(Box::pin(async move {
                    operation.await;
                    Ok(())
                }))
            }
        }
    }

    fn validate(&mut self, _: &Host, update: &UpdateRequest) -> Result<(), Failure> {
        match update.name.len() % 5 {
            0 => Err(Failure::application("Rejected", "no")),
            _ => Ok(()),
        }
    }

    fn update(&mut self, host: &Host, update: &UpdateRequest) -> Handled<Result<Option<Payloads>, Exit>> {
        let run = Run::new(host, &self.spelled);
        match update.name.len() % 4 {
            0 => Handled::Done(Ok(None)),
            1 => Handled::Done(run.end(0)),
            2 => Handled::Unknown,
            _ => Handled::Routine(Box::pin(run.go())),
        }
    }

    fn query(&mut self, host: &Host, query: &WorkflowQuery) -> Result<Option<Payloads>, Failure> {
        let (name, arguments) = (query.query_type.as_str(), query.query_args.as_ref());
        match name.len() % 3 {
            0 => Err(Failure::application("UnknownQuery", name)),
            1 => Ok(Some(json(&serde_json::Value::from(host.pending_operations().len())))),
            _ => Ok(arguments.cloned()),
        }
    }
}
