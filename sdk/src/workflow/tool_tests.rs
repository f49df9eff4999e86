//! Locks, channels, sets of futures and scopes in workflow code, on a server in this process; with a cache, and without
//! one, where every task is replayed from the start.

#![allow(clippy::needless_pass_by_value)] // as users write it

use super::{FuturesOrdered, FuturesUnordered, Mutex, Notify, RwLock, Semaphore, mpsc, oneshot, timeout};
use crate::{prelude::*, testing::TestEnv};
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

#[activity(start_to_close_timeout = "30s")]
async fn echo(number: u64) -> Result<u64, ActivityError> {
    Ok(number)
}

/// What is written down, in order.
#[derive(Debug, Clone, Default)]
struct Log(Arc<std::sync::Mutex<Vec<String>>>);

impl Log {
    fn add(&self, text: impl Into<String>) {
        self.0.lock().unwrap().push(text.into());
    }

    fn text(&self) -> String {
        self.0.lock().unwrap().join(" ")
    }
}

/// Does as it is told.
#[derive(Default)]
struct Script {
    door: Notify,
    inbox: Mutex<Vec<u64>>,
}

type Context = WorkflowContext<Script>;

#[workflow]
impl Script {
    #[run]
    async fn run(ctx: WorkflowContext<Self>, what: String) -> WorkflowResult<String> {
        match what.as_str() {
            "mutex" => mutex(ctx).await,
            "semaphore" => semaphore(ctx).await,
            "readers and writers" => readers_and_writers(ctx).await,
            "notify" => notify(ctx).await,
            "door" => {
                ctx.state(|s| s.door.clone()).notified(&ctx).await?;
                ctx.all_handlers_finished().await?;
                let inbox = ctx.state(|s| s.inbox.clone()).lock(&ctx).await?;
                Ok(format!("{:?}", *inbox))
            }
            "oneshot" => oneshot_channel(ctx).await,
            "bounded" => bounded(ctx).await,
            "unbounded" => unbounded(ctx).await,
            "tries" => tries().await,
            "timeout" => time_out(ctx).await,
            "ordered" => ordered(ctx).await,
            "unordered" => unordered(ctx).await,
            "many" => many(ctx).await,
            "scope" => scope(ctx).await,
            "scope timeout" => scope_timeout(ctx).await,
            "nested scopes" => nested_scopes(ctx).await,
            "idle scope" => idle_scope(ctx).await,
            "wait for a lock" => {
                let lock = Mutex::new(());
                let held = lock.lock(&ctx).await?;
                let waited = lock.lock(&ctx).await;
                drop(held);
                let _free_again = lock.lock(&ctx).await?;
                waited.map(|_| "never".to_owned()).map_err(Into::into)
            }
            "shielded" => {
                let number = ctx.shielded(async { ctx.sleep(hours(1)).await.map(|()| 7) }).await?;
                let after = ctx.sleep(hours(1)).await;
                Ok(format!("{number} {after:?}"))
            }
            "shielded scope" => {
                let scope = ctx.shielded_scope();
                let through = scope.run(async { ctx.sleep(hours(1)).await }).await;
                scope.cancel();
                let cancelled = scope.run(async { ctx.sleep(hours(1)).await }).await;
                Ok(format!("{through:?} {cancelled:?}"))
            }
            other => Ok(other.to_owned()),
        }
    }

    #[signal]
    async fn put(ctx: WorkflowContext<Self>, number: u64) -> WorkflowResult<()> {
        let mut inbox = ctx.state(|s| s.inbox.clone()).lock(&ctx).await?;
        ctx.sleep(secs(10 - number)).await?; // who came first is slowest
        inbox.push(number);
        Ok(())
    }

    #[signal]
    fn ring(&mut self) {
        self.door.notify_one();
    }
}

async fn mutex(ctx: Context) -> WorkflowResult<String> {
    let list = Mutex::new(Vec::new());
    let members = (0..4_u64).map(|number| {
        let (ctx, list) = (&ctx, &list);
        async move {
            let mut list = list.lock(ctx).await?;
            ctx.sleep(secs(10 - number)).await?;
            list.push(number);
            Ok::<_, Cancelled>(())
        }
    });
    try_join_all(members).await?;
    let list = list.try_lock().ok_or(Cancelled)?;
    Ok(format!("{:?}", *list))
}

/// Without any wait.
async fn tries() -> WorkflowResult<String> {
    let one = Semaphore::new(1);
    let held = one.try_acquire();
    let permits = (held.is_some(), one.try_acquire().is_some());
    drop(held);
    let (sender, mut bounded) = mpsc::channel(1);
    let (unbounded_sender, mut unbounded) = mpsc::unbounded_channel();
    let (answer, mut asked) = oneshot::channel();
    let before = (bounded.try_receive(), unbounded.try_receive(), asked.try_receive());
    let sent = (
        sender.try_send(1).is_ok(),
        sender.try_send(2).is_ok_and(|back| back == Some(2)),
    );
    let _ = (unbounded_sender.send(3), answer.send(4));
    let after = (bounded.try_receive(), unbounded.try_receive(), asked.try_receive());
    Ok(format!(
        "{permits:?} {before:?} {sent:?} {after:?} {}",
        one.try_acquire().is_some()
    ))
}

async fn semaphore(ctx: Context) -> WorkflowResult<String> {
    let (two, log, running) = (Semaphore::new(2), Log::default(), AtomicUsize::new(0));
    let start = ctx.now();
    let job = async |name: &str, permits: usize| {
        let _permit = two.acquire_many(&ctx, permits).await?;
        assert!(running.fetch_add(permits, Ordering::Relaxed) + permits <= 2);
        ctx.sleep(secs(10)).await?;
        running.fetch_sub(permits, Ordering::Relaxed);
        let passed = ctx.now().duration_since(start).map_or(0, |passed| passed.as_secs());
        log.add(format!("{name}:{passed}"));
        Ok::<_, Cancelled>(())
    };
    // The last one wants little, and doesn't overtake.
    let all = join!(job("a", 1), job("b", 1), job("both", 2), job("c", 1));
    [all.0, all.1, all.2, all.3].into_iter().collect::<Result<(), _>>()?;
    Ok(format!("{} {}", log.text(), two.available_permits()))
}

async fn readers_and_writers(ctx: Context) -> WorkflowResult<String> {
    let (value, log) = (RwLock::new(1), Log::default());
    let read = async |name: &str| {
        let value = value.read(&ctx).await?;
        log.add(format!("{name}={}", *value));
        ctx.sleep(secs(5)).await?;
        log.add(format!("-{name}"));
        Ok::<_, Cancelled>(())
    };
    let write = async {
        let mut value = value.write(&ctx).await?;
        log.add("write");
        ctx.sleep(secs(5)).await?;
        *value += 1;
        Ok::<_, Cancelled>(())
    };
    let all = join!(read("a"), read("b"), write, read("c"));
    [all.0, all.1, all.2, all.3].into_iter().collect::<Result<(), _>>()?;
    Ok(log.text())
}

async fn notify(ctx: Context) -> WorkflowResult<String> {
    let (notify, log) = (Notify::new(), Log::default());
    notify.notify_one();
    notify.notify_one();
    notify.notified(&ctx).await?; // was told before
    let wait = async |name: &str| {
        notify.notified(&ctx).await?;
        log.add(name);
        Ok::<_, Cancelled>(())
    };
    let tell = async {
        ctx.sleep(secs(1)).await?;
        notify.notify_one();
        ctx.sleep(secs(1)).await?;
        log.add("all:");
        notify.notify_waiters();
        Ok::<_, Cancelled>(())
    };
    let all = join!(wait("a"), wait("b"), wait("c"), tell);
    [all.0, all.1, all.2, all.3].into_iter().collect::<Result<(), _>>()?;
    let nobody = timeout(&ctx, secs(1), notify.notified(&ctx)).await;
    Ok(format!("{} {nobody:?}", log.text()))
}

async fn oneshot_channel(ctx: Context) -> WorkflowResult<String> {
    let (sender, receiver) = oneshot::channel();
    let send = async {
        ctx.sleep(secs(1)).await?;
        Ok::<_, Cancelled>(sender.send(7).is_ok())
    };
    let (sent, received) = join!(send, receiver.receive(&ctx));
    let (sender, receiver) = oneshot::channel::<u64>();
    drop(sender);
    let nothing = receiver.receive(&ctx).await?;
    let (sender, receiver) = oneshot::channel::<u64>();
    drop(receiver);
    Ok(format!(
        "{} {:?} {nothing:?} {:?}",
        sent?,
        received?,
        sender.send(1).map_err(|closed| closed.0)
    ))
}

async fn bounded(ctx: Context) -> WorkflowResult<String> {
    let (log, (sender, mut receiver)) = (Log::default(), mpsc::channel(2));
    let produce = async {
        let sender = sender;
        for number in 0..5 {
            sender.send(&ctx, number).await??;
            log.add(format!("+{number}"));
        }
        Ok::<_, WorkflowError>(())
    };
    let consume = async {
        while let Some(number) = receiver.receive(&ctx).await? {
            log.add(format!("-{number}"));
            ctx.sleep(secs(1)).await?;
        }
        drop(receiver);
        Ok::<_, WorkflowError>(())
    };
    let (produced, consumed) = join!(produce, consume);
    produced.and(consumed)?;
    let (sender, receiver) = mpsc::channel(1);
    let full = (sender.try_send(1), sender.try_send(2));
    drop(receiver);
    let closed = sender.send(&ctx, 3).await?;
    Ok(format!("{} {full:?} {closed:?}", log.text()))
}

async fn unbounded(ctx: Context) -> WorkflowResult<String> {
    let (sender, mut receiver) = mpsc::unbounded_channel();
    let senders = (1..=3_u64).rev().map(|number| {
        let (ctx, sender) = (&ctx, sender.clone());
        async move {
            ctx.sleep(secs(number)).await?;
            sender.send(number)?;
            Ok::<_, WorkflowError>(())
        }
    });
    let senders: Vec<_> = senders.collect();
    drop(sender);
    let consume = async {
        let mut all = Vec::new();
        while let Some(number) = receiver.receive(&ctx).await? {
            all.push(number);
        }
        Ok::<_, Cancelled>(all)
    };
    let (sent, all) = join!(try_join_all(senders), consume);
    sent?;
    Ok(format!("{:?}", all?))
}

async fn time_out(ctx: Context) -> WorkflowResult<String> {
    let late = timeout(&ctx, secs(5), ctx.sleep(hours(1))).await;
    let early = timeout(&ctx, hours(1), async { ctx.activity::<echo>(7).await }).await;
    Ok(format!("{late:?} {:?}", early.transpose()?))
}

async fn ordered(ctx: Context) -> WorkflowResult<String> {
    let mut queue = FuturesOrdered::new();
    for number in [3, 1, 2] {
        let ctx = &ctx;
        queue.push(async move { ctx.sleep(secs(number)).await.map(|()| number) });
    }
    let mut all = Vec::new();
    while let Some(number) = queue.next().await {
        all.push(number?);
    }
    Ok(format!("{all:?} {}", queue.is_empty()))
}

async fn unordered(ctx: Context) -> WorkflowResult<String> {
    let after = |number: u64| {
        let ctx = &ctx;
        async move { ctx.sleep(secs(number)).await.map(|()| number) }
    };
    let mut set: FuturesUnordered<_> = [3, 1, 2].into_iter().map(after).collect();
    let mut all = Vec::new();
    while let Some(number) = set.next().await {
        let number = number?;
        all.push(number);
        if number == 1 {
            set.push(after(4)); // at five seconds
        }
    }
    Ok(format!("{all:?} {}", set.len()))
}

/// Counts how often a future is polled.
async fn counted<F: Future>(polls: &AtomicUsize, future: F) -> F::Output {
    let mut future = std::pin::pin!(future);
    std::future::poll_fn(|task| {
        polls.fetch_add(1, Ordering::Relaxed);
        future.as_mut().poll(task)
    })
    .await
}

async fn many(ctx: Context) -> WorkflowResult<String> {
    let polls = AtomicUsize::new(0);
    let calls =
        |from: u64| (from..from + 100).map(|number| counted(&polls, ctx.activity::<echo>(number).into_future()));
    let joined: u64 = try_join_all(calls(0)).await?.into_iter().sum();
    let mut set: FuturesUnordered<_> = calls(100).collect();
    let mut queue = FuturesOrdered::new();
    queue.extend(calls(200));
    let mut sum = joined;
    while let Some(number) = set.next().await {
        sum += number?;
    }
    while let Some(number) = queue.next().await {
        sum += number?;
    }
    // When it begins, and when it is ready.
    assert!(polls.load(Ordering::Relaxed) <= 600, "polled {polls:?} times");
    Ok(sum.to_string())
}

async fn scope(ctx: Context) -> WorkflowResult<String> {
    let scope = ctx.scope();
    let inside = scope.run(async {
        let cancelled = ctx.sleep(hours(1)).await.is_err();
        ctx.sleep(secs(5)).await?; // clean-up goes on
        Ok::<_, Cancelled>(cancelled)
    });
    let outside = async {
        ctx.sleep(secs(1)).await?;
        scope.cancel();
        ctx.sleep(secs(1)).await
    };
    let (inside, outside) = join!(inside, outside);
    Ok(format!("{inside:?} {outside:?} {}", scope.is_cancelled()))
}

async fn scope_timeout(ctx: Context) -> WorkflowResult<String> {
    let start = ctx.now();
    let scope = ctx.scope().timeout(secs(30));
    let slow = scope.run(async { ctx.wait_condition(|_| false).await }).await;
    let fast = ctx
        .scope()
        .timeout(secs(30))
        .run(async { ctx.sleep(secs(1)).await })
        .await;
    let passed = ctx.now().duration_since(start).map_or(0, |passed| passed.as_secs());
    Ok(format!("{slow:?} {} {fast:?} {passed}", scope.is_cancelled()))
}

async fn nested_scopes(ctx: Context) -> WorkflowResult<String> {
    let outer = ctx.scope();
    let run = outer.run(async {
        let inner = ctx.scope().run(async { ctx.sleep(secs(10)).await });
        let shielded = ctx.shielded(async { ctx.sleep(secs(10)).await });
        join!(inner, shielded)
    });
    let cancel = async {
        ctx.sleep(secs(1)).await?;
        outer.cancel();
        Ok::<_, Cancelled>(())
    };
    let (run, cancel) = join!(run, cancel);
    cancel?;
    Ok(format!("{run:?}"))
}

async fn idle_scope(ctx: Context) -> WorkflowResult<String> {
    let scope = ctx.scope();
    scope.cancel();
    let outside = ctx.sleep(secs(1)).await;
    let (first, second) = scope
        .run(async { (ctx.sleep(secs(1)).await, ctx.sleep(secs(1)).await) })
        .await;
    Ok(format!("{outside:?} {first:?} {second:?}"))
}

/// Plays it with a cache and without one.
async fn play(what: &str) -> String {
    let mut results = Vec::new();
    for cached in [100, 0] {
        let env = TestEnv::new();
        env.worker("q")
            .workflow::<Script>()
            .activity::<echo>()
            .max_cached_workflows(cached)
            .start();
        let result = env.client().execute::<Script>(what.into()).task_queue("q").await;
        results.push(result.unwrap());
    }
    assert_eq!(results[0], results[1], "with a cache, and without one");
    results.remove(0)
}

#[tokio::test]
async fn a_mutex_is_given_in_the_order_in_which_it_was_asked_for() {
    assert_eq!(play("mutex").await, "[0, 1, 2, 3]");
}

#[tokio::test]
async fn a_semaphore_bounds_what_goes_on_and_nobody_overtakes() {
    assert_eq!(play("semaphore").await, "a:10 b:10 both:20 c:30 2");
}

#[tokio::test]
async fn readers_share_a_lock_and_a_writer_has_it_alone() {
    assert_eq!(play("readers and writers").await, "a=1 b=1 -a -b write c=2 -c");
}

#[tokio::test]
async fn a_notification_reaches_one_or_all_who_wait() {
    assert_eq!(play("notify").await, "a all: b c None");
}

#[crate::test]
async fn handlers_and_the_main_routine_share_locks_and_notifications(env: TestEnv) {
    for cached in [100, 0] {
        let queue = format!("q{cached}");
        env.worker(&queue)
            .workflow::<Script>()
            .max_cached_workflows(cached)
            .start();
        let script = env.client().start::<Script>("door".into()).task_queue(&queue).await?;
        for number in 1..=3 {
            script.put(number).await?;
        }
        script.ring().await?;
        assert_eq!(script.result().await?, "[1, 2, 3]");
    }
}

#[tokio::test]
async fn a_oneshot_channel_carries_one_value_or_tells_that_none_comes() {
    assert_eq!(play("oneshot").await, "true Some(7) None Err(1)");
}

#[tokio::test]
async fn a_sender_waits_while_a_bounded_channel_is_full() {
    assert_eq!(
        play("bounded").await,
        "+0 +1 -0 +2 -1 +3 -2 +4 -3 -4 (Ok(None), Ok(Some(2))) Err(Closed { .. })"
    );
}

#[tokio::test]
async fn an_unbounded_channel_ends_when_all_senders_are_gone() {
    assert_eq!(play("unbounded").await, "[1, 2, 3]");
}

#[tokio::test]
async fn what_is_only_tried_waits_for_nothing() {
    let expected = "(true, false) (None, None, None) (true, true) (Some(1), Some(3), Some(4)) true";
    assert_eq!(play("tries").await, expected);
}

#[tokio::test]
async fn anything_can_be_given_up_after_a_time() {
    assert_eq!(play("timeout").await, "None Some(7)");
}

#[tokio::test]
async fn ordered_futures_run_together_and_come_in_order() {
    assert_eq!(play("ordered").await, "[3, 1, 2] true");
}

#[tokio::test]
async fn unordered_futures_come_as_they_are_ready() {
    assert_eq!(play("unordered").await, "[1, 2, 3, 4] 0");
}

#[tokio::test]
async fn of_many_futures_only_those_are_polled_that_something_happened_for() {
    let sum: u64 = (0..300).sum();
    assert_eq!(play("many").await, sum.to_string());
}

#[tokio::test]
async fn cancelling_a_scope_cancels_what_is_inside_once_and_nothing_else() {
    assert_eq!(play("scope").await, "Ok(true) Ok(()) true");
}

#[tokio::test]
async fn a_scope_is_cancelled_when_its_time_is_over() {
    assert_eq!(play("scope timeout").await, "Err(Cancelled) true Ok(()) 31");
}

#[tokio::test]
async fn a_scope_is_cancelled_with_the_one_around_it_unless_shielded() {
    assert_eq!(play("nested scopes").await, "(Err(Cancelled), Ok(()))");
}

#[tokio::test]
async fn cancelling_an_idle_scope_cancels_what_is_asked_for_there_next() {
    assert_eq!(play("idle scope").await, "Ok(()) Err(Cancelled) Ok(())");
}

#[crate::test]
async fn cancelling_a_workflow_ends_the_wait_for_a_lock(env: TestEnv) {
    env.worker("q").workflow::<Script>().start();
    let script = env
        .client()
        .start::<Script>("wait for a lock".into())
        .task_queue("q")
        .await?;
    script.cancel().await?;
    let error = script.result().await.unwrap_err();
    assert!(matches!(error, crate::client::ResultError::Cancelled(..)), "{error:?}");
}

#[crate::test]
async fn cancelling_a_workflow_does_not_reach_what_is_shielded_but_what_comes_after(env: TestEnv) {
    env.worker("q").workflow::<Script>().start();
    let script = env.client().start::<Script>("shielded".into()).task_queue("q").await?;
    script.cancel().await?;
    assert_eq!(script.result().await?, "7 Err(Cancelled)");
}

#[crate::test]
async fn cancelling_a_workflow_does_not_reach_a_shielded_scope_but_its_own_cancellation_does(env: TestEnv) {
    env.worker("q").workflow::<Script>().start();
    let start = env.client().start::<Script>("shielded scope".into());
    let script = start.task_queue("q").await?;
    script.cancel().await?;
    assert_eq!(script.result().await?, "Ok(()) Err(Cancelled)");
}
