//! What operators do to activities, and how a running one hears of it.

use steadfast::{
    activity::{ActivityCancellation, CancelReason},
    prelude::*,
    worker::Worker,
};
use steadfast_proto::{
    common::WorkflowExecution,
    tonic::transport::Endpoint,
    workflowservice::{
        PauseActivityRequest, UnpauseActivityRequest, pause_activity_request, unpause_activity_request,
        workflow_service_client::WorkflowServiceClient,
    },
};
use tests::{Environment, Outcome, RunningWorker, millis};
use tokio::sync::mpsc;

/// Works until it is told to stop, and tells the test why it was.
#[derive(Clone)]
struct Press {
    started: mpsc::UnboundedSender<u32>,
    stopped: mpsc::UnboundedSender<CancelReason>,
}

#[activities]
impl Press {
    #[activity]
    async fn print(&self, ctx: ActivityContext) -> Result<(), ActivityError> {
        let _ = self.started.send(ctx.info().attempt);
        let mut beat = tokio::time::interval(millis(20));
        loop {
            beat.tick().await;
            if let Err(cancelled) = ctx.heartbeat(&()) {
                let _ = self.stopped.send(ctx.cancelled().await);
                return Err(cancelled.into());
            }
        }
    }
}

#[derive(Default)]
struct Edition;

#[workflow]
impl Edition {
    #[run]
    async fn run(ctx: WorkflowContext<Self>) -> WorkflowResult<String> {
        let press = ctx.activities::<Press>().start_to_close_timeout(secs(60));
        let quick = RetryPolicy::default()
            .initial_interval(millis(10))
            .backoff_coefficient(1.0);
        let printed = press
            .print()
            .heartbeat_timeout(secs(1))
            .retry_policy(quick)
            .cancellation(ActivityCancellation::WaitCancellationCompleted)
            .await;
        Ok(match printed {
            Ok(()) => "printed".to_owned(),
            Err(failure) => failure.to_string(),
        })
    }
}

#[tokio::test]
async fn a_running_activity_hears_why_it_is_to_stop() -> Outcome {
    let environment = Environment::connect().await?;
    let client = environment.network_client().await?;
    let endpoint = Endpoint::from_shared(format!("http://{}", environment.network_address().await?))?;
    let mut operator = WorkflowServiceClient::new(endpoint.connect().await?);
    let ((started, mut starts), (stopped, mut stops)) = (mpsc::unbounded_channel(), mpsc::unbounded_channel());
    let press = Press { started, stopped };
    let worker = Worker::new(&client, environment.queue())
        .workflow::<Edition>()
        .activities(press);
    let _worker = RunningWorker::start(worker);
    let start = client.start::<Edition>(()).id(environment.name("workflow"));
    let edition = start.task_queue(environment.queue()).await?;
    let execution = Some(WorkflowExecution {
        workflow_id: edition.id().to_owned(),
        run_id: String::new(),
    });
    let namespace = "default".to_owned();

    assert_eq!(starts.recv().await, Some(1));
    let pause = PauseActivityRequest {
        namespace: namespace.clone(),
        execution: execution.clone(),
        activity: Some(pause_activity_request::Activity::Id("1".to_owned())),
        ..PauseActivityRequest::default()
    };
    operator.pause_activity(pause).await?;
    assert_eq!(stops.recv().await, Some(CancelReason::Paused));

    let unpause = UnpauseActivityRequest {
        namespace,
        execution,
        activity: Some(unpause_activity_request::Activity::Id("1".to_owned())),
        ..UnpauseActivityRequest::default()
    };
    operator.unpause_activity(unpause).await?;
    assert_eq!(starts.recv().await, Some(2));
    edition.cancel().await?;
    assert_eq!(stops.recv().await, Some(CancelReason::Requested));
    assert_eq!(edition.result().await?, "activity `print`: activity cancelled");
    Ok(())
}
