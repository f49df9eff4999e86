//! What every request is refused for, and what is not built.

use crate::support::*;
use steadfast_proto::{
    common::WorkflowExecution,
    errordetails::NamespaceNotFoundFailure,
    prost::Message,
    rpc,
    tonic::{Code, Request},
    workflowservice::*,
};

#[tokio::test]
async fn a_namespace_must_be_named_and_known() {
    let bench = real();
    let mut request = start("w");
    request.namespace.clear();
    assert_eq!(
        bench.start_with(request.clone()).await.unwrap_err().code(),
        Code::InvalidArgument
    );
    request.namespace = "elsewhere".to_owned();
    let unknown = bench.start_with(request).await.unwrap_err();
    assert_eq!(unknown.code(), Code::NotFound);
    let status = rpc::Status::decode(unknown.details()).unwrap();
    assert_eq!(
        status.details[0].type_url,
        "type.googleapis.com/temporal.api.errordetails.v1.NamespaceNotFoundFailure"
    );
    assert_eq!(
        NamespaceNotFoundFailure::decode(&*status.details[0].value)
            .unwrap()
            .namespace,
        "elsewhere"
    );
}

#[tokio::test]
async fn a_run_must_be_known() {
    let bench = real();
    let missing = bench.signal("w", "").await.unwrap_err();
    assert_eq!(
        (missing.code(), missing.message()),
        (Code::NotFound, "workflow not found for ID: w")
    );
    let odd = DescribeWorkflowExecutionRequest {
        namespace: "default".to_owned(),
        execution: Some(WorkflowExecution {
            workflow_id: "w".to_owned(),
            run_id: "odd".to_owned(),
        }),
    };
    let odd = bench
        .service
        .describe_workflow_execution(Request::new(odd))
        .await
        .unwrap_err();
    assert_eq!((odd.code(), odd.message()), (Code::InvalidArgument, "Invalid RunId."));
}

#[tokio::test]
async fn what_is_not_built_says_so() {
    let bench = real();
    let missing = bench
        .service
        .list_workflow_rules(Request::new(ListWorkflowRulesRequest::default()))
        .await
        .unwrap_err();
    assert_eq!(
        (missing.code(), missing.message()),
        (
            Code::Unimplemented,
            "list_workflow_rules is unimplemented in this server: the original does not support workflow rules by default either"
        )
    );
}

#[tokio::test]
async fn a_closed_workflow_takes_nothing_but_cancel_requests() {
    let bench = real();
    bench.start("w").await;
    let terminate = TerminateWorkflowExecutionRequest {
        namespace: "default".to_owned(),
        workflow_execution: execution("w"),
        ..Default::default()
    };
    bench
        .service
        .terminate_workflow_execution(Request::new(terminate.clone()))
        .await
        .unwrap();
    let again = bench
        .service
        .terminate_workflow_execution(Request::new(terminate))
        .await
        .unwrap_err();
    assert_eq!(
        (again.code(), again.message()),
        (Code::NotFound, "workflow execution already completed")
    );
    assert_eq!(bench.signal("w", "").await.unwrap_err().code(), Code::NotFound);
    let cancel = RequestCancelWorkflowExecutionRequest {
        namespace: "default".to_owned(),
        workflow_execution: execution("w"),
        ..Default::default()
    };
    bench
        .service
        .request_cancel_workflow_execution(Request::new(cancel))
        .await
        .unwrap();
}

#[test]
fn a_server_needs_a_runtime() {
    let error = steadfast_server::Server::builder().start().unwrap_err();
    assert_eq!(error, steadfast_server::StartError::NoRuntime);
}
