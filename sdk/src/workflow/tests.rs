//! Workflow code on a worker and a server in this process.

#![allow(clippy::needless_pass_by_value)] // as users write it

use crate::{prelude::*, testing::TestEnv};
use std::{collections::VecDeque, time::Duration};

#[activity(start_to_close_timeout = "30s")]
async fn greet(name: String) -> Result<String, ActivityError> {
    Ok(format!("Hello, {name}!"))
}

#[activity(start_to_close_timeout = "30s")]
fn repeat(text: String, times: usize) -> Result<String, ActivityError> {
    Ok(text.repeat(times))
}

#[activity]
async fn fail(reason: String) -> Result<(), OrderError> {
    Err(OrderError::Refused(reason))
}

#[derive(Debug, PartialEq, Serialize, Deserialize, ApplicationError)]
enum OrderError {
    #[error("refused: {0}", non_retryable)]
    Refused(String),
}

#[derive(Default)]
struct Greeting;

#[workflow]
impl Greeting {
    #[run]
    async fn run(ctx: WorkflowContext<Self>, name: String) -> WorkflowResult<String> {
        let greeting = ctx.activity::<greet>(name).await?;
        Ok(ctx.activity::<repeat>((greeting, 2)).await?)
    }
}

#[crate::test]
async fn a_workflow_calls_async_and_blocking_activities(env: TestEnv) {
    env.worker("q")
        .workflow::<Greeting>()
        .activity::<greet>()
        .activity::<repeat>()
        .start();
    let result = env.client().execute::<Greeting>("Ada".into()).task_queue("q").await?;
    assert_eq!(result, "Hello, Ada!Hello, Ada!");
}

#[crate::test]
async fn a_mock_stands_in_for_an_activity_that_is_registered_too(env: TestEnv) {
    env.worker("q")
        .workflow::<Greeting>()
        .mock::<greet>(|name| Ok(format!("Hi {name} ")))
        .activity::<greet>()
        .activity::<repeat>()
        .start();
    let result = env.client().execute::<Greeting>("Ada".into()).task_queue("q").await?;
    assert_eq!(result, "Hi Ada Hi Ada ");
}

#[crate::test]
async fn without_a_cache_every_task_is_replayed(env: TestEnv) {
    env.worker("q")
        .workflow::<Greeting>()
        .activity::<greet>()
        .activity::<repeat>()
        .max_cached_workflows(0)
        .start();
    let result = env.client().execute::<Greeting>("Ada".into()).task_queue("q").await?;
    assert_eq!(result, "Hello, Ada!Hello, Ada!");
}

/// Waits, and is told things.
#[derive(Default)]
struct Approval {
    decision: Option<bool>,
    notes: VecDeque<String>,
    total: u64,
    unknown: Vec<String>,
}

#[workflow]
impl Approval {
    #[run]
    async fn run(ctx: WorkflowContext<Self>) -> WorkflowResult<String> {
        let Some(approved) = ctx.wait_some(|s| s.decision).timeout(hours(72)).await? else {
            return Ok("timed out".into());
        };
        let first = ctx.wait_take(|s| s.notes.pop_front()).await?;
        ctx.wait_condition(|s| s.total > 0).await?;
        ctx.all_handlers_finished().await?;
        Ok(format!("{approved} {first} {}", ctx.state(|s| s.total)))
    }

    #[signal]
    fn decide(&mut self, approved: bool) {
        self.decision = Some(approved);
    }

    #[signal]
    async fn note_later(ctx: WorkflowContext<Self>, text: String, seconds: u64) -> WorkflowResult<()> {
        ctx.sleep(secs(seconds)).await?;
        ctx.state_mut(|s| s.notes.push_back(text));
        Ok(())
    }

    #[signal(dynamic)]
    fn any(&mut self, name: &str, _arguments: crate::convert::RawArgs) {
        self.unknown.push(name.to_owned());
    }

    #[query]
    fn unknown(&self) -> Vec<String> {
        self.unknown.clone()
    }

    #[query]
    fn dice(&self, ctx: &HandlerContext) -> u64 {
        ctx.random()
    }

    #[update]
    fn amend(&mut self, total: u64) -> Result<u64, UpdateError> {
        Ok(std::mem::replace(&mut self.total, total))
    }

    #[validator(amend)]
    fn check_amend(&self, total: &u64) -> Result<(), Rejection> {
        if *total == 0 {
            return Err("must be positive".into());
        }
        Ok(())
    }

    #[update]
    async fn slow(ctx: WorkflowContext<Self>, seconds: u64) -> Result<u64, UpdateError> {
        ctx.sleep(secs(seconds)).await?;
        Ok(ctx.state_mut(|s| {
            s.total += seconds;
            s.total
        }))
    }
}

#[crate::test]
async fn a_wait_that_nobody_ends_times_out(env: TestEnv) {
    env.worker("q").workflow::<Approval>().start();
    let before = env.now();
    let result = env.client().execute::<Approval>(()).task_queue("q").await?;
    assert_eq!(result, "timed out");
    assert!(env.now().duration_since(before)? >= hours(72));
}

#[crate::test]
async fn messages_change_the_state_and_wake_those_who_wait(env: TestEnv) {
    env.worker("q").workflow::<Approval>().start();
    let approval = env.client().start::<Approval>(()).task_queue("q").await?;
    approval.decide(true).await?;
    approval.note_later("late".into(), 5).await?;
    approval.signal_untyped("nobody-knows", ()).await?;
    assert_eq!(approval.unknown().await?, ["nobody-knows"]);
    assert_eq!(approval.amend(7).await?, 0);
    assert_eq!(approval.slow(3).await?, 10);
    assert_eq!(approval.result().await?, "true late 10");
}

#[crate::test]
async fn a_validator_rejects_before_anything_is_recorded(env: TestEnv) {
    env.worker("q").workflow::<Approval>().start();
    let approval = env.client().start::<Approval>(()).task_queue("q").await?;
    let rejected = approval.amend(0).await.unwrap_err();
    assert!(rejected.to_string().contains("must be positive"), "{rejected}");
    let undecodable = approval
        .update_untyped::<_, u64>("amend", ("seven",))
        .await
        .unwrap_err();
    assert!(undecodable.to_string().contains("argument 1 of 1"), "{undecodable}");
    let unknown = approval.update_untyped::<_, u64>("amand", (7,)).await.unwrap_err();
    assert!(
        unknown
            .to_string()
            .contains("unknown update `amand`; the workflow `Approval` has `amend`, `slow`"),
        "{unknown}"
    );
}

#[crate::test]
async fn an_unknown_query_is_answered_with_those_that_are_known(env: TestEnv) {
    env.worker("q").workflow::<Approval>().start();
    let approval = env.client().start::<Approval>(()).task_queue("q").await?;
    let error = approval.query_untyped::<_, u64>("dices", ()).await.unwrap_err();
    assert!(
        error
            .to_string()
            .contains("unknown query `dices`; the workflow `Approval` has `dice`, `unknown`"),
        "{error}"
    );
    let error = approval.dice().await.unwrap_err();
    assert!(error.to_string().contains("can't be used in a query"), "{error}");
}

#[crate::test]
async fn tools_are_told_the_messages_and_what_is_waited_for(env: TestEnv) {
    env.worker("q").workflow::<Approval>().start();
    let approval = env.client().start::<Approval>(()).task_queue("q").await?;
    let metadata: serde_json::Value = approval.query_untyped("__temporal_workflow_metadata", ()).await?;
    assert_eq!(metadata["definition"]["type"], "Approval");
    assert_eq!(metadata["definition"]["signalDefinitions"][0]["name"], "decide");
    let stack: String = approval.query_untyped("__stack_trace", ()).await?;
    assert!(stack.contains("workflow/tests.rs:"), "{stack}");
}

/// Does as it is told.
#[derive(Default)]
struct Script;

#[workflow]
impl Script {
    #[run]
    async fn run(ctx: WorkflowContext<Self>, what: String) -> WorkflowResult<String> {
        let minute = Duration::from_secs(60);
        match what.as_str() {
            "typed error" => match ctx.activity::<fail>("card".into()).start_to_close_timeout(minute).await {
                Err(failure) => match failure.application() {
                    Some(OrderError::Refused(reason)) => Ok(reason),
                    None => Ok(format!("untyped: {failure}")),
                },
                Ok(()) => Ok("no error".into()),
            },
            "untyped call" => {
                let call = ctx
                    .activity_untyped::<String>("greet", ("Ada",))
                    .schedule_to_close_timeout(minute);
                Ok(call.await?)
            }
            "nested state" => Ok(ctx.state(|_| ctx.state_mut(|_| "never".to_owned()))),
            "fail" => Err(OrderError::Refused("order".into()))?,
            "race" => Ok(select! {
                done = ctx.sleep(hours(2)) => { done?; "slow".to_owned() }
                done = ctx.sleep(hours(1)) => { done?; "fast".to_owned() }
            }),
            "all" => {
                let calls = ["a", "b", "c"].map(|name| ctx.activity::<greet>(name.into()));
                let (greetings, waited) = join!(join_all(calls), ctx.sleep(secs(1)).summary("one second"));
                waited?;
                Ok(greetings.into_iter().collect::<Result<Vec<_>, _>>()?.join(" "))
            }
            "cancelled activity" => {
                let running = ctx.activity::<greet>("nobody".into()).task_queue("nowhere").start();
                running.cancel();
                let failure = running.await.unwrap_err();
                Ok(format!("{} {}", failure.is_cancelled(), failure.activity_type()))
            }
            "list of calls" => {
                let list = vec![
                    ctx.activity::<greet>("a".into()).discard(),
                    ctx.activity::<repeat>(("b".into(), 2)).discard(),
                ];
                let count = list.len();
                for call in list {
                    call.await?;
                }
                Ok(count.to_string())
            }
            "wait for ever" => {
                let cancelled = ctx.wait_condition(|_| false).await;
                ctx.sleep(secs(1)).await?; // clean-up goes on
                cancelled.map(|()| "never".to_owned()).map_err(Into::into)
            }
            "again" => ctx.continue_as_new("ids".into()),
            "again elsewhere" => ctx.continue_as_new_with("queue".into()).task_queue("other").into(),
            "queue" => Ok(ctx.info().task_queue().to_owned()),
            "ids" => {
                let (one, two) = (ctx.uuid4(), ctx.uuid4());
                let info = ctx.info();
                let is_new = info
                    .continued_run_id()
                    .is_some_and(|previous| previous != info.run_id());
                Ok(format!("{} {} {} {is_new}", one != two, one.len(), &one[14..15]))
            }
            other => Ok(other.to_owned()),
        }
    }
}

async fn play(env: &TestEnv, what: &str) -> Result<String, crate::client::ExecuteError> {
    env.client().execute::<Script>(what.into()).task_queue("q").await
}

fn start_script(env: &TestEnv) {
    env.worker("q")
        .workflow::<Script>()
        .activity::<greet>()
        .activity::<repeat>()
        .activity::<fail>()
        .start();
}

#[crate::test]
async fn a_typed_error_is_matched_again_in_the_workflow(env: TestEnv) {
    start_script(&env);
    assert_eq!(play(&env, "typed error").await?, "card");
}

#[crate::test]
async fn an_activity_can_be_called_by_name_alone(env: TestEnv) {
    start_script(&env);
    assert_eq!(play(&env, "untyped call").await?, "Hello, Ada!");
}

#[crate::test]
async fn an_error_fails_the_workflow_with_its_type(env: TestEnv) {
    start_script(&env);
    let error = play(&env, "fail").await.unwrap_err();
    assert!(error.to_string().contains("refused: order"), "{error}");
}

#[crate::test]
async fn the_shorter_of_two_timers_wins_and_the_other_is_cancelled(env: TestEnv) {
    start_script(&env);
    let before = env.now();
    assert_eq!(play(&env, "race").await?, "fast");
    assert!(env.now().duration_since(before)? < hours(2));
}

#[crate::test]
async fn calls_are_joined_in_their_own_order(env: TestEnv) {
    start_script(&env);
    assert_eq!(play(&env, "all").await?, "Hello, a! Hello, b! Hello, c!");
}

#[crate::test]
async fn calls_of_different_activities_fit_one_list_without_their_results(env: TestEnv) {
    start_script(&env);
    assert_eq!(play(&env, "list of calls").await?, "2");
}

#[crate::test]
async fn a_cancelled_activity_fails_as_cancelled(env: TestEnv) {
    start_script(&env);
    assert_eq!(play(&env, "cancelled activity").await?, "true greet");
}

#[crate::test]
async fn cancelling_a_workflow_ends_its_wait_and_lets_it_clean_up(env: TestEnv) {
    start_script(&env);
    let handle = env
        .client()
        .start::<Script>("wait for ever".into())
        .task_queue("q")
        .await?;
    handle.cancel().await?;
    let error = handle.result().await.unwrap_err();
    assert!(matches!(error, crate::client::ResultError::Cancelled(..)), "{error:?}");
}

#[crate::test]
async fn a_workflow_continues_as_new(env: TestEnv) {
    start_script(&env);
    env.worker("other").workflow::<Script>().start();
    assert_eq!(play(&env, "again").await?, "true 36 4 true");
    assert_eq!(play(&env, "again elsewhere").await?, "other");
}

#[crate::test]
#[should_panic(expected = "`state_mut` at sdk/src/workflow/tests.rs")]
async fn state_used_inside_a_state_closure_fails_the_task_with_both_lines(env: TestEnv) {
    start_script(&env);
    env.client()
        .start::<Script>("nested state".into())
        .task_queue("q")
        .await?;
    panic!("{}", env.task_failure().await);
}
