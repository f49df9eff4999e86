//! Runs a test in an environment of its own.

use super::TestEnv;
use std::{future::Future, time::Duration};

/// How long a test may take, in real time. Virtual time costs none, so a test that takes longer hangs.
const LIMIT: Duration = Duration::from_secs(60);

/// Runs a test on a runtime of its own, with one thread.
///
/// # Panics
/// If a worker can't run, or the test hangs: the text says why.
#[doc(hidden)]
#[track_caller]
pub fn run_test<T, F: Future<Output = T>>(test: impl FnOnce(TestEnv) -> F) -> T {
    run_with_limit(LIMIT, test)
}

#[track_caller]
#[allow(clippy::panic, reason = "that is how a test fails")]
fn run_with_limit<T, F: Future<Output = T>>(limit: Duration, test: impl FnOnce(TestEnv) -> F) -> T {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => panic!("no runtime for the test: {error}"),
    };
    let ended = runtime.block_on(async {
        let environment = TestEnv::new();
        let test = test(environment.clone());
        tokio::select! {
            biased;
            output = test => Ok(output),
            failure = environment.worker_failure() => Err(format!("a worker can't run: {failure}")),
            () = tokio::time::sleep(limit) => {
                Err(format!("the test did not end within {} s: {}", limit.as_secs(), environment.explain_standstill()))
            }
        }
    });
    // Blocking activities that go on must not keep the test from ending.
    runtime.shutdown_background();
    match ended {
        Ok(output) => output,
        Err(text) => panic!("{text}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_returns_what_it_returns() {
        assert_eq!(
            run_test(|environment| async move { environment.client().namespace().to_owned() }),
            "default"
        );
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
        run_with_limit(Duration::ZERO, |_| std::future::pending::<()>());
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
