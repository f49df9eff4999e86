//! Standalone activities: activities that no workflow calls.
//!
//! ```no_run
//! use steadfast::{client::{Client, Code}, prelude::*};
//!
//! #[activity]
//! async fn send_email(to: String) -> Result<u32, ActivityError> {
//! #   let _ = to;
//!     Ok(250)
//! }
//!
//! # async fn example(client: Client) -> Result<(), Box<dyn std::error::Error>> {
//! let email = client
//!     .start_activity::<send_email>("ada@example.com".to_owned())
//!     .id("welcome-ada")
//!     .task_queue("emails")
//!     .start_to_close_timeout(secs(30))
//!     .await?;
//! println!("{:?}", email.describe().await?.status());
//! assert_eq!(email.result().await?, 250);
//! # Ok(())
//! # }
//! ```

mod description;
mod handle;
mod list;
mod start;

pub use description::ActivityDescription;
pub use handle::{ActivityHandle, ActivityResultCall, CancelActivityCall};
pub use list::{ActivityList, ActivitySummary};
pub use start::{ExecuteActivity, StartActivity, StartActivityCall};
pub use steadfast_proto::enums::{
    ActivityExecutionStatus as ActivityStatus, ActivityIdConflictPolicy, ActivityIdReusePolicy,
};

use super::{Client, RpcError, TaskQueueMissing, WorkflowCount};
use crate::{
    activity::{Activity, ActivityOptions, CloseTimeoutMissing},
    checks::called,
    convert::{Arguments, Data},
};

/// Standalone activities.
impl Client {
    /// Starts an activity that no workflow calls when awaited, and returns its handle.
    #[allow(clippy::needless_pass_by_value)] // the input is given away, as by a call
    pub fn start_activity<A: Activity>(
        &self,
        input: A::Input,
    ) -> StartActivityCall<A::Output, TaskQueueMissing, A::Timeout, StartActivity> {
        let input = A::encode(&input, self.converter());
        StartActivityCall::new(self, const { called(A::NAME) }, input, &A::defaults())
    }

    /// Starts an activity that no workflow calls when awaited, and waits for its result.
    #[allow(clippy::needless_pass_by_value)] // the input is given away, as by a call
    pub fn execute_activity<A: Activity>(
        &self,
        input: A::Input,
    ) -> StartActivityCall<A::Output, TaskQueueMissing, A::Timeout, ExecuteActivity> {
        let input = A::encode(&input, self.converter());
        StartActivityCall::new(self, const { called(A::NAME) }, input, &A::defaults())
    }

    /// Starts an activity that is known by its type's name alone; the arguments are a tuple.
    #[allow(clippy::needless_pass_by_value)] // the arguments are given away, as by a call
    pub fn start_activity_untyped<A: Arguments, O: Data>(
        &self,
        activity_type: impl Into<String>,
        arguments: A,
    ) -> StartActivityCall<O, TaskQueueMissing, CloseTimeoutMissing, StartActivity> {
        let input = arguments.to_payloads(self.converter());
        StartActivityCall::new(self, activity_type, input, &ActivityOptions::default())
    }

    /// A handle to a standalone activity that exists, or will; it returns an `O`. Nothing is asked of the server yet.
    pub fn activity<O: Data>(&self, id: impl Into<String>) -> ActivityHandle<O> {
        ActivityHandle::new(self.clone(), id.into(), String::new())
    }

    /// The standalone activities that a visibility query finds, such as `ActivityType = 'send_email'`; all of them for an empty
    /// one.
    pub fn list_activities(&self, query: impl Into<String>) -> ActivityList {
        ActivityList::new(self.clone(), query.into())
    }

    /// How many standalone activities a visibility query finds.
    ///
    /// # Errors
    /// The query is malformed, or the call fails.
    pub async fn count_activities(&self, query: impl Into<String>) -> Result<u64, RpcError> {
        Ok(list::counted(self, query.into()).await?.count)
    }

    /// How many standalone activities a visibility query finds, for each value of the attribute that it groups them by:
    /// `GROUP BY ExecutionStatus`. Empty for a query without `GROUP BY`.
    ///
    /// # Errors
    /// The query is malformed, or the call fails.
    pub async fn count_activity_groups(&self, query: impl Into<String>) -> Result<Vec<WorkflowCount>, RpcError> {
        Ok(list::counted(self, query.into()).await?.groups)
    }
}
