//! Which tasks come first.

use steadfast_proto::common;

/// Which of several tasks in a queue come first: those of a better priority; among equals, those whose key has had less than its share.
///
/// Children and activities take over what their workflow has, as far as nothing is set.
///
/// ```
/// use steadfast::Priority;
///
/// let urgent = Priority::new(1);
/// let fair = Priority::new(3).fairness_key("tenant-7").fairness_weight(2.5);
/// # let _ = (urgent, fair);
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
#[must_use]
pub struct Priority {
    key: u32,
    fairness_key: String,
    fairness_weight: f32,
}

impl Priority {
    /// A priority from 1, the highest, to 5. Tasks without one have 3; 0 takes over what the workflow has.
    pub fn new(key: u32) -> Self {
        Self { key, ..Self::default() }
    }

    /// Whose share this counts towards: a tenant, say. At most 64 bytes.
    pub fn fairness_key(mut self, key: impl Into<String>) -> Self {
        self.fairness_key = key.into();
        self
    }

    /// How large the key's share is, compared to others: 1, if this is not called; from 0.001 to 1000.
    pub fn fairness_weight(mut self, weight: f32) -> Self {
        self.fairness_weight = weight;
        self
    }
}

impl From<u32> for Priority {
    fn from(key: u32) -> Self {
        Self::new(key)
    }
}

impl From<Priority> for common::Priority {
    fn from(priority: Priority) -> Self {
        Self {
            priority_key: i32::try_from(priority.key).unwrap_or(i32::MAX),
            fairness_key: priority.fairness_key,
            fairness_weight: priority.fairness_weight,
        }
    }
}
