//! The client, on the embedded server with a real worker.

use crate::{
    client::{
        AsyncActivityError, Client, Code, ExecuteError, QueryError, QueryRejectCondition, RequestError, ResultError,
        SignalError, StartError, UpdateCallError, WorkflowIdConflictPolicy, WorkflowIdReusePolicy, WorkflowStatus,
    },
    prelude::*,
    workflow::Untyped,
};
use std::error::Error;

type Checked = Result<(), Box<dyn Error>>;

#[derive(Debug, PartialEq, Serialize, Deserialize, ApplicationError)]
enum OrderError {
    #[error("not in stock", non_retryable)]
    NotInStock,
}

#[derive(Default)]
struct Order {
    decision: Option<bool>,
    total_cents: u64,
    notes: Vec<String>,
}

#[workflow]
impl Order {
    #[run]
    async fn run(ctx: WorkflowContext<Self>, how: String) -> WorkflowResult<String> {
        match how.as_str() {
            "fail" => return Err(OrderError::NotInStock.into()),
            "again" => return ctx.continue_as_new("second".to_owned()),
            "second" => return Ok("from the second run".to_owned()),
            _ => {}
        }
        let approved = ctx.wait_some(|s| s.decision).await?;
        Ok(format!("{how}: {approved}, {} notes", ctx.state(|s| s.notes.len())))
    }

    #[signal]
    fn decide(&mut self, approved: bool) {
        self.decision = Some(approved);
    }

    #[signal]
    fn note(&mut self, text: String, times: usize) {
        self.notes.extend(std::iter::repeat_n(text, times));
    }

    #[query]
    fn notes(&self) -> Vec<String> {
        self.notes.clone()
    }

    #[query]
    fn stock(&self) -> Result<u32, OrderError> {
        Err(OrderError::NotInStock)
    }

    #[update]
    fn amend(&mut self, total_cents: u64) -> Result<u64, UpdateError> {
        if total_cents == 13 {
            Err(OrderError::NotInStock)?;
        }
        Ok(std::mem::replace(&mut self.total_cents, total_cents))
    }

    #[validator(amend)]
    fn check_amend(&self, total_cents: &u64) -> Result<(), Rejection> {
        if *total_cents == 0 {
            return Err("must be positive".into());
        }
        Ok(())
    }

    #[update]
    async fn ship(ctx: WorkflowContext<Self>, to: String) -> Result<String, UpdateError> {
        ctx.sleep(secs(60)).await?;
        Ok(format!("on its way to {to}"))
    }
}

#[activity(start_to_close_timeout = "1h")]
async fn ask_a_person(question: String) -> Result<String, ActivityError> {
    assert!(!question.is_empty());
    Err(ActivityError::complete_async())
}

#[derive(Default)]
struct Asks;

#[workflow]
impl Asks {
    #[run]
    async fn run(ctx: WorkflowContext<Self>, question: String) -> WorkflowResult<String> {
        Ok(ctx.activity::<ask_a_person>(question).await?)
    }
}

fn client(env: &TestEnv) -> Client {
    env.worker("orders")
        .workflow::<Order>()
        .workflow::<Asks>()
        .activity::<ask_a_person>()
        .start();
    env.client().clone()
}

fn causes(failure: &crate::error::WorkflowFailure) -> Option<OrderError> {
    failure.application()
}

#[crate::test]
async fn a_handle_sends_messages_and_waits_for_the_result(env: TestEnv) -> Checked {
    let client = client(&env);
    let order = client
        .start::<Order>("one".into())
        .id("order-1")
        .task_queue("orders")
        .await?;
    assert_eq!(order.id(), "order-1");
    order.note("x".into(), 2).await?;
    assert_eq!(order.notes().await?, ["x", "x"]);
    assert_eq!(order.amend(600).await?, 0);
    assert_eq!(order.ship("Bern".into()).await?, "on its way to Bern");
    let again = client.workflow::<Order>("order-1");
    again.decide(true).await?;
    assert_eq!(order.result().await?, "one: true, 2 notes");
    assert_eq!(again.result().await?, "one: true, 2 notes");
    Ok(())
}

#[crate::test]
async fn names_alone_are_enough(env: TestEnv) -> Checked {
    let client = client(&env);
    let order = client
        .start_untyped("Order", ("one",))
        .id("order-1")
        .task_queue("orders")
        .await?;
    order.signal_untyped("note", ("x", 2_u32)).await?;
    assert_eq!(order.query_untyped::<_, Vec<String>>("notes", ()).await?, ["x", "x"]);
    assert_eq!(order.update_untyped::<_, u64>("amend", (600_u64,)).await?, 0);
    order.signal_untyped("decide", (false,)).await?;
    let raw = client.workflow::<Untyped>("order-1").result().await?;
    assert_eq!(raw.0.data.as_ref(), br#""one: false, 2 notes""#);
    assert_eq!(order.result_untyped::<String>().await?, "one: false, 2 notes");
    Ok(())
}

#[crate::test]
async fn execute_starts_and_waits(env: TestEnv) -> Checked {
    let client = client(&env);
    assert_eq!(
        client.execute::<Order>("again".into()).task_queue("orders").await?,
        "from the second run"
    );
    let failed = client
        .execute::<Order>("fail".into())
        .task_queue("orders")
        .await
        .unwrap_err();
    let ExecuteError::Result(ResultError::Failed(failure)) = failed else {
        panic!("{failed}")
    };
    assert_eq!(causes(&failure), Some(OrderError::NotInStock));
    Ok(())
}

#[crate::test]
async fn a_signal_can_go_along_with_the_start(env: TestEnv) -> Checked {
    let client = client(&env);
    let start = || client.start::<Order>("one".into()).id("order-1").task_queue("orders");
    start().with_signal(|order| order.note("first".into(), 1)).await?;
    let order = start().with_signal(|order| order.decide(true)).await?;
    assert_eq!(order.result().await?, "one: true, 1 notes");
    Ok(())
}

#[crate::test]
async fn a_second_start_of_an_id_is_an_error_unless_it_is_allowed(env: TestEnv) -> Checked {
    let client = client(&env);
    let start = || client.start::<Order>("one".into()).id("order-1").task_queue("orders");
    let first = start().await?;
    let StartError::AlreadyStarted(already) = start().await.unwrap_err() else {
        panic!("it started twice")
    };
    assert_eq!(
        (already.workflow_id(), Some(already.run_id())),
        ("order-1", first.run_id())
    );
    let same = start()
        .id_conflict_policy(WorkflowIdConflictPolicy::UseExisting)
        .await?;
    assert_eq!(same.run_id(), first.run_id());
    let other = start()
        .id_conflict_policy(WorkflowIdConflictPolicy::TerminateExisting)
        .await?;
    assert!(matches!(first.result().await, Err(ResultError::Terminated(_))));
    other.decide(true).await?;
    other.result().await?;
    let refused = start().id_reuse_policy(WorkflowIdReusePolicy::RejectDuplicate).await;
    assert!(matches!(refused, Err(StartError::AlreadyStarted(_))));
    Ok(())
}

#[crate::test]
async fn starts_of_one_request_id_count_once(env: TestEnv) -> Checked {
    let client = client(&env);
    let start = || {
        client
            .start::<Order>("one".into())
            .id("order-1")
            .task_queue("orders")
            .request_id("r")
    };
    assert_eq!(start().await?.run_id(), start().await?.run_id());
    Ok(())
}

#[crate::test]
async fn a_start_may_be_delayed(env: TestEnv) -> Checked {
    let client = client(&env);
    let before = env.now();
    client
        .execute::<Order>("second".into())
        .task_queue("orders")
        .start_delay(hours(3))
        .await?;
    assert!(env.now().duration_since(before)? >= hours(3));
    Ok(())
}

#[crate::test]
async fn the_result_follows_the_runs_unless_told_otherwise(env: TestEnv) -> Checked {
    let client = client(&env);
    let order = client
        .start::<Order>("again".into())
        .id("order-1")
        .task_queue("orders")
        .await?;
    assert_eq!(order.result().await?, "from the second run");
    let ResultError::ContinuedAsNew(next) = order.result().follow_runs(false).await.unwrap_err() else {
        panic!("it was followed")
    };
    let second = order.with_run_id(next.run_id());
    assert_eq!(
        (second.run_id(), second.result().await?.as_str()),
        (Some(next.run_id()), "from the second run")
    );
    Ok(())
}

#[crate::test]
async fn every_other_end_is_an_error_of_its_own(env: TestEnv) -> Checked {
    let client = client(&env);
    let start = |how: &str| client.start::<Order>(how.into()).task_queue("orders");

    let ResultError::Failed(failure) = start("fail").await?.result().await.unwrap_err() else {
        panic!("not failed")
    };
    assert_eq!(
        (causes(&failure), failure.message()),
        (Some(OrderError::NotInStock), "not in stock")
    );

    let cancelled = start("one").await?;
    cancelled.cancel().reason("changed their mind").await?;
    let ResultError::Cancelled(failure) = cancelled.result().await.unwrap_err() else {
        panic!("not cancelled")
    };
    assert!(failure.is_cancelled());

    let terminated = start("one").await?;
    terminated.terminate("a bug").await?;
    let error = terminated.result().await.unwrap_err();
    assert_eq!(error.to_string(), "the workflow was terminated: a bug");

    let late = start("one").execution_timeout(hours(1)).await?;
    let ResultError::TimedOut(failure) = late.result().await.unwrap_err() else {
        panic!("not timed out")
    };
    assert!(failure.is_timeout());

    let nobody = client.workflow::<Order>("nobody").result().await;
    assert!(matches!(nobody, Err(ResultError::NotFound(_))));
    Ok(())
}

#[crate::test]
async fn what_does_not_run_cannot_be_reached(env: TestEnv) -> Checked {
    let client = client(&env);
    let nobody = client.workflow::<Order>("nobody");
    assert!(matches!(nobody.decide(true).await, Err(SignalError::NotFound(_))));
    assert!(matches!(nobody.notes().await, Err(QueryError::NotFound(_))));
    assert!(matches!(nobody.amend(7).await, Err(UpdateCallError::NotFound(_))));
    assert!(matches!(nobody.cancel().await, Err(RequestError::NotFound(_))));
    assert!(matches!(nobody.terminate("").await, Err(RequestError::NotFound(_))));
    assert!(matches!(nobody.describe().await, Err(RequestError::NotFound(_))));
    assert!(matches!(nobody.fetch_history().await, Err(RequestError::NotFound(_))));
    let elsewhere = Client::builder()
        .namespace("nowhere")
        .in_process(env.server().workflow_service());
    let error = elsewhere.workflow::<Order>("nobody").decide(true).await.unwrap_err();
    assert!(matches!(error, SignalError::Rpc(_)), "{error}");
    Ok(())
}

#[crate::test]
async fn a_query_fails_with_what_its_handler_says(env: TestEnv) -> Checked {
    let client = client(&env);
    let order = client.start::<Order>("one".into()).task_queue("orders").await?;
    let QueryError::Failed(failure) = order.stock().await.unwrap_err() else {
        panic!("it did not fail")
    };
    assert_eq!(failure.application(), Some(OrderError::NotInStock));
    let unknown = order.query_untyped::<_, u32>("nothing", ()).await.unwrap_err();
    assert!(
        matches!(&unknown, QueryError::Failed(failure) if failure.message().contains("notes")),
        "{unknown}"
    );
    let wrong = order.query_untyped::<_, u32>("notes", ()).await.unwrap_err();
    assert!(matches!(wrong, QueryError::Decode(_)), "{wrong}");

    order.terminate("enough").await?;
    assert!(order.notes().await?.is_empty());
    let rejected = order
        .notes()
        .reject_condition(QueryRejectCondition::NotOpen)
        .await
        .unwrap_err();
    assert!(
        matches!(&rejected, QueryError::Rejected(state) if state.0 == WorkflowStatus::Terminated),
        "{rejected}"
    );
    Ok(())
}

#[crate::test]
async fn an_update_that_is_refused_or_fails_says_why(env: TestEnv) -> Checked {
    let client = client(&env);
    let order = client.start::<Order>("one".into()).task_queue("orders").await?;
    let error = order.amend(0).await.unwrap_err();
    assert_eq!(error.to_string(), "the update failed: must be positive");
    let UpdateCallError::Failed(failure) = order.amend(13).await.unwrap_err() else {
        panic!("it did not fail")
    };
    assert_eq!(failure.application(), Some(OrderError::NotInStock));
    assert!(matches!(order.amend(0).start().await, Err(UpdateCallError::Failed(_))));
    Ok(())
}

#[crate::test]
async fn an_update_can_be_started_and_waited_for_later(env: TestEnv) -> Checked {
    let client = client(&env);
    let order = client.start::<Order>("one".into()).task_queue("orders").await?;
    let shipping = order.ship("Bern".into()).id("ship-1").start().await?;
    assert_eq!((shipping.id(), shipping.workflow_id()), ("ship-1", order.id()));
    assert_eq!(shipping.run_id(), order.run_id());
    assert_eq!(
        order.update_handle::<String>("ship-1").result().await?,
        "on its way to Bern"
    );
    assert_eq!(shipping.result().await?, "on its way to Bern");
    assert_eq!(order.ship("Paris".into()).id("ship-1").await?, "on its way to Bern");
    Ok(())
}

#[crate::test]
async fn a_description_tells_what_was_said_at_the_start(env: TestEnv) -> Checked {
    let client = client(&env);
    let start = client.start::<Order>("one".into()).id("order-1").task_queue("orders");
    let order = start.memo("customer", "ada").summary("an order").await?;
    let running = order.describe().await?;
    assert_eq!(
        (running.id(), running.workflow_type(), running.task_queue()),
        ("order-1", "Order", "orders")
    );
    assert_eq!(
        (running.status(), running.close_time()),
        (WorkflowStatus::Running, None)
    );
    assert_eq!(
        (Some(running.run_id()), running.start_time().is_some()),
        (order.run_id(), true)
    );
    assert_eq!(running.memo::<String>("customer")?.as_deref(), Some("ada"));
    assert_eq!(running.memo::<String>("nothing")?, None);
    assert!(running.pending_activities().len() == 0 && running.pending_children().len() == 0);

    order.cancel().await?;
    assert!(order.result().await.is_err());
    let closed = order.describe().await?;
    assert_eq!(closed.status(), WorkflowStatus::Canceled);
    assert!(closed.close_time().is_some());
    let events = order.fetch_history().await?.events;
    assert_eq!(i64::try_from(events.len())?, closed.history_length());
    Ok(())
}

#[crate::test]
async fn a_request_for_events_says_what_is_wanted_of_them(env: TestEnv) -> Checked {
    let order = client(&env).workflow::<Order>("order");
    let plain = order.events().request.clone();
    assert!(!plain.skip_archival && !plain.wait_new_event && plain.maximum_page_size == 0);
    let events = order.events().skip_archival(true).wait_new(true).page_size(7);
    let wanted = events.request;
    assert!(wanted.skip_archival && wanted.wait_new_event && wanted.maximum_page_size == 7);
    Ok(())
}

#[crate::test]
async fn workflows_are_listed_and_counted(env: TestEnv) -> Checked {
    let client = client(&env);
    for id in ["a", "b", "c"] {
        client.start::<Order>("one".into()).id(id).task_queue("orders").await?;
    }
    assert_eq!(client.count("WorkflowType = 'Order'").await?, 3);
    let listed = client.list("WorkflowType = 'Order'").page_size(2).all().await?;
    let mut ids: Vec<&str> = listed.iter().map(super::WorkflowSummary::id).collect();
    ids.sort_unstable();
    assert_eq!(ids, ["a", "b", "c"]);
    assert_eq!(
        client.count("nonsense =").await.unwrap_err().code(),
        Code::InvalidArgument
    );
    Ok(())
}

#[crate::test]
async fn an_activity_is_completed_by_somebody_else(env: TestEnv) -> Checked {
    let client = client(&env);
    let asks = client
        .start::<Asks>("why?".into())
        .id("asks")
        .task_queue("orders")
        .await?;
    let _hold = env.server().hold();
    let activity_id = loop {
        if let Some(pending) = asks.describe().await?.pending_activities().next()
            && pending.last_started_time().is_some()
        {
            break pending.id().to_owned();
        }
        tokio::task::yield_now().await;
    };
    let activity = client.async_activity_by_id("asks", activity_id);
    activity.heartbeat(&"thinking").await?;
    activity.complete(&"because").await?;
    assert_eq!(asks.result().await?, "because");
    let late = activity.complete(&"because").await.unwrap_err();
    assert!(matches!(late, AsyncActivityError::NotFound(_)), "{late}");
    Ok(())
}
