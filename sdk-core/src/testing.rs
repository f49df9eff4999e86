//! Tools for tests: histories written event by event, and workflows made of closures.

mod future;
mod history_builder;
mod script;

pub use future::{
    Awaiting, activity, activity_with, cancel_external, child, local_activity, local_activity_with, signal_external,
    timer, wait_until,
};
pub use history_builder::{HistoryBuilder, fields};
pub use script::{Script, Scripts, State};

use steadfast_proto::common::{Payload, Payloads};

/// One value as JSON, in the form in which arguments and results travel.
#[must_use]
pub fn json(value: &serde_json::Value) -> Payloads {
    Payloads {
        payloads: vec![Payload::encoded("json/plain", value.to_string())],
    }
}
