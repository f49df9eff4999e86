//! Standalone Nexus operations: operations that no workflow calls.
//!
//! ```no_run
//! # use steadfast::{client::Client, prelude::*};
//! # async fn example(client: Client) -> Result<(), Box<dyn std::error::Error>> {
//! let greeting = client
//!     .start_nexus_operation("greetings", "GreetingService", "greet", "Ada")
//!     .id("greet-ada")
//!     .schedule_to_close_timeout(minutes(1))
//!     .await?;
//! println!("{:?}", greeting.describe().await?.status());
//! assert_eq!(greeting.result::<String>().await?, "Hello, Ada!");
//! # Ok(())
//! # }
//! ```

mod description;
mod handle;
mod list;
mod start;

pub use description::NexusOperationDescription;
pub use handle::NexusOperationHandle;
pub use list::{NexusOperationList, NexusOperationSummary};
pub use start::StartNexusOperationCall;
pub use steadfast_proto::enums::{
    NexusOperationExecutionStatus as NexusOperationStatus, NexusOperationIdConflictPolicy, NexusOperationIdReusePolicy,
};

use super::{Client, RpcError, WorkflowCount};
use serde::Serialize;

/// Standalone Nexus operations. Servers have them switched off, unless they say otherwise.
impl Client {
    /// Starts an operation of a Nexus service, all known by name, when awaited, and returns its handle. No workflow is needed.
    #[allow(clippy::needless_pass_by_value)] // the input is given away, as by a call
    pub fn start_nexus_operation<I: Serialize + 'static>(
        &self,
        endpoint: impl Into<String>,
        service: impl Into<String>,
        operation: impl Into<String>,
        input: I,
    ) -> StartNexusOperationCall {
        let input = self.converter().encode(&input);
        StartNexusOperationCall::new(self, [endpoint.into(), service.into(), operation.into()], input)
    }

    /// A handle to a standalone Nexus operation that exists, or will. Nothing is asked of the server yet.
    pub fn nexus_operation(&self, id: impl Into<String>) -> NexusOperationHandle {
        NexusOperationHandle::new(self.clone(), id.into(), String::new())
    }

    /// The standalone Nexus operations that a visibility query finds, such as `Endpoint = 'greetings'`; all of them for an empty
    /// one.
    pub fn list_nexus_operations(&self, query: impl Into<String>) -> NexusOperationList {
        NexusOperationList::new(self.clone(), query.into())
    }

    /// How many standalone Nexus operations a visibility query finds.
    ///
    /// # Errors
    /// The query is malformed, or the call fails.
    pub async fn count_nexus_operations(&self, query: impl Into<String>) -> Result<u64, RpcError> {
        Ok(list::counted(self, query.into()).await?.count)
    }

    /// How many standalone Nexus operations a visibility query finds, for each value of the attribute that it groups them by:
    /// `GROUP BY ExecutionStatus`. Empty for a query without `GROUP BY`.
    ///
    /// # Errors
    /// The query is malformed, or the call fails.
    pub async fn count_nexus_operation_groups(&self, query: impl Into<String>) -> Result<Vec<WorkflowCount>, RpcError> {
        Ok(list::counted(self, query.into()).await?.groups)
    }
}
