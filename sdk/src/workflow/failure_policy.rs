//! What fails a workflow, and what its workflow task alone.

/// What is to fail when something goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fails {
    /// The workflow: it is closed, as failed.
    Workflow,
    /// The workflow task alone: the server tries it again, until code that is mended gets through.
    Task,
}

/// What fails a workflow, and what its workflow task alone. A worker has one
/// ([`Worker::failure_policy`](crate::Worker::failure_policy)), and each workflow may say otherwise:
///
/// ```
/// use steadfast::{prelude::*, workflow::{FailurePolicy, Fails}};
///
/// #[derive(Default)]
/// struct Import;
///
/// #[workflow(mismatch = "fail_workflow", panic = "fail_workflow", untyped_error = "fail_task")]
/// impl Import {
///     #[run]
///     async fn run(ctx: WorkflowContext<Self>, number: String) -> WorkflowResult<u32> {
///         Ok(number.parse()?) // fails the task: not an error that anybody thought of
///     }
/// }
///
/// # fn example(client: Client) {
/// let policy = FailurePolicy::new().panic(Fails::Workflow); // for the others
/// let worker = Worker::new(&client, "imports").workflow::<Import>().failure_policy(policy);
/// # }
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FailurePolicy {
    mismatch: Option<Fails>,
    panic: Option<Fails>,
    untyped_error: Option<Fails>,
}

impl FailurePolicy {
    /// A mismatch and a panic fail the task, every error fails the workflow.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            mismatch: None,
            panic: None,
            untyped_error: None,
        }
    }

    /// What fails when the code is not the one that made the history, or isn't deterministic: the task, if this is not called.
    #[must_use]
    pub const fn mismatch(mut self, fails: Fails) -> Self {
        self.mismatch = Some(fails);
        self
    }

    /// What fails when code panics: the task, if this is not called.
    #[must_use]
    pub const fn panic(mut self, fails: Fails) -> Self {
        self.panic = Some(fails);
        self
    }

    /// What fails when `?` passes on an error that nobody made a failure of on purpose: the workflow, if this is not called.
    ///
    /// Errors with `#[derive(ApplicationError)]`, those that are made by `WorkflowError::new`, and failures of activities, children,
    /// Nexus operations and the like always fail the workflow.
    #[must_use]
    pub const fn untyped_error(mut self, fails: Fails) -> Self {
        self.untyped_error = Some(fails);
        self
    }

    /// What this policy says, or else the other one.
    pub(crate) fn or(self, other: Self) -> Self {
        Self {
            mismatch: self.mismatch.or(other.mismatch),
            panic: self.panic.or(other.panic),
            untyped_error: self.untyped_error.or(other.untyped_error),
        }
    }

    pub(crate) fn of_task_failures(self) -> steadfast_core::FailurePolicy {
        steadfast_core::FailurePolicy {
            mismatch: self.mismatch == Some(Fails::Workflow),
            panic: self.panic == Some(Fails::Workflow),
        }
    }

    pub(super) fn untyped_error_fails_task(self) -> bool {
        self.untyped_error == Some(Fails::Task)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_workflow_s_own_policy_comes_before_its_worker_s() {
        let own = FailurePolicy::new().mismatch(Fails::Task);
        let worker = FailurePolicy::new().mismatch(Fails::Workflow).panic(Fails::Workflow);
        let both = own.or(worker).of_task_failures();
        assert_eq!((both.mismatch, both.panic), (false, true));
        assert!(!own.or(worker).untyped_error_fails_task());
    }

    #[test]
    fn an_untyped_error_fails_the_workflow_unless_the_policy_says_the_task() {
        let task = FailurePolicy::new().untyped_error(Fails::Task);
        let workflow = FailurePolicy::new().untyped_error(Fails::Workflow);
        assert!(task.untyped_error_fails_task());
        assert!(FailurePolicy::new().or(task).untyped_error_fails_task());
        assert!(!workflow.or(task).untyped_error_fails_task());
    }
}
