//! Queries.

use super::{
    Code, ErrorDetail, QueryError, QueryRejectCondition, RpcError, ToClient, WorkflowStatus,
    error::{Codec, Rejected},
    signal::split,
};
use crate::{
    convert::{Data, EncodeError},
    error::{Failure, QueryFailure},
};
use std::{future::IntoFuture, marker::PhantomData};
use steadfast_core::BoxFuture;
use steadfast_proto::{common::Payloads, query::WorkflowQuery, workflowservice::QueryWorkflowRequest};

/// A query, asked when awaited. It leaves no trace in the workflow, and works on closed ones too.
#[must_use = "a query is not asked until awaited"]
pub struct QueryCall<O> {
    target: ToClient,
    request: Box<QueryWorkflowRequest>,
    error: Option<EncodeError>,
    _output: PhantomData<fn() -> O>,
}

impl<O> QueryCall<O> {
    pub(super) fn new(target: ToClient, name: String, arguments: Result<Payloads, EncodeError>) -> Self {
        let (query_args, error) = split(arguments);
        let request = Box::new(QueryWorkflowRequest {
            namespace: target.client().namespace().to_owned(),
            execution: Some(target.execution()),
            query: Some(WorkflowQuery {
                query_type: name,
                query_args,
                header: None,
            }),
            query_reject_condition: target.client().0.query_reject_condition.into(),
        });
        Self {
            target,
            request,
            error,
            _output: PhantomData,
        }
    }

    /// In which states of the workflow the query is not to be answered; as the client was told, unless it is set.
    pub fn reject_condition(mut self, condition: QueryRejectCondition) -> Self {
        self.request.query_reject_condition = condition.into();
        self
    }
}

impl<O: Data> IntoFuture for QueryCall<O> {
    type Output = Result<O, QueryError>;
    type IntoFuture = BoxFuture<Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            if let Some(error) = self.error {
                return Err(error.into());
            }
            let client = self.target.client();
            let answer = client
                .connection()
                .query_workflow(*self.request)
                .await
                .map_err(QueryError::from)?;
            if let Some(rejected) = answer.query_rejected {
                let status = WorkflowStatus::try_from(rejected.status).unwrap_or_default();
                return Err(QueryError::Rejected(Rejected(status)));
            }
            Ok(client.converter().decode_result(answer.query_result.as_ref())?)
        })
    }
}

impl From<RpcError> for QueryError {
    fn from(error: RpcError) -> Self {
        match Codec::of(&error) {
            Some(Codec::Out(error)) => return Self::Encode(error),
            Some(Codec::In(error)) => return Self::Decode(error),
            None => {}
        }
        if let Some(ErrorDetail::QueryFailed(detail)) = error.detail() {
            let failure = detail.failure.clone().unwrap_or_else(|| Failure {
                message: error.message().to_owned(),
                ..Failure::default()
            });
            return Self::Failed(QueryFailure::from_failure(failure));
        }
        match error.code() {
            Code::FailedPrecondition => Self::NotReady(error),
            _ if error.is_not_found() => Self::NotFound(error),
            _ => Self::Rpc(error),
        }
    }
}
