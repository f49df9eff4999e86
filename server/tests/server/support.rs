//! A client and a worker in one, with no logic of their own.

use std::sync::Arc;
use std::time::Duration;
use steadfast_proto::{
    command::{self, Command, command::Attributes},
    common::{Payload, Payloads, WorkflowExecution, WorkflowType},
    duration,
    enums::{CommandType, EventType, HistoryEventFilterType},
    failure::Failure,
    history::HistoryEvent,
    prost::{Message, Name},
    prost_types::Any,
    protocol,
    taskqueue::{StickyExecutionAttributes, TaskQueue},
    tonic::{Request, Status},
    update,
    workflowservice::{workflow_service_server::WorkflowService, *},
};
use steadfast_server::{Server, Time};

pub(crate) const QUEUE: &str = "queue";

pub(crate) struct Bench {
    pub(crate) server: Server,
    pub(crate) service: Arc<dyn WorkflowService>,
}

pub(crate) fn real() -> Bench {
    bench(Time::Real)
}

pub(crate) fn bench(time: Time) -> Bench {
    of(Server::builder().time(time).seed(1).start().unwrap())
}

pub(crate) fn of(server: Server) -> Bench {
    Bench {
        service: server.workflow_service(),
        server,
    }
}

pub(crate) fn text(text: &str) -> Payloads {
    vec![Payload::encoded("json/plain", format!("{text:?}"))].into()
}

pub(crate) fn queue(name: &str) -> Option<TaskQueue> {
    Some(TaskQueue {
        name: name.to_owned(),
        ..Default::default()
    })
}

pub(crate) fn execution(workflow_id: &str) -> Option<WorkflowExecution> {
    Some(WorkflowExecution {
        workflow_id: workflow_id.to_owned(),
        ..Default::default()
    })
}

pub(crate) fn start(workflow_id: &str) -> StartWorkflowExecutionRequest {
    StartWorkflowExecutionRequest {
        namespace: "default".to_owned(),
        workflow_id: workflow_id.to_owned(),
        workflow_type: Some(WorkflowType {
            name: "Type".to_owned(),
        }),
        task_queue: queue(QUEUE),
        ..Default::default()
    }
}

fn command(kind: CommandType, attributes: Attributes) -> Command {
    Command {
        command_type: kind.into(),
        attributes: Some(attributes),
        ..Default::default()
    }
}

pub(crate) fn complete() -> Command {
    let attributes = command::CompleteWorkflowExecutionCommandAttributes {
        result: Some(text("done")),
    };
    command(
        CommandType::CompleteWorkflowExecution,
        Attributes::CompleteWorkflowExecutionCommandAttributes(Box::new(attributes)),
    )
}

pub(crate) fn fail(failure: Failure) -> Command {
    let attributes = command::FailWorkflowExecutionCommandAttributes { failure: Some(failure) };
    command(
        CommandType::FailWorkflowExecution,
        Attributes::FailWorkflowExecutionCommandAttributes(Box::new(attributes)),
    )
}

pub(crate) fn continue_as_new() -> Command {
    let attributes = command::ContinueAsNewWorkflowExecutionCommandAttributes::default();
    command(
        CommandType::ContinueAsNewWorkflowExecution,
        Attributes::ContinueAsNewWorkflowExecutionCommandAttributes(Box::new(attributes)),
    )
}

pub(crate) fn start_timer(id: &str, after: Duration) -> Command {
    let attributes = command::StartTimerCommandAttributes {
        timer_id: id.to_owned(),
        start_to_fire_timeout: Some(duration(after)),
    };
    command(
        CommandType::StartTimer,
        Attributes::StartTimerCommandAttributes(Box::new(attributes)),
    )
}

pub(crate) fn cancel_timer(id: &str) -> Command {
    let attributes = command::CancelTimerCommandAttributes {
        timer_id: id.to_owned(),
    };
    command(
        CommandType::CancelTimer,
        Attributes::CancelTimerCommandAttributes(Box::new(attributes)),
    )
}

pub(crate) fn activity(id: &str, set: impl FnOnce(&mut command::ScheduleActivityTaskCommandAttributes)) -> Command {
    let mut attributes = command::ScheduleActivityTaskCommandAttributes {
        activity_id: id.to_owned(),
        activity_type: Some(steadfast_proto::common::ActivityType {
            name: "Activity".to_owned(),
        }),
        task_queue: queue(QUEUE),
        start_to_close_timeout: Some(duration(Duration::from_secs(30))),
        ..Default::default()
    };
    set(&mut attributes);
    command(
        CommandType::ScheduleActivityTask,
        Attributes::ScheduleActivityTaskCommandAttributes(Box::new(attributes)),
    )
}

pub(crate) fn cancel_activity(scheduled_event_id: i64) -> Command {
    let attributes = command::RequestCancelActivityTaskCommandAttributes { scheduled_event_id };
    command(
        CommandType::RequestCancelActivityTask,
        Attributes::RequestCancelActivityTaskCommandAttributes(Box::new(attributes)),
    )
}

pub(crate) fn start_child(workflow_id: &str) -> Command {
    let attributes = command::StartChildWorkflowExecutionCommandAttributes {
        workflow_id: workflow_id.to_owned(),
        workflow_type: Some(WorkflowType {
            name: "Child".to_owned(),
        }),
        ..Default::default()
    };
    command(
        CommandType::StartChildWorkflowExecution,
        Attributes::StartChildWorkflowExecutionCommandAttributes(Box::new(attributes)),
    )
}

/// A message about an update.
pub(crate) fn say<M: Message + Name>(update_id: &str, kind: &str, body: &M) -> protocol::Message {
    protocol::Message {
        id: format!("{update_id}/{kind}"),
        protocol_instance_id: update_id.to_owned(),
        body: Some(Any {
            type_url: format!("type.googleapis.com/{}", M::full_name()),
            value: body.encode_to_vec(),
        }),
        ..Default::default()
    }
}

pub(crate) fn accept(update_id: &str) -> protocol::Message {
    say(update_id, "accept", &update::Acceptance::default())
}

pub(crate) fn reject(update_id: &str) -> protocol::Message {
    let failure = Some(Failure::application("Refused", "not like this"));
    say(
        update_id,
        "reject",
        &update::Rejection {
            failure,
            ..Default::default()
        },
    )
}

pub(crate) fn respond(update_id: &str) -> protocol::Message {
    let value = Some(update::outcome::Value::Success(text("updated")));
    say(
        update_id,
        "complete",
        &update::Response {
            meta: None,
            outcome: Some(update::Outcome { value }),
        },
    )
}

impl Bench {
    pub(crate) async fn start(&self, workflow_id: &str) -> String {
        self.start_with(start(workflow_id)).await.unwrap().run_id
    }

    pub(crate) async fn start_with(
        &self,
        request: StartWorkflowExecutionRequest,
    ) -> Result<StartWorkflowExecutionResponse, Status> {
        self.service
            .start_workflow_execution(Request::new(request))
            .await
            .map(|response| response.into_inner())
    }

    pub(crate) async fn poll(&self) -> PollWorkflowTaskQueueResponse {
        self.poll_on(QUEUE).await
    }

    pub(crate) async fn poll_on(&self, name: &str) -> PollWorkflowTaskQueueResponse {
        let request = PollWorkflowTaskQueueRequest {
            namespace: "default".to_owned(),
            task_queue: queue(name),
            identity: "worker".to_owned(),
            ..Default::default()
        };
        self.service
            .poll_workflow_task_queue(Request::new(request))
            .await
            .unwrap()
            .into_inner()
    }

    pub(crate) async fn poll_activity(&self) -> PollActivityTaskQueueResponse {
        self.poll_activity_with(&[]).await
    }

    /// Polls for an activity, with headers.
    pub(crate) async fn poll_activity_with(
        &self,
        headers: &[(&'static str, &'static str)],
    ) -> PollActivityTaskQueueResponse {
        let mut request = Request::new(PollActivityTaskQueueRequest {
            namespace: "default".to_owned(),
            task_queue: queue(QUEUE),
            identity: "worker".to_owned(),
            ..Default::default()
        });
        for (name, value) in headers {
            request.metadata_mut().insert(*name, value.parse().unwrap());
        }
        self.service
            .poll_activity_task_queue(request)
            .await
            .unwrap()
            .into_inner()
    }

    /// Answers a workflow task with commands.
    pub(crate) async fn answer(
        &self,
        task: &PollWorkflowTaskQueueResponse,
        commands: Vec<Command>,
    ) -> Result<RespondWorkflowTaskCompletedResponse, Status> {
        self.answer_with(task, |request| request.commands = commands).await
    }

    pub(crate) async fn answer_with(
        &self,
        task: &PollWorkflowTaskQueueResponse,
        set: impl FnOnce(&mut RespondWorkflowTaskCompletedRequest),
    ) -> Result<RespondWorkflowTaskCompletedResponse, Status> {
        let mut request = RespondWorkflowTaskCompletedRequest {
            namespace: "default".to_owned(),
            task_token: task.task_token.clone(),
            identity: "worker".to_owned(),
            ..Default::default()
        };
        set(&mut request);
        self.service
            .respond_workflow_task_completed(Request::new(request))
            .await
            .map(|response| response.into_inner())
    }

    pub(crate) async fn fail_task(&self, task: &PollWorkflowTaskQueueResponse) {
        let request = RespondWorkflowTaskFailedRequest {
            namespace: "default".to_owned(),
            task_token: task.task_token.clone(),
            failure: Some(Failure::application("Bug", "oops")),
            ..Default::default()
        };
        self.service
            .respond_workflow_task_failed(Request::new(request))
            .await
            .unwrap();
    }

    pub(crate) async fn complete_activity(&self, task: &PollActivityTaskQueueResponse) -> Result<(), Status> {
        let request = RespondActivityTaskCompletedRequest {
            namespace: "default".to_owned(),
            task_token: task.task_token.clone(),
            result: Some(text("result")),
            ..Default::default()
        };
        self.service
            .respond_activity_task_completed(Request::new(request))
            .await
            .map(|_| ())
    }

    pub(crate) async fn fail_activity(&self, task: &PollActivityTaskQueueResponse, failure: Failure) {
        let request = RespondActivityTaskFailedRequest {
            namespace: "default".to_owned(),
            task_token: task.task_token.clone(),
            failure: Some(failure),
            ..Default::default()
        };
        self.service
            .respond_activity_task_failed(Request::new(request))
            .await
            .unwrap();
    }

    pub(crate) async fn signal(
        &self,
        workflow_id: &str,
        request_id: &str,
    ) -> Result<SignalWorkflowExecutionResponse, Status> {
        let request = SignalWorkflowExecutionRequest {
            namespace: "default".to_owned(),
            workflow_execution: execution(workflow_id),
            signal_name: "signal".to_owned(),
            request_id: request_id.to_owned(),
            ..Default::default()
        };
        self.service
            .signal_workflow_execution(Request::new(request))
            .await
            .map(|response| response.into_inner())
    }

    pub(crate) async fn terminate(&self, workflow_id: &str) {
        let request = TerminateWorkflowExecutionRequest {
            namespace: "default".to_owned(),
            workflow_execution: execution(workflow_id),
            ..Default::default()
        };
        self.service
            .terminate_workflow_execution(Request::new(request))
            .await
            .unwrap();
    }

    pub(crate) fn update_request(workflow_id: &str, update_id: &str) -> UpdateWorkflowExecutionRequest {
        UpdateWorkflowExecutionRequest {
            namespace: "default".to_owned(),
            workflow_execution: execution(workflow_id),
            wait_policy: Some(update::WaitPolicy { lifecycle_stage: 3 }),
            request: Some(update::Request {
                meta: Some(update::Meta {
                    update_id: update_id.to_owned(),
                    identity: "client".to_owned(),
                }),
                input: Some(update::Input {
                    name: "update".to_owned(),
                    ..Default::default()
                }),
                ..Default::default()
            }),
            ..Default::default()
        }
    }

    /// Sends an update, which waits in a task of its own.
    pub(crate) fn update(
        &self,
        workflow_id: &str,
        update_id: &str,
    ) -> tokio::task::JoinHandle<Result<UpdateWorkflowExecutionResponse, Status>> {
        let (service, request) = (self.service.clone(), Self::update_request(workflow_id, update_id));
        tokio::spawn(async move {
            service
                .update_workflow_execution(Request::new(request))
                .await
                .map(|response| response.into_inner())
        })
    }

    pub(crate) async fn history(&self, workflow_id: &str) -> Vec<HistoryEvent> {
        self.history_of(execution(workflow_id)).await
    }

    pub(crate) async fn history_of(&self, execution: Option<WorkflowExecution>) -> Vec<HistoryEvent> {
        let request = GetWorkflowExecutionHistoryRequest {
            namespace: "default".to_owned(),
            execution,
            ..Default::default()
        };
        let response = self
            .service
            .get_workflow_execution_history(Request::new(request))
            .await
            .unwrap();
        let events = response.into_inner().history.unwrap().events;
        let ids: Vec<i64> = events.iter().map(|event| event.event_id).collect();
        assert_eq!(
            ids,
            (1..=i64::try_from(events.len()).unwrap()).collect::<Vec<_>>(),
            "event ids have no gaps"
        );
        events
    }

    pub(crate) async fn events(&self, workflow_id: &str) -> Vec<EventType> {
        types(&self.history(workflow_id).await)
    }

    /// The last event, once there is one.
    pub(crate) async fn closed(&self, workflow_id: &str) -> HistoryEvent {
        let request = GetWorkflowExecutionHistoryRequest {
            namespace: "default".to_owned(),
            execution: execution(workflow_id),
            wait_new_event: true,
            history_event_filter_type: HistoryEventFilterType::CloseEvent.into(),
            ..Default::default()
        };
        let response = self
            .service
            .get_workflow_execution_history(Request::new(request))
            .await
            .unwrap();
        response.into_inner().history.unwrap().events.remove(0)
    }

    pub(crate) async fn describe(&self, workflow_id: &str) -> DescribeWorkflowExecutionResponse {
        self.describe_run(workflow_id, "").await
    }

    pub(crate) async fn describe_run(&self, workflow_id: &str, run_id: &str) -> DescribeWorkflowExecutionResponse {
        let request = DescribeWorkflowExecutionRequest {
            namespace: "default".to_owned(),
            execution: Some(WorkflowExecution {
                workflow_id: workflow_id.to_owned(),
                run_id: run_id.to_owned(),
            }),
        };
        self.service
            .describe_workflow_execution(Request::new(request))
            .await
            .unwrap()
            .into_inner()
    }
}

pub(crate) fn types(events: &[HistoryEvent]) -> Vec<EventType> {
    events.iter().map(HistoryEvent::event_type).collect()
}

/// Asks for a sticky queue of this name.
pub(crate) fn sticky(name: &str) -> Option<StickyExecutionAttributes> {
    Some(StickyExecutionAttributes {
        worker_task_queue: queue(name),
        schedule_to_start_timeout: Some(duration(Duration::from_secs(10))),
    })
}
