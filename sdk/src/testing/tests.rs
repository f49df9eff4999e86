//! Tests of tests.

use super::{attempt, never_completes};
use crate::prelude::*;

#[activity(start_to_close_timeout = "5s")]
async fn charge(cents: u64) -> Result<String, ActivityError> {
    Err(ActivityError::new(format!("{cents} really charged")))
}

struct Parcels;

#[activities]
impl Parcels {
    #[activity(start_to_close_timeout = "1h")]
    fn send(&self, to: &str, weight: u32) -> Result<String, ActivityError> {
        Err(ActivityError::new(format!("{weight} really sent to {to}")))
    }
}

#[derive(Default)]
struct Shipping;

#[workflow]
impl Shipping {
    #[run]
    async fn run(ctx: WorkflowContext<Self>, to: String) -> WorkflowResult<String> {
        Ok(ctx.activities::<Parcels>().send(to, 7).await?)
    }
}

#[derive(Default)]
struct Order;

#[workflow]
impl Order {
    #[run]
    async fn run(ctx: WorkflowContext<Self>, cents: u64) -> WorkflowResult<String> {
        let receipt = ctx.activity::<charge>(cents).await?;
        let shipping = ctx.child::<Shipping>("Ada".to_owned()).run_timeout(days(1));
        Ok(format!("{receipt}, {}", shipping.await?))
    }
}

async fn order(env: &TestEnv) -> Result<String, String> {
    let call = env.client().execute::<Order>(500).task_queue("orders");
    call.await.map_err(|error| format!("{error:#} {error:?}"))
}

#[steadfast::test]
async fn a_mock_answers_each_attempt_as_it_likes(env: TestEnv) {
    let mock = |_| match attempt() {
        1 | 2 => Err(ActivityError::new("busy")),
        third => Ok(format!("paid at attempt {third}")),
    };
    let worker = env.worker("orders").workflow::<Order>().mock::<charge>(mock);
    worker.mock_workflow::<Shipping>(|to| Ok(format!("to {to}"))).start();
    assert_eq!(order(&env).await?, "paid at attempt 3, to Ada");
    assert_eq!(env.activity_calls::<charge>(), [500, 500, 500]);
    assert_eq!(env.workflow_calls::<Shipping>(), ["Ada"]);
}

#[steadfast::test]
async fn a_mock_that_never_completes_times_out_in_virtual_time(env: TestEnv) {
    let begin = env.now();
    env.worker("orders")
        .workflow::<Order>()
        .workflow::<Shipping>()
        .mock::<charge>(|_| Ok("paid".to_owned()))
        .mock_activities::<Parcels>(|mock| {
            mock.send(|_, _| match attempt() {
                1 => never_completes(),
                _ => Ok("sent at last".to_owned()),
            })
        })
        .start();
    assert_eq!(order(&env).await?, "paid, sent at last");
    assert!(env.now().duration_since(begin)? >= hours(1));
    assert_eq!(env.activity_calls_named::<(String, u32)>("send").len(), 2);
}

#[steadfast::test]
async fn a_mocked_child_may_fail(env: TestEnv) {
    env.worker("orders")
        .workflow::<Order>()
        .mock::<charge>(|_| Ok("paid".to_owned()))
        .mock_workflow::<Shipping>(|_| Err(ActivityError::new("no such town").into()))
        .start();
    let error = order(&env).await.unwrap_err();
    assert!(error.contains("no such town"), "{error}");
}

#[steadfast::test]
async fn a_mocked_child_that_never_completes_times_out(env: TestEnv) {
    let begin = env.now();
    env.worker("orders")
        .workflow::<Order>()
        .mock::<charge>(|_| Ok("paid".to_owned()))
        .mock_workflow::<Shipping>(|_| never_completes())
        .start();
    assert!(order(&env).await.is_err());
    assert!(env.now().duration_since(begin)? >= days(1));
}

#[steadfast::test]
async fn a_mocked_workflow_is_cancelled_and_has_no_messages(env: TestEnv) {
    env.worker("orders")
        .mock_workflow::<Shipping>(|_| never_completes())
        .start();
    let shipping = env
        .client()
        .start::<Shipping>("Bob".to_owned())
        .task_queue("orders")
        .await?;
    let refused = shipping
        .query_untyped::<_, String>("where_is_it", ())
        .await
        .unwrap_err();
    assert!(refused.to_string().contains("`Shipping` is a mock here"), "{refused}");
    shipping.cancel().await?;
    let ended = shipping.result().await.unwrap_err();
    assert!(ended.to_string().contains("cancel"), "{ended}");
}

#[steadfast::test]
async fn time_is_held(env: TestEnv) {
    let before = env.now();
    let hold = env.hold();
    env.worker("orders")
        .workflow::<Shipping>()
        .mock_activities::<Parcels>(|mock| mock.send(|_, _| Ok(String::new())))
        .start();
    env.client()
        .execute::<Shipping>("Ada".to_owned())
        .task_queue("orders")
        .await?;
    assert!(env.now().duration_since(before)? < hours(1));
    drop(hold);
}

#[steadfast::test]
async fn an_endpoint_has_a_name_of_its_own(env: TestEnv) {
    env.nexus_endpoint("payments", "orders").await?;
    let again = env.nexus_endpoint("payments", "orders").await.unwrap_err();
    assert_eq!(again.code(), crate::client::Code::AlreadyExists);
}
