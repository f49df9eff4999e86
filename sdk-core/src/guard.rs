//! Calls into code of users.

use crate::TaskFailure;
use std::{
    any::Any,
    panic::{AssertUnwindSafe, catch_unwind},
    task::Waker,
};

/// Calls code of users; a panic is a failure with its text.
pub(crate) fn call<T>(what: &str, code: impl FnOnce() -> T) -> Result<T, TaskFailure> {
    // After a panic the instance is dropped and never used again, so broken invariants can't be seen.
    catch_unwind(AssertUnwindSafe(code)).map_err(|panic| {
        let failure = TaskFailure::new(format!("{what} panicked: {}", text(panic.as_ref())));
        drop_quietly(panic);
        TaskFailure {
            is_panic: true,
            ..failure
        }
    })
}

/// Drops a value of users; a panic in its destructor goes no further.
pub(crate) fn drop_quietly<T>(value: T) {
    if let Err(panic) = catch_unwind(AssertUnwindSafe(|| drop(value))) {
        // A panic's payload may panic when dropped, too; then it is leaked.
        std::mem::forget(panic);
    }
}

/// Wakes wakers, which may be of users' making.
pub(crate) fn wake(wakers: Vec<Waker>) -> Result<(), TaskFailure> {
    if wakers.is_empty() {
        return Ok(());
    }
    call("a waker", || wakers.into_iter().for_each(Waker::wake))
}

fn text(panic: &(dyn Any + Send)) -> String {
    if let Some(text) = panic.downcast_ref::<&str>() {
        (*text).to_owned()
    } else if let Some(text) = panic.downcast_ref::<String>() {
        text.clone()
    } else {
        "(no text)".to_owned()
    }
}
