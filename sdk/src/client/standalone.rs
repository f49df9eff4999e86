//! What handles and facts of standalone activities and of standalone Nexus operations have in common.

use super::{Client, new_id};
use std::fmt;

/// What a handle is about: an id, and maybe one run of it.
#[derive(Clone)]
pub(super) struct Execution {
    pub(super) client: Client,
    pub(super) id: String,
    /// The run that everything goes to; the latest one if it is empty.
    pub(super) run_id: String,
}

impl Execution {
    pub(super) fn run_id(&self) -> Option<&str> {
        Some(self.run_id.as_str()).filter(|id| !id.is_empty())
    }

    pub(super) fn with_run_id(&self, run_id: String) -> Self {
        Self { run_id, ..self.clone() }
    }

    pub(super) fn namespace(&self) -> String {
        self.client.namespace().to_owned()
    }

    pub(super) fn identity(&self) -> String {
        self.client.identity().to_owned()
    }

    /// As a handle of this name shows it.
    pub(super) fn fmt_as(&self, name: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct(name)
            .field("id", &self.id)
            .field("run_id", &self.run_id())
            .finish_non_exhaustive()
    }
}

/// New ids in place of those that nobody gave.
pub(super) fn fill_ids(ids: [&mut String; 2]) {
    for id in ids {
        if id.is_empty() {
            *id = new_id();
        }
    }
}

/// What is known from a description and from a list, of messages that have the same fields.
macro_rules! execution_facts {
    ($name:ident, $id:ident, $status:ty) => {
        impl $name {
            /// The id that its handle has.
            #[must_use]
            pub fn id(&self) -> &str {
                &self.info.$id
            }

            /// The run's id.
            #[must_use]
            pub fn run_id(&self) -> &str {
                &self.info.run_id
            }

            /// Whether it runs, and if not, how it ended.
            #[must_use]
            pub fn status(&self) -> $status {
                self.info.status()
            }

            /// When it was started.
            #[must_use]
            pub fn schedule_time(&self) -> Option<std::time::SystemTime> {
                self.info
                    .schedule_time
                    .as_ref()
                    .and_then(steadfast_proto::system_time)
            }

            /// When it ended, if it did.
            #[must_use]
            pub fn close_time(&self) -> Option<std::time::SystemTime> {
                self.info
                    .close_time
                    .as_ref()
                    .and_then(steadfast_proto::system_time)
            }

            /// The value of a search attribute, `None` if it is not set.
            ///
            /// # Errors
            /// It is of another type than the key says.
            pub fn search_attribute<T: $crate::search_attribute::SearchAttributeValue>(
                &self,
                key: &$crate::search_attribute::SearchAttributeKey<T>,
            ) -> Result<Option<T>, $crate::convert::DecodeError> {
                key.among(self.info.search_attributes.as_ref())
            }
        }
    };
}

pub(super) use execution_facts;
