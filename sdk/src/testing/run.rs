//! Runs a test in an environment of its own.

use super::{TestEnv, replay};
use std::{future::Future, time::Duration};

/// How long a test may take, in real time. Virtual time costs none, so a test that takes longer hangs.
const LIMIT: Duration = Duration::from_secs(60);
/// How long nothing may be left to do but to wait for somebody, in real time, before the test is taken to hang.
const STANDSTILL: Duration = Duration::from_secs(10);
/// How often that is looked at.
const LOOK: Duration = Duration::from_millis(500);

/// What a test returns, as far as it matters whether it has failed.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "a test cannot return `{Self}`",
    note = "it returns nothing, and may use `?` nevertheless, or a `Result`"
)]
pub trait TestOutput {
    fn has_failed(&self) -> bool {
        false
    }
}

impl TestOutput for () {}

impl<T, E> TestOutput for Result<T, E> {
    fn has_failed(&self) -> bool {
        self.is_err()
    }
}

/// Runs a test on a runtime of its own, with one thread. At its end the histories that its workers made are replayed.
///
/// # Panics
/// If a worker can't run, the test hangs, or a history does not replay: the text says why.
#[doc(hidden)]
#[track_caller]
pub fn run_test<T: TestOutput, F: Future<Output = T>>(test: impl FnOnce(TestEnv) -> F) -> T {
    run_with_limits(LIMIT, STANDSTILL, test)
}

#[track_caller]
#[allow(clippy::panic, reason = "that is how a test fails")]
fn run_with_limits<T: TestOutput, F: Future<Output = T>>(
    limit: Duration,
    standstill: Duration,
    test: impl FnOnce(TestEnv) -> F,
) -> T {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => panic!("no runtime for the test: {error}"),
    };
    let ended = runtime.block_on(async {
        let environment = TestEnv::new();
        // It lives on while it is found out what it waits for.
        let mut test = std::pin::pin!(test(environment.clone()));
        let output = tokio::select! {
            biased;
            output = &mut test => output,
            failure = environment.worker_failure() => return Err(format!("a worker can't run: {failure}")),
            () = tokio::time::sleep(limit) => {
                let why = explain(&environment).await;
                return Err(format!("the test did not end within {} s: {why}", limit.as_secs()));
            }
            () = stands_still_for(&environment, standstill) => {
                return Err(format!("the test hangs: {}", explain(&environment).await));
            }
        };
        if !output.has_failed() && !environment.skips_replay() {
            replay::check(&environment).await?;
        }
        Ok(output)
    });
    // Blocking activities that go on must not keep the test from ending.
    runtime.shutdown_background();
    match ended {
        Ok(output) => output,
        Err(text) => panic!("{text}"),
    }
}

/// Returns when a client has waited so long for what cannot come by itself.
async fn stands_still_for(environment: &TestEnv, standstill: Duration) {
    let looks = standstill.as_millis().div_ceil(LOOK.as_millis());
    let mut still = 0_u128;
    while still < looks {
        tokio::time::sleep(LOOK).await;
        still = if environment.stands_still() {
            still.saturating_add(1)
        } else {
            0
        };
    }
}

async fn explain(environment: &TestEnv) -> String {
    let clock = environment.explain_standstill();
    match replay::pending(environment).await {
        Ok(pending) if pending.is_empty() => clock,
        Ok(pending) => format!("{clock}\nworkflows wait:\n  - {}", pending.join("\n  - ")),
        Err(error) => format!("{clock}\nwhat workflows wait for could not be found out: {error}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prelude::*;
    use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

    #[test]
    fn a_test_returns_what_it_returns() {
        let output: Result<String, ()> =
            run_test(|environment| async move { Ok(environment.client().namespace().to_owned()) });
        assert_eq!(output.as_deref(), Ok("default"));
    }

    #[test]
    #[should_panic(expected = "a worker can't run: the worker has nothing to run")]
    fn a_worker_that_cannot_start_ends_the_test() {
        run_test(|environment| async move {
            environment.worker("queue").start();
            std::future::pending::<()>().await;
        });
    }

    #[test]
    #[should_panic(expected = "no client waits")]
    fn a_test_that_hangs_says_why() {
        run_with_limits(Duration::ZERO, STANDSTILL, |_| std::future::pending::<()>());
    }

    #[derive(Default)]
    struct Patient {
        is_told: bool,
    }

    #[workflow]
    impl Patient {
        #[run]
        async fn run(ctx: WorkflowContext<Self>) -> WorkflowResult<()> {
            Ok(ctx.wait_condition(|s| s.is_told).await?)
        }

        #[signal]
        fn tell(&mut self) {
            self.is_told = true;
        }
    }

    #[test]
    #[should_panic(expected = "Patient \"lonely\": condition at sdk/src/testing/run.rs:")]
    fn a_test_that_hangs_says_at_which_lines_its_workflows_wait() {
        run_with_limits(LIMIT, Duration::from_millis(1), |environment| async move {
            environment.worker("queue").workflow::<Patient>().start();
            let call = environment.client().execute::<Patient>(()).id("lonely");
            let _ = call.task_queue("queue").await;
        });
    }

    static BEGUN: tokio::sync::Notify = tokio::sync::Notify::const_new();

    #[activity(start_to_close_timeout = "1h")]
    async fn never_done() -> Result<(), ActivityError> {
        BEGUN.notify_one();
        std::future::pending().await
    }

    #[derive(Default)]
    struct Waiting;

    #[workflow]
    impl Waiting {
        #[run]
        async fn run(ctx: WorkflowContext<Self>) -> WorkflowResult<()> {
            Ok(ctx.activity::<never_done>(()).await?)
        }
    }

    #[test]
    fn a_test_that_takes_too_long_says_who_holds_time() {
        run_test(|environment| async move {
            environment.skip_replay();
            environment
                .worker("queue")
                .workflow::<Waiting>()
                .activity::<never_done>()
                .start();
            let call = environment.client().execute::<Waiting>(()).id("held");
            let explained = async {
                BEGUN.notified().await;
                explain(&environment).await
            };
            let text = tokio::select! {
                ended = call.task_queue("queue") => panic!("nothing ends here: {ended:?}"),
                text = explained => text,
            };
            assert!(
                text.contains("a worker has a task of workflow \"held\": activity") && text.contains("never_done"),
                "{text}"
            );
            assert!(text.contains("Waiting \"held\""), "{text}");
        });
    }

    static RUNS: AtomicU32 = AtomicU32::new(0);

    #[derive(Default)]
    struct Moody;

    #[workflow]
    impl Moody {
        #[run]
        async fn run(ctx: WorkflowContext<Self>) -> WorkflowResult<()> {
            if RUNS.fetch_add(1, Relaxed).is_multiple_of(2) {
                ctx.sleep(secs(1)).await?;
            }
            Ok(())
        }
    }

    async fn run_moody(environment: TestEnv) {
        environment.worker("queue").workflow::<Moody>().start();
        let call = environment.client().execute::<Moody>(()).id("whim");
        call.task_queue("queue").await.unwrap();
    }

    // One test, since both count runs.
    #[test]
    fn a_workflow_that_does_not_replay_its_own_history_fails_the_test_unless_it_may() {
        let failed = std::panic::catch_unwind(|| run_test(run_moody)).unwrap_err();
        let text = failed.downcast_ref::<String>().unwrap();
        assert!(
            text.contains("Moody \"whim\" does not replay the history that it has made itself"),
            "{text}"
        );
        assert!(
            text.contains("testing/run.rs:") || text.contains("TimerStarted"),
            "{text}"
        );
        run_test(|environment| async move {
            environment.skip_replay();
            run_moody(environment).await;
        });
    }

    #[test]
    fn time_is_moved_on_demand() {
        run_test(|environment| async move {
            let before = environment.now();
            environment.skip(Duration::from_secs(72 * 3600));
            let passed = environment.now().duration_since(before).unwrap();
            assert!(passed >= Duration::from_secs(72 * 3600), "{passed:?}");
        });
    }
}
