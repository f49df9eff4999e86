//! How much a worker takes on, for those whom plain numbers are not enough.

use super::{
    options::CONCURRENT_NEXUS_TASKS,
    resource::{ResourceError, ResourceSlots, ResourceTargets},
    slot::{FixedSlots, SlotSupplier},
};
use std::{fmt, sync::Arc, time::Duration};

/// How much a worker takes on: a supplier of slots for each kind of task.
///
/// ```
/// # use steadfast::worker::{FixedSlots, ResourceTargets, Tuner};
/// # fn example() -> Result<(), Box<dyn std::error::Error>> {
/// // As many activities as fit into the machine, and a fixed number of workflow tasks.
/// let tuner = Tuner::resource_based(ResourceTargets::new(0.8, 0.9)?)?.workflow_tasks(FixedSlots::new(50));
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Tuner {
    pub(super) workflow_tasks: Arc<dyn SlotSupplier>,
    pub(super) activities: Arc<dyn SlotSupplier>,
    pub(super) nexus_tasks: Arc<dyn SlotSupplier>,
}

impl Tuner {
    /// Suppliers for workflow tasks and for activities. Nexus operations have 100 slots, unless [`nexus_tasks`](Self::nexus_tasks)
    /// says otherwise.
    #[must_use]
    pub fn new(workflow_tasks: impl SlotSupplier, activities: impl SlotSupplier) -> Self {
        Self {
            workflow_tasks: Arc::new(workflow_tasks),
            activities: Arc::new(activities),
            nexus_tasks: Arc::new(FixedSlots::new(CONCURRENT_NEXUS_TASKS)),
        }
    }

    /// Fixed numbers.
    #[must_use]
    pub fn fixed(workflow_tasks: usize, activities: usize) -> Self {
        Self::new(FixedSlots::new(workflow_tasks), FixedSlots::new(activities))
    }

    /// As much as keeps the machine's memory and processors below targets. The two kinds share the measurements.
    ///
    /// # Errors
    /// The system's use of memory and processors can't be measured.
    pub fn resource_based(targets: ResourceTargets) -> Result<Self, ResourceError> {
        let workflow_tasks = ResourceSlots::new(targets)?.at_least(5).ramp(Duration::ZERO);
        let activities = workflow_tasks.sharing().at_least(1).ramp(Duration::from_millis(50));
        Ok(Self::new(workflow_tasks, activities))
    }

    /// Another supplier for workflow tasks. It should have two slots at least for each thread that works.
    #[must_use]
    pub fn workflow_tasks(mut self, supplier: impl SlotSupplier) -> Self {
        self.workflow_tasks = Arc::new(supplier);
        self
    }

    /// Another supplier for activities.
    #[must_use]
    pub fn activities(mut self, supplier: impl SlotSupplier) -> Self {
        self.activities = Arc::new(supplier);
        self
    }

    /// Another supplier for Nexus operations.
    #[must_use]
    pub fn nexus_tasks(mut self, supplier: impl SlotSupplier) -> Self {
        self.nexus_tasks = Arc::new(supplier);
        self
    }
}

impl fmt::Debug for Tuner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tuner")
            .field("workflow_tasks", &self.workflow_tasks.name())
            .field("activities", &self.activities.name())
            .field("nexus_tasks", &self.nexus_tasks.name())
            .finish()
    }
}
