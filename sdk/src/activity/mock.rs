//! Activities that a test makes up.

use super::Activity;
use crate::worker::{RawActivity, raw_activity};
use std::{
    cell::Cell,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
};
use steadfast_proto::failure::Failure;

/// Made-up activities by name.
#[doc(hidden)]
pub type MockSet = Vec<(&'static str, RawActivity)>;

thread_local! {
    /// The attempt that the mock at hand is called for.
    static ATTEMPT: Cell<u32> = const { Cell::new(0) };
    /// Whether the mock that was called last on this thread never completes.
    static IS_ENDLESS: Cell<bool> = const { Cell::new(false) };
}

/// How a mock says that it never completes.
struct NeverCompletes;

/// Within the closure of a mock: which attempt of the activity this is, counted from one. 0 elsewhere.
///
/// ```
/// # use steadfast::prelude::*;
/// use steadfast::testing::{TestEnv, attempt};
///
/// # #[activity(start_to_close_timeout = "5s")]
/// # async fn charge(cents: u64) -> Result<String, ActivityError> { Ok(format!("{cents}")) }
/// # fn example(env: TestEnv) -> Worker {
/// env.worker("orders").mock::<charge>(|_cents| match attempt() {
///     1 | 2 => Err(ActivityError::new("busy")),
///     _ => Ok("receipt".to_owned()),
/// })
/// # }
/// ```
#[must_use]
pub fn attempt() -> u32 {
    ATTEMPT.get()
}

/// Within the closure of a mock: the activity, or the workflow, never completes. What comes of it is a time-out or a
/// cancellation, for which a [`TestEnv`](crate::testing::TestEnv) lets virtual time pass.
///
/// ```
/// # use steadfast::prelude::*;
/// use steadfast::testing::{TestEnv, never_completes};
///
/// # #[activity(start_to_close_timeout = "5s")]
/// # async fn charge(cents: u64) -> Result<String, ActivityError> { Ok(format!("{cents}")) }
/// # fn example(env: TestEnv) -> Worker {
/// env.worker("orders").mock::<charge>(|_cents| never_completes())
/// # }
/// ```
///
/// # Panics
/// Always, which is how it leaves the closure; where no mock is called the test fails.
pub fn never_completes() -> ! {
    resume_unwind(Box::new(NeverCompletes))
}

/// Calls a mock's closure; `None` if it never completes.
pub(crate) fn answer<T>(attempt: u32, mock: impl FnOnce() -> T) -> Option<T> {
    let outer = ATTEMPT.replace(attempt);
    let answer = catch_unwind(AssertUnwindSafe(mock));
    ATTEMPT.set(outer);
    let answer = match answer {
        Ok(answer) => Some(answer),
        Err(panic) if panic.is::<NeverCompletes>() => None,
        Err(panic) => resume_unwind(panic),
    };
    IS_ENDLESS.set(answer.is_none());
    answer
}

/// Whether the mock that was called last on this thread never completes.
pub(crate) fn is_endless() -> bool {
    IS_ENDLESS.get()
}

/// A made-up activity: a closure on the input.
#[doc(hidden)]
pub fn mock_activity<A: Activity>(
    activity: impl Fn(A::Input) -> Result<A::Output, A::Error> + Send + Sync + 'static,
) -> RawActivity {
    raw_activity::<A>(
        move |context, input| match answer(context.info().attempt, || activity(input)) {
            Some(result) => {
                let result = result.map_err(|error| A::failure(error, context.converter()));
                Box::pin(std::future::ready(result))
            }
            None => Box::pin(async move {
                context.cancelled().await;
                Err(Failure::cancelled("the mock was told to stop"))
            }),
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mock_knows_its_attempt_and_nobody_else_does() {
        assert_eq!(answer(3, attempt), Some(3));
        assert_eq!(attempt(), 0);
    }

    #[test]
    fn a_mock_that_never_completes_gives_no_answer() {
        assert_eq!(answer(1, || -> u32 { never_completes() }), None);
        assert!(is_endless());
        assert_eq!(answer(1, || 7), Some(7));
        assert!(!is_endless());
    }

    #[test]
    #[should_panic(expected = "as mocks may")]
    fn a_mock_may_panic() {
        answer(1, || panic!("as mocks may"));
    }
}
