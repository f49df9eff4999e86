//! Workflows that a test makes up.

use super::{FailurePolicy, Workflow, exit::exit, exit::refusal, handler::unencodable, operation::Operation};
use crate::{
    activity::answer,
    convert::Converter,
    error::{Cancelled, WorkflowError, WorkflowResult},
    testing::{Mocked, Mocks},
};
use std::{
    future::{poll_fn, ready},
    panic::Location,
    sync::Arc,
};
use steadfast_core::{BoxFuture, Command, Exit, Handled, Host, Program, Signal, TaskFailure, UpdateRequest};
use steadfast_proto::{
    common::Payloads, failure::Failure, history::WorkflowExecutionStartedEventAttributes, query::WorkflowQuery,
};

type Answer<W> = Arc<dyn Fn(<W as Workflow>::Input) -> WorkflowResult<<W as Workflow>::Output> + Send + Sync>;

/// A made-up workflow: a closure on the input.
pub(crate) struct WorkflowMock<W: Workflow + ?Sized> {
    answer: Answer<W>,
    converter: Converter,
    mocks: Option<Arc<Mocks>>,
}

impl<W: Workflow + ?Sized> Clone for WorkflowMock<W> {
    fn clone(&self) -> Self {
        Self {
            answer: Arc::clone(&self.answer),
            converter: self.converter.clone(),
            mocks: self.mocks.clone(),
        }
    }
}

impl<W: Workflow + ?Sized> WorkflowMock<W> {
    pub(crate) fn new(
        answer: impl Fn(W::Input) -> WorkflowResult<W::Output> + Send + Sync + 'static,
        converter: Converter,
        mocks: Option<Arc<Mocks>>,
    ) -> Self {
        Self {
            answer: Arc::new(answer),
            converter,
            mocks,
        }
    }
}

impl<W: Workflow + ?Sized + 'static> Program for WorkflowMock<W> {
    fn start(
        &mut self,
        host: &Host,
        started: &WorkflowExecutionStartedEventAttributes,
    ) -> Result<BoxFuture<Result<Option<Payloads>, Exit>>, TaskFailure> {
        let input = W::decode(started.input.as_ref(), &self.converter).map_err(|error| {
            TaskFailure::new(format!(
                "the input of the mock of `{}` can't be decoded: {error}",
                W::NAME
            ))
        })?;
        if let Some(mocks) = &self.mocks {
            let run_id = host.info().run_id.clone();
            mocks.note(Mocked::Workflow, W::NAME, Some(&run_id), started.input.as_ref());
        }
        let attempt = u32::try_from(started.attempt).unwrap_or(1);
        let Some(result) = answer(attempt, || (self.answer)(input)) else {
            return Ok(Box::pin(until_cancelled(host.clone())));
        };
        let result = result
            .map_err(|error| exit(error, host, FailurePolicy::new()))
            .and_then(|output| {
                let result = self.converter.encode_result(&output).map(Some);
                result.map_err(|error| Exit::Failed(Box::new(unencodable(error))))
            });
        Ok(Box::pin(ready(result)))
    }

    fn signal(&mut self, _: &Host, _: &Signal) -> Handled<Result<(), Exit>> {
        Handled::Done(Ok(()))
    }

    fn validate(&mut self, _: &Host, update: &UpdateRequest) -> Result<(), Failure> {
        Err(no_code::<W>("update", &update.name))
    }

    fn update(&mut self, _: &Host, _: &UpdateRequest) -> Handled<Result<Option<Payloads>, Exit>> {
        Handled::Unknown
    }

    fn query(&mut self, _: &Host, query: &WorkflowQuery) -> Result<Option<Payloads>, Failure> {
        Err(no_code::<W>("query", &query.query_type))
    }
}

async fn until_cancelled(host: Host) -> Result<Option<Payloads>, Exit> {
    let mut cancellation = Operation::issue(&host, Command::Wait, Location::caller());
    poll_fn(|task| cancellation.poll(task)).await;
    Err(exit(WorkflowError::from(Cancelled), &host, FailurePolicy::new()))
}

fn no_code<W: Workflow + ?Sized>(kind: &str, name: &str) -> Failure {
    refusal(
        "MockedWorkflow",
        format!(
            "the {kind} `{name}` can't be answered: `{}` is a mock here, which has a result and no messages; register the \
             workflow itself",
            W::NAME
        ),
    )
}
