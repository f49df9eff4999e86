//! Options of single calls.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicU32, Ordering::Relaxed},
};
use steadfast::{
    client::{CallOptions, CallRetry, Client, Code, ResultError},
    prelude::*,
};
use steadfast_proto::tonic::Status;
use tests::{Environment, Outcome, front::Front, millis};

/// Nobody runs it.
#[derive(Default)]
struct Idle;

#[workflow]
impl Idle {
    #[run]
    async fn run(_ctx: WorkflowContext<Self>) -> WorkflowResult<()> {
        Ok(())
    }
}

#[tokio::test]
async fn a_call_takes_no_longer_than_it_may() -> Outcome {
    let environment = Environment::connect().await?;
    for (name, client) in [
        ("here", environment.client().clone()),
        ("far", environment.network_client().await?),
    ] {
        let start = client.start::<Idle>(()).id(environment.name(name));
        let idle = start.task_queue(environment.queue()).await?;
        let hurried = idle.with_call_options(CallOptions::new().timeout(millis(50)));
        match hurried.result().await {
            Err(ResultError::Rpc(error)) => {
                assert_eq!(error.code(), Code::DeadlineExceeded);
                assert!(error.message().contains("50ms"), "{error}");
            }
            other => panic!("expected the call's timeout, got {other:?}"),
        }
        // The options are those of the one handle.
        assert!(idle.describe().await?.pending_workflow_task().is_some());
    }
    Ok(())
}

#[tokio::test]
async fn a_call_sends_headers_of_its_own() -> Outcome {
    let seen: Arc<Mutex<Vec<Option<String>>>> = Arc::default();
    let noted = Arc::clone(&seen);
    let front = Front::start(move |headers| {
        let tenant = headers.get("tenant").and_then(|value| value.to_str().ok());
        noted.lock().unwrap().push(tenant.map(str::to_owned));
        Ok(())
    })
    .await?;
    let client = Client::builder()
        .address(front.address())
        .header("tenant", "1")
        .connect()
        .await?;
    seen.lock().unwrap().clear();
    let other = client.with_call_options(CallOptions::new().header("Tenant", "2"));
    other.count("").await?;
    client.count("").await?;
    assert_eq!(*seen.lock().unwrap(), [Some("2".to_owned()), Some("1".to_owned())]);
    let wrong = client.with_call_options(CallOptions::new().header("no name", "2"));
    let error = wrong.count("").await.unwrap_err();
    assert_eq!(error.code(), Code::InvalidArgument);
    assert!(error.message().contains("\"no name\""), "{error}");
    Ok(())
}

#[tokio::test]
async fn a_call_is_tried_again_as_it_says() -> Outcome {
    let busy = Arc::new(AtomicU32::new(0));
    let left = Arc::clone(&busy);
    let front = Front::start(move |_| {
        let is_busy = left.fetch_update(Relaxed, Relaxed, |left| left.checked_sub(1)).is_ok();
        if is_busy {
            Err(Status::unavailable("busy"))
        } else {
            Ok(())
        }
    })
    .await?;
    let client = Client::connect(front.address()).await?;
    let call = |retry| client.with_call_options(CallOptions::new().retry(retry));
    busy.store(3, Relaxed);
    let error = call(CallRetry::never()).count("").await.unwrap_err();
    assert_eq!((error.code(), error.message()), (Code::Unavailable, "busy"));
    assert_eq!(busy.load(Relaxed), 2, "there was one attempt");
    let quick = CallRetry {
        initial_interval: millis(1),
        ..CallRetry::default()
    };
    call(quick).count("").await?;
    assert_eq!(busy.load(Relaxed), 0, "there were as many attempts as it took");
    let twice = CallRetry {
        maximum_attempts: 2,
        ..quick
    };
    busy.store(3, Relaxed);
    assert!(call(twice).count("").await.is_err());
    assert_eq!(busy.load(Relaxed), 1, "there were two attempts");
    Ok(())
}
