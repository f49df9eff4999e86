//! Payloads of tasks and of answers to tasks, on their way through the client's codecs. Without any, all of this is one
//! look at an `Option`.

use super::{
    registry::failure,
    scheduled::{Scheduled, end_the_run},
    shared::Shared,
};
use crate::{
    client::{Calling, RpcError},
    convert::{About, CodecError, Coding, PayloadContext},
    error::NexusError,
};
use std::sync::{Arc, LazyLock};
use steadfast_core::{Notice, Refusal, RunKey};
use steadfast_proto::{
    Call, Carrier,
    enums::{QueryResultType, WorkflowTaskFailedCause},
    failure::Failure,
    history::History,
    nexus::Request,
    workflowservice::{
        GetWorkflowExecutionHistoryRequest, GetWorkflowExecutionHistoryResponse, PollActivityTaskQueueResponse,
        PollWorkflowTaskQueueResponse, RespondActivityTaskFailedRequest, RespondQueryTaskCompletedRequest,
        RespondWorkflowTaskCompletedRequest, RespondWorkflowTaskCompletedResponse, RespondWorkflowTaskFailedRequest,
    },
};

/// The type of the failures that say that a codec gave up.
const CODEC_FAILURE: &str = "PayloadCodec";
/// gRPC's number for "internal".
const INTERNAL: i32 = 13;

impl Shared {
    fn coding(&self) -> Option<&Coding> {
        self.client.connection().coding()
    }

    fn about(&self, workflow_id: &str, workflow_type: &str, scheduled: Scheduled) -> About {
        About {
            context: PayloadContext::workflow(self.client.namespace(), workflow_id),
            workflow_type: workflow_type.to_owned(),
            is_workflow_task: true,
            scheduled,
        }
    }

    fn about_run(&self, run: &RunKey) -> About {
        self.about(run.workflow_id(), run.workflow_type(), Scheduled::default())
    }

    /// A workflow task that a shard can read. If it can't be decoded it is answered so, and what returns is empty, as after a
    /// poll that brought nothing.
    pub(super) async fn readable(
        &self,
        task: Box<PollWorkflowTaskQueueResponse>,
    ) -> Box<PollWorkflowTaskQueueResponse> {
        match self.coding() {
            Some(coding) if !task.task_token.is_empty() => Box::pin(self.decoded(coding, task)).await,
            _ => task,
        }
    }

    async fn decoded(
        &self,
        coding: &Coding,
        mut task: Box<PollWorkflowTaskQueueResponse>,
    ) -> Box<PollWorkflowTaskQueueResponse> {
        let execution = task.workflow_execution.clone().unwrap_or_default();
        let kind = task.workflow_type.as_ref().map_or("", |kind| kind.name.as_str());
        let events = task.history.as_ref().map_or(&[][..], |history| &history.events);
        let scheduled = self.scheduled.take(&execution.run_id, events);
        let about = self.about(&execution.workflow_id, kind, scheduled);
        match coding.decode(about, &mut *task).await {
            Ok(about) => {
                self.keep(&execution.run_id, about, task.history.as_ref());
                task
            }
            Err(error) => {
                self.scheduled.forget(&execution.run_id);
                self.refuse(*task, &error).await;
                Box::default()
            }
        }
    }

    fn keep(&self, run_id: &str, about: About, history: Option<&History>) {
        let events = history.map_or(&[][..], |history| &history.events);
        self.scheduled.bring_back(run_id, about.scheduled, events);
    }

    /// Fails a task that can't be decoded: once, the server lets later attempts time out.
    async fn refuse(&self, task: PollWorkflowTaskQueueResponse, error: &CodecError) {
        let execution = task.workflow_execution.unwrap_or_default();
        let message = format!("the task's payloads cannot be read: {error}");
        self.notice(Notice::TaskFailed {
            workflow_id: execution.workflow_id,
            run_id: execution.run_id,
            workflow_type: task.workflow_type.map(|kind| kind.name).unwrap_or_default(),
            attempt: task.attempt,
            message: message.clone(),
        });
        let failed = failure(CODEC_FAILURE, message);
        if task.query.is_some() {
            let mut request = RespondQueryTaskCompletedRequest {
                task_token: task.task_token,
                namespace: self.namespace(),
                ..RespondQueryTaskCompletedRequest::default()
            };
            fail_answer(&mut request, failed);
            let answer = self.client.connection().respond_query_task_completed(request).await;
            log_unheard(answer.map(drop));
        } else if task.attempt <= 1 {
            log_unheard(self.fail_task(task.task_token, failed).await);
        }
    }

    async fn fail_task(&self, task_token: bytes::Bytes, failure: Failure) -> Result<(), RpcError> {
        let request = RespondWorkflowTaskFailedRequest {
            task_token,
            cause: WorkflowTaskFailedCause::WorkflowWorkerUnhandledFailure.into(),
            failure: Some(failure),
            identity: self.identity.clone(),
            namespace: self.namespace(),
            deployment_options: self.deployment_options(),
            ..RespondWorkflowTaskFailedRequest::default()
        };
        let answer = self.client.connection().respond_workflow_task_failed(request).await;
        answer.map(drop)
    }

    /// A page of a history that a shard can read.
    pub(super) async fn history_page(
        &self,
        run: &RunKey,
        request: Box<GetWorkflowExecutionHistoryRequest>,
    ) -> Result<Box<GetWorkflowExecutionHistoryResponse>, Refusal> {
        let answer = self.client.connection().fetch_workflow_execution_history(request).await;
        let mut page = Box::new(answer.map_err(|error| refusal(&error))?);
        if let Some(coding) = self.coding() {
            let events = page.history.as_ref().map_or(&[][..], |history| &history.events);
            let scheduled = self.scheduled.take(run.run_id(), events);
            let about = self.about(run.workflow_id(), run.workflow_type(), scheduled);
            let decoded = coding.decode(about, &mut *page).await;
            let about = decoded.map_err(|error| Refusal {
                code: INTERNAL,
                message: format!("its payloads cannot be read: {error}"),
            })?;
            self.keep(run.run_id(), about, page.history.as_ref());
        }
        Ok(page)
    }

    /// Answers a task. If the answer can't be encoded the task fails.
    pub(super) async fn complete(
        &self,
        run: &RunKey,
        mut request: Box<RespondWorkflowTaskCompletedRequest>,
    ) -> Result<Box<RespondWorkflowTaskCompletedResponse>, Refusal> {
        if let Some(coding) = self.coding() {
            if end_the_run(&request.commands) {
                self.scheduled.forget(run.run_id());
            }
            if let Err(error) = coding.encode(self.about_run(run), &mut *request).await {
                return Err(Box::pin(self.not_encoded(run, request.task_token, &error)).await);
            }
            for result in request.query_results.values_mut() {
                if let Some(failure) = &result.failure {
                    result.error_message.clone_from(&failure.message);
                }
            }
        }
        let answer = self.client.connection().respond_workflow_task_completed(request).await;
        let mut answer = Box::new(answer.map_err(|error| refusal(&error))?);
        if let Some(task) = answer.workflow_task.take() {
            answer.workflow_task = Some(self.readable(task).await);
        }
        Ok(answer)
    }

    async fn not_encoded(&self, run: &RunKey, task_token: bytes::Bytes, error: &CodecError) -> Refusal {
        self.scheduled.forget(run.run_id());
        let message = format!("the task's answer cannot be written: {error}");
        self.notice(Notice::TaskFailed {
            workflow_id: run.workflow_id().to_owned(),
            run_id: run.run_id().to_owned(),
            workflow_type: run.workflow_type().to_owned(),
            attempt: run.attempt(),
            message: message.clone(),
        });
        if run.attempt() <= 1 {
            log_unheard(
                self.fail_task(task_token, failure(CODEC_FAILURE, message.clone()))
                    .await,
            );
        }
        Refusal {
            code: INTERNAL,
            message,
        }
    }

    /// Fails a task.
    pub(super) async fn fail(
        &self,
        run: &RunKey,
        mut request: Box<RespondWorkflowTaskFailedRequest>,
    ) -> Result<(), Refusal> {
        if let Some(coding) = self.coding() {
            self.scheduled.forget(run.run_id());
            if let Err(error) = coding.encode(self.about_run(run), &mut *request).await {
                request.failure = Some(unsaid(&error));
            }
        }
        let answer = self.client.connection().respond_workflow_task_failed(request).await;
        answer.map(drop).map_err(|error| refusal(&error))
    }

    /// Answers a query that came as a task of its own.
    pub(super) async fn answer_query(&self, run: &RunKey, mut request: Box<RespondQueryTaskCompletedRequest>) {
        if let Some(coding) = self.coding() {
            match coding.encode(self.about_run(run), &mut *request).await {
                Ok(_) => {
                    if let Some(failure) = &request.failure {
                        request.error_message.clone_from(&failure.message);
                    }
                }
                Err(error) => fail_answer(
                    &mut request,
                    failure(CODEC_FAILURE, format!("the answer cannot be written: {error}")),
                ),
            }
        }
        let answer = self.client.connection().respond_query_task_completed(request).await;
        log_unheard(answer.map(drop));
    }

    /// What an activity is about; nobody asks without a codec.
    pub(super) fn about_activity(&self, task: &PollActivityTaskQueueResponse) -> Arc<About> {
        static NOTHING: LazyLock<Arc<About>> = LazyLock::new(Arc::default);
        if self.coding().is_none() {
            return Arc::clone(&NOTHING);
        }
        let execution = task.workflow_execution.as_ref();
        let workflow_id = execution.map_or("", |execution| execution.workflow_id.as_str());
        let workflow_type = task.workflow_type.as_ref().map_or("", |kind| kind.name.as_str());
        let kind = task.activity_type.as_ref().map_or("", |kind| kind.name.as_str());
        Arc::new(About {
            context: PayloadContext::workflow(self.client.namespace(), workflow_id).activity(
                workflow_type,
                task.activity_id.clone(),
                kind,
            ),
            workflow_type: workflow_type.to_owned(),
            ..About::default()
        })
    }

    /// Makes an activity's input readable.
    pub(super) async fn read_activity(
        &self,
        about: &About,
        task: &mut PollActivityTaskQueueResponse,
    ) -> Result<(), Box<Failure>> {
        let Some(coding) = self.coding() else { return Ok(()) };
        let decoded = coding.decode(about.clone(), task).await;
        decoded.map(drop).map_err(|error| {
            let message = format!("the activity's payloads cannot be read: {error}");
            tracing::warn!(activity_id = task.activity_id, "{message}");
            Box::new(failure(CODEC_FAILURE, message))
        })
    }

    /// Tells what came of an activity.
    pub(super) fn report<'c, R: Call>(&'c self, about: &'c About, request: R) -> Calling<'c, R::Response> {
        self.client.connection().call_about(about, request)
    }

    /// Tells that an activity failed; if what it failed with cannot be encoded, that.
    pub(super) async fn report_failure(
        &self,
        about: &About,
        request: RespondActivityTaskFailedRequest,
    ) -> Result<(), RpcError> {
        let again = self.coding().map(|_| RespondActivityTaskFailedRequest {
            failure: None,
            last_heartbeat_details: None,
            ..request.clone()
        });
        match (self.report(about, request).await, again) {
            (Err(error), Some(mut again)) => {
                let Some(codec) = error.codec_error() else {
                    return Err(error);
                };
                again.failure = Some(unsaid(codec));
                self.client
                    .connection()
                    .respond_activity_task_failed(again)
                    .await
                    .map(drop)
            }
            (answer, _) => answer.map(drop),
        }
    }
}

#[allow(clippy::result_large_err)] // failures travel as they are between handlers and the server
impl Shared {
    /// Who calls an operation is of another namespace, maybe, and known to nobody here.
    fn about_nexus(&self) -> About {
        About {
            context: PayloadContext::workflow(self.client.namespace(), ""),
            ..About::default()
        }
    }

    /// Makes the input of a Nexus operation readable.
    pub(super) async fn read_nexus(&self, request: &mut Request) -> Result<(), Failure> {
        let Some(coding) = self.coding() else { return Ok(()) };
        let decoded = coding.decode(self.about_nexus(), request).await;
        decoded.map(drop).map_err(|error| {
            let message = format!("the operation's payloads cannot be read: {error}");
            tracing::warn!(endpoint = request.endpoint, "{message}");
            handler_failure(message)
        })
    }

    /// Encodes an answer to a request to a Nexus operation; if it can't be, this is the failure to be told instead.
    pub(super) async fn write_nexus(&self, answer: &mut (dyn Carrier + Send)) -> Result<(), Failure> {
        let Some(coding) = self.coding() else { return Ok(()) };
        let encoded = coding.encode(self.about_nexus(), answer).await;
        encoded
            .map(drop)
            .map_err(|error| handler_failure(format!("the operation's answer cannot be written: {error}")))
    }
}

fn handler_failure(message: String) -> Failure {
    NexusError::new(message).type_name(CODEC_FAILURE).into_handler_failure()
}

/// In place of a failure that can't be encoded: nothing of it may be told.
fn unsaid(error: &CodecError) -> Failure {
    failure(CODEC_FAILURE, format!("what went wrong cannot be told: {error}"))
}

fn fail_answer(request: &mut RespondQueryTaskCompletedRequest, failure: Failure) {
    request.completed_type = QueryResultType::Failed.into();
    request.query_result = None;
    request.error_message.clone_from(&failure.message);
    request.failure = Some(failure);
}

/// Nobody waits for the answer any more, most likely.
fn log_unheard(answer: Result<(), RpcError>) {
    if let Err(error) = answer {
        tracing::debug!(%error, "an answer was not taken");
    }
}

pub(super) fn refusal(error: &RpcError) -> Refusal {
    Refusal {
        code: i32::from(error.code()),
        message: error.message().to_owned(),
    }
}
