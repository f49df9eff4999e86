//! What most programs name: `use steadfast::prelude::*;`.
//!
//! Names that you define yourself win over these. serde's traits and derives are here too, but the code that the derives
//! write names `serde`, which therefore belongs into your `Cargo.toml` as well.

#[cfg(feature = "server")]
pub use crate::testing::TestEnv;
pub use crate::{
    activity::{ActivityContext, RetryPolicy},
    client::{Client, WorkflowHandle},
    days,
    error::{
        ActivityError, ActivityFailure, ApplicationError, Cancelled, ChildFailure, NexusError, NexusFailure, Rejection,
        UpdateError, WorkflowError, WorkflowResult,
    },
    hours, join, minutes,
    nexus::{NexusContext, StartedOperation},
    search_attribute::SearchAttributeKey,
    secs, select,
    worker::Worker,
    workflow::{ChildHandle, ExternalHandle, HandlerContext, WorkflowContext, join_all, try_join_all},
};
pub use serde::{Deserialize, Serialize};
pub use steadfast_macros::{ApplicationError, activities, activity, nexus_service, workflow};
