//! Every call of a client is seen by its interceptors.

use std::sync::{Arc, Mutex};
use steadfast::{
    client::{RpcError, Schedule, ScheduleCalendar, ScheduleSpec, WorkflowIdConflictPolicy},
    interceptor::*,
    prelude::*,
    proto::workflowservice::*,
};
use tests::{Environment, Outcome, RunningWorker};

/// Names the calls that it sees.
#[derive(Clone, Default)]
struct Seen(Arc<Mutex<Vec<&'static str>>>);

impl Seen {
    fn take(&self) -> Vec<&'static str> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

macro_rules! sees {
    ($($hook:ident($call:ty) -> $answer:ident;)*) => {
        impl ClientInterceptor for Seen {
            fn headers(&self, headers: &mut Headers) {
                headers.set("seen", &true).expect("a bool is JSON");
            }

            $(
                async fn $hook(&self, call: $call, next: Next<$call, Result<$answer, RpcError>>) -> Result<$answer, RpcError> {
                    self.0.lock().unwrap().push(stringify!($hook));
                    next.run(call).await
                }
            )*
        }
    };
}

sees! {
    start_workflow(Outgoing<StartWorkflowExecutionRequest>) -> StartWorkflowExecutionResponse;
    signal_with_start(Outgoing<SignalWithStartWorkflowExecutionRequest>) -> SignalWithStartWorkflowExecutionResponse;
    update_with_start(UpdateWithStart) -> ExecuteMultiOperationResponse;
    signal_workflow(Outgoing<SignalWorkflowExecutionRequest>) -> SignalWorkflowExecutionResponse;
    query_workflow(Outgoing<QueryWorkflowRequest>) -> QueryWorkflowResponse;
    update_workflow(Outgoing<UpdateWorkflowExecutionRequest>) -> UpdateWorkflowExecutionResponse;
    cancel_workflow(RequestCancelWorkflowExecutionRequest) -> RequestCancelWorkflowExecutionResponse;
    terminate_workflow(TerminateWorkflowExecutionRequest) -> TerminateWorkflowExecutionResponse;
    delete_workflow(DeleteWorkflowExecutionRequest) -> DeleteWorkflowExecutionResponse;
    describe_workflow(DescribeWorkflowExecutionRequest) -> DescribeWorkflowExecutionResponse;
    list_workflows(ListWorkflowExecutionsRequest) -> ListWorkflowExecutionsResponse;
    count_workflows(CountWorkflowExecutionsRequest) -> CountWorkflowExecutionsResponse;
    create_schedule(Outgoing<CreateScheduleRequest>) -> CreateScheduleResponse;
    update_schedule(Outgoing<UpdateScheduleRequest>) -> UpdateScheduleResponse;
    describe_schedule(DescribeScheduleRequest) -> DescribeScheduleResponse;
    patch_schedule(PatchScheduleRequest) -> PatchScheduleResponse;
    delete_schedule(DeleteScheduleRequest) -> DeleteScheduleResponse;
    heartbeat_activity_by_id(RecordActivityTaskHeartbeatByIdRequest) -> RecordActivityTaskHeartbeatByIdResponse;
    complete_activity_by_id(RespondActivityTaskCompletedByIdRequest) -> RespondActivityTaskCompletedByIdResponse;
    fail_activity(RespondActivityTaskFailedRequest) -> RespondActivityTaskFailedResponse;
    start_activity(Outgoing<StartActivityExecutionRequest>) -> StartActivityExecutionResponse;
    poll_activity(PollActivityExecutionRequest) -> PollActivityExecutionResponse;
    describe_activity(DescribeActivityExecutionRequest) -> DescribeActivityExecutionResponse;
    cancel_activity(RequestCancelActivityExecutionRequest) -> RequestCancelActivityExecutionResponse;
    terminate_activity(TerminateActivityExecutionRequest) -> TerminateActivityExecutionResponse;
    list_activities(ListActivityExecutionsRequest) -> ListActivityExecutionsResponse;
    count_activities(CountActivityExecutionsRequest) -> CountActivityExecutionsResponse;
    start_nexus_operation(StartNexusOperationExecutionRequest) -> StartNexusOperationExecutionResponse;
    poll_nexus_operation(PollNexusOperationExecutionRequest) -> PollNexusOperationExecutionResponse;
    describe_nexus_operation(DescribeNexusOperationExecutionRequest) -> DescribeNexusOperationExecutionResponse;
    cancel_nexus_operation(RequestCancelNexusOperationExecutionRequest) -> RequestCancelNexusOperationExecutionResponse;
    terminate_nexus_operation(TerminateNexusOperationExecutionRequest) -> TerminateNexusOperationExecutionResponse;
    list_nexus_operations(ListNexusOperationExecutionsRequest) -> ListNexusOperationExecutionsResponse;
    count_nexus_operations(CountNexusOperationExecutionsRequest) -> CountNexusOperationExecutionsResponse;
}

/// Tells with which headers it was started, and added to.
#[derive(Default)]
struct Cart {
    items: Vec<String>,
    is_closed: bool,
}

#[workflow]
impl Cart {
    #[run]
    async fn run(ctx: WorkflowContext<Self>) -> WorkflowResult<bool> {
        ctx.wait_condition(|s| s.is_closed).await?;
        Ok(ctx.info().headers().get("seen")?.unwrap_or_default())
    }

    #[update]
    fn add(&mut self, ctx: HandlerContext, item: String) -> bool {
        self.items.push(item);
        ctx.message_headers().payload("seen").is_some()
    }

    #[signal]
    fn close(&mut self) {
        self.is_closed = true;
    }

    #[query]
    fn count(&self) -> usize {
        self.items.len()
    }
}

#[tokio::test]
async fn whatever_a_client_does_with_workflows_is_seen_by_its_interceptor() -> Outcome {
    let (environment, seen) = (Environment::connect().await?, Seen::default());
    let client = environment.client().interceptor(seen.clone());
    let _worker = RunningWorker::start(environment.worker().workflow::<Cart>());
    let start = |name: &str| {
        client
            .start::<Cart>(())
            .id(environment.name(name))
            .task_queue(environment.queue())
    };

    let cart = start("plain").await?;
    assert!(cart.add("an apple".to_owned()).await?);
    assert_eq!(cart.count().await?, 1);
    cart.describe().await?;
    cart.close().await?;
    assert!(cart.result().await?);
    cart.delete().await?;
    assert_eq!(
        seen.take(),
        [
            "start_workflow",
            "update_workflow",
            "query_workflow",
            "describe_workflow",
            "signal_workflow",
            "delete_workflow"
        ]
    );

    let signalled = start("signalled").with_signal(|cart| cart.close()).await?;
    assert!(signalled.result().await?);
    let updated = start("updated").id_conflict_policy(WorkflowIdConflictPolicy::UseExisting);
    let (updated, was_seen) = updated.with_update(|cart| cart.add("a pear".to_owned())).await?;
    assert!(was_seen);
    updated.cancel().await?;
    start("ended").await?.terminate("enough").await?;
    client.count("").await?;
    assert!(client.list("WorkflowId = 'nobody'").next().await?.is_none());
    assert_eq!(
        seen.take(),
        [
            "signal_with_start",
            "update_with_start",
            "cancel_workflow",
            "start_workflow",
            "terminate_workflow",
            "count_workflows",
            "list_workflows"
        ]
    );
    Ok(())
}

#[tokio::test]
async fn what_a_schedule_starts_has_the_headers_of_its_maker() -> Outcome {
    let (environment, seen) = (Environment::connect().await?, Seen::default());
    let client = environment.client().interceptor(seen.clone());
    let yearly = ScheduleSpec::calendar(ScheduleCalendar::default().month(1).day_of_month(1).year(2099));
    let cart = client.start::<Cart>(()).task_queue(environment.queue());
    let schedule = client
        .create_schedule(environment.name("carts"), Schedule::new(yearly, cart))
        .await?;
    schedule.update(|schedule| schedule.note("yearly")).await?;
    schedule.trigger(None).await?;
    let started = loop {
        if let Some(action) = schedule.describe().await?.recent_actions().next() {
            break environment.client().workflow::<Cart>(action.workflow_id());
        }
        tokio::task::yield_now().await;
    };
    started.close().await?;
    let _worker = RunningWorker::start(environment.worker().workflow::<Cart>());
    assert!(started.result().await?);
    schedule.delete().await?;
    let mut calls = seen.take();
    calls.dedup();
    assert_eq!(
        calls,
        [
            "create_schedule",
            "describe_schedule",
            "update_schedule",
            "patch_schedule",
            "describe_schedule",
            "delete_schedule"
        ]
    );
    Ok(())
}

#[activity(start_to_close_timeout = "60s")]
async fn elsewhere(ctx: ActivityContext) -> Result<String, ActivityError> {
    let client = ctx.client().clone();
    let info = ctx.info();
    if info.attempt == 1 {
        let by_token = client.async_activity(info.task_token.clone());
        tokio::spawn(async move { by_token.fail(ActivityError::new("again")).await });
    } else {
        let by_id = client.async_activity_by_id(&info.workflow_id, &info.activity_id);
        tokio::spawn(async move {
            by_id.heartbeat(&"half").await?;
            by_id.complete(&"done".to_owned()).await
        });
    }
    Err(ActivityError::complete_async())
}

#[derive(Default)]
struct Waits;

#[workflow]
impl Waits {
    #[run]
    async fn run(ctx: WorkflowContext<Self>) -> WorkflowResult<String> {
        let quick = RetryPolicy::default().initial_interval(tests::millis(1));
        Ok(ctx.activity::<elsewhere>(()).retry_policy(quick).await?)
    }
}

#[tokio::test]
async fn what_is_said_of_an_activity_from_elsewhere_is_seen_and_what_a_worker_says_is_not() -> Outcome {
    let (environment, seen) = (Environment::connect().await?, Seen::default());
    let client = environment.client().interceptor(seen.clone());
    let worker = steadfast::Worker::new(&client, environment.queue());
    let _worker = RunningWorker::start(worker.workflow::<Waits>().activity::<elsewhere>());
    let waits = environment.start::<Waits>(()).await?;
    assert_eq!(waits.result().await?, "done");
    assert_eq!(
        seen.take(),
        ["fail_activity", "heartbeat_activity_by_id", "complete_activity_by_id"]
    );
    Ok(())
}

#[activity(start_to_close_timeout = "30s")]
async fn is_seen(ctx: ActivityContext) -> Result<bool, ActivityError> {
    Ok(ctx.headers().get("seen")?.unwrap_or_default())
}

#[tokio::test]
async fn whatever_a_client_does_with_standalone_activities_is_seen_by_its_interceptor() -> Outcome {
    let environment = Environment::connect().await?;
    let _worker = RunningWorker::start(environment.worker().activity::<is_seen>());
    let seen = Seen::default();
    let client = environment.client().interceptor(seen.clone());
    let activity = client
        .start_activity::<is_seen>(())
        .task_queue(environment.queue())
        .await?;
    assert!(activity.result().await?, "the header came with it");
    activity.describe().await?;
    client.count_activities("").await?;
    client.list_activities("").next().await?;
    assert_eq!(
        seen.take(),
        [
            "start_activity",
            "poll_activity",
            "describe_activity",
            "count_activities",
            "list_activities"
        ]
    );
    let nobody = environment.name("nobody");
    let waiting = client.start_activity::<is_seen>(()).task_queue(nobody).await?;
    waiting.cancel().await?;
    waiting.terminate("seen enough").await.err();
    assert_eq!(seen.take(), ["start_activity", "cancel_activity", "terminate_activity"]);
    Ok(())
}

#[tokio::test]
async fn whatever_a_client_does_with_standalone_operations_is_seen_by_its_interceptor() -> Outcome {
    let environment = Environment::connect().await?;
    let seen = Seen::default();
    let client = environment.client().interceptor(seen.clone());
    // There is no such endpoint: what is asked is seen, and the server's refusal is the answer.
    let start = client.start_nexus_operation(environment.name("nowhere"), "Service", "operation", ());
    start.await.expect_err("nobody is there");
    let operation = client.nexus_operation(environment.name("nothing"));
    operation.result::<()>().await.expect_err("nothing was started");
    operation.describe().await.expect_err("nothing was started");
    operation.cancel("why not").await.expect_err("nothing was started");
    operation.terminate("why not").await.expect_err("nothing was started");
    let counted = client.count_nexus_operations("").await;
    let listed = client.list_nexus_operations("").next().await;
    assert_eq!(counted.is_ok(), listed.is_ok());
    assert_eq!(
        seen.take(),
        [
            "start_nexus_operation",
            "poll_nexus_operation",
            "describe_nexus_operation",
            "cancel_nexus_operation",
            "terminate_nexus_operation",
            "count_nexus_operations",
            "list_nexus_operations"
        ]
    );
    Ok(())
}
