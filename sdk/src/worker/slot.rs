//! Slots: how much a worker takes on at the same time. One is held before a poll is sent, and until its task is done.

use std::{
    any::Any,
    fmt,
    future::Future,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};
use tokio::sync::Semaphore;

/// What a slot is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SlotKind {
    /// A workflow task.
    WorkflowTask,
    /// An activity.
    Activity,
    /// A request to a Nexus operation.
    NexusTask,
}

/// Who asks for a slot.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SlotRequest {
    /// What it is for.
    pub kind: SlotKind,
    /// The worker's task queue.
    pub task_queue: String,
    /// The poll is of a sticky queue, for workflows in the cache. Both kinds of queues must get slots, or workflows stand
    /// still.
    pub is_sticky: bool,
    /// How many slots of this kind the worker holds. With none the worker does nothing at all.
    pub held: usize,
}

/// What a slot is used for, known once a poll has brought a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct SlotUse<'a> {
    /// What it is for.
    pub kind: SlotKind,
    /// The type of the workflow or activity; the service of a Nexus operation.
    pub type_name: &'a str,
    /// The id of the workflow, also of an activity's; empty for a Nexus operation.
    pub workflow_id: &'a str,
}

/// A slot that was given out. The supplier may keep a value in it.
#[derive(Default)]
pub struct SlotPermit(Option<Box<dyn Any + Send>>);

impl SlotPermit {
    /// A slot.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A slot with a value of the supplier's.
    #[must_use]
    pub fn with<T: Any + Send>(value: T) -> Self {
        Self(Some(Box::new(value)))
    }

    /// The value, if it is a `T`.
    #[must_use]
    pub fn value<T: Any>(&self) -> Option<&T> {
        self.0.as_ref()?.downcast_ref()
    }

    /// The value, if it is a `T`.
    pub fn value_mut<T: Any>(&mut self) -> Option<&mut T> {
        self.0.as_mut()?.downcast_mut()
    }
}

impl fmt::Debug for SlotPermit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SlotPermit").finish()
    }
}

/// Gives out slots. A worker asks before each poll, and gives the slot back when the poll brought nothing or its task is
/// done.
///
/// Most workers need no more than [`max_concurrent_activities`](super::Worker::max_concurrent_activities) and
/// [`max_concurrent_workflow_tasks`](super::Worker::max_concurrent_workflow_tasks).
pub trait SlotSupplier: Send + Sync + 'static {
    /// Waits until there is a slot. The future may be dropped before it is ready.
    fn reserve<'a>(&'a self, request: &'a SlotRequest) -> Pin<Box<dyn Future<Output = SlotPermit> + Send + 'a>>;

    /// A slot, if there is one now.
    fn try_reserve(&self, request: &SlotRequest) -> Option<SlotPermit>;

    /// A poll has brought a task for the slot.
    fn used(&self, permit: &mut SlotPermit, slot_use: &SlotUse<'_>) {
        let _ = (permit, slot_use);
    }

    /// The slot is free again.
    fn release(&self, permit: SlotPermit);

    /// How many slots there are now, if that is known; shown by tools.
    fn available(&self) -> Option<usize> {
        None
    }

    /// What tools call this way of giving out slots.
    fn name(&self) -> &'static str {
        "Custom"
    }
}

/// A fixed number of slots.
#[derive(Debug)]
pub struct FixedSlots(Semaphore);

impl FixedSlots {
    /// So many slots, at least one.
    #[must_use]
    pub fn new(slots: usize) -> Self {
        Self(Semaphore::new(slots.clamp(1, Semaphore::MAX_PERMITS)))
    }
}

impl SlotSupplier for FixedSlots {
    fn reserve<'a>(&'a self, _request: &'a SlotRequest) -> Pin<Box<dyn Future<Output = SlotPermit> + Send + 'a>> {
        Box::pin(async {
            // It is never closed.
            if let Ok(permit) = self.0.acquire().await {
                permit.forget();
            }
            SlotPermit::new()
        })
    }

    fn try_reserve(&self, _request: &SlotRequest) -> Option<SlotPermit> {
        self.0.try_acquire().ok()?.forget();
        Some(SlotPermit::new())
    }

    fn release(&self, _permit: SlotPermit) {
        self.0.add_permits(1);
    }

    fn available(&self) -> Option<usize> {
        Some(self.0.available_permits())
    }

    fn name(&self) -> &'static str {
        "Fixed"
    }
}

/// The slots of one kind, of one worker.
#[derive(Clone)]
pub(super) struct Slots(Arc<Inner>);

struct Inner {
    supplier: Arc<dyn SlotSupplier>,
    kind: SlotKind,
    task_queue: String,
    held: AtomicUsize,
}

impl Slots {
    pub(super) fn new(supplier: Arc<dyn SlotSupplier>, kind: SlotKind, task_queue: String) -> Self {
        Self(Arc::new(Inner {
            supplier,
            kind,
            task_queue,
            held: AtomicUsize::new(0),
        }))
    }

    pub(super) async fn reserve(&self, is_sticky: bool) -> HeldSlot {
        let request = self.request(is_sticky);
        self.held(self.0.supplier.reserve(&request).await)
    }

    pub(super) fn try_reserve(&self) -> Option<HeldSlot> {
        let permit = self.0.supplier.try_reserve(&self.request(false))?;
        Some(self.held(permit))
    }

    fn request(&self, is_sticky: bool) -> SlotRequest {
        SlotRequest {
            kind: self.0.kind,
            task_queue: self.0.task_queue.clone(),
            is_sticky,
            held: self.0.held.load(Ordering::Relaxed),
        }
    }

    fn held(&self, permit: SlotPermit) -> HeldSlot {
        self.0.held.fetch_add(1, Ordering::Relaxed);
        HeldSlot {
            slots: self.clone(),
            permit,
        }
    }
}

/// A slot that goes back when it is dropped.
pub(super) struct HeldSlot {
    slots: Slots,
    permit: SlotPermit,
}

impl HeldSlot {
    pub(super) fn use_for(&mut self, type_name: &str, workflow_id: &str) {
        let inner = &self.slots.0;
        inner.supplier.used(
            &mut self.permit,
            &SlotUse {
                kind: inner.kind,
                type_name,
                workflow_id,
            },
        );
    }
}

impl Drop for HeldSlot {
    fn drop(&mut self) {
        let inner = &self.slots.0;
        inner.held.fetch_sub(1, Ordering::Relaxed);
        inner.supplier.release(std::mem::take(&mut self.permit));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;

    fn slots(supplier: Arc<dyn SlotSupplier>) -> Slots {
        Slots::new(supplier, SlotKind::Activity, "queue".to_owned())
    }

    #[tokio::test]
    async fn a_fixed_number_of_slots_is_given_out_and_taken_back() {
        let slots = slots(Arc::new(FixedSlots::new(2)));
        let (first, second) = (slots.reserve(false).await, slots.try_reserve());
        assert!(second.is_some() && slots.try_reserve().is_none());
        drop(first);
        assert!(slots.try_reserve().is_some());
    }

    #[tokio::test]
    async fn who_waits_for_a_slot_gets_the_next_one() {
        let slots = slots(Arc::new(FixedSlots::new(1)));
        let first = slots.reserve(false).await;
        let waiting = tokio::spawn({
            let slots = slots.clone();
            async move { drop(slots.reserve(true).await) }
        });
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        drop(first);
        waiting.await.unwrap();
    }

    /// Writes down what it is told.
    #[derive(Default)]
    struct Told(Mutex<Vec<String>>);

    impl SlotSupplier for Told {
        fn reserve<'a>(&'a self, request: &'a SlotRequest) -> Pin<Box<dyn Future<Output = SlotPermit> + Send + 'a>> {
            self.0.lock().unwrap().push(format!("reserve, {} held", request.held));
            Box::pin(std::future::ready(SlotPermit::with(7_u32)))
        }

        fn try_reserve(&self, _request: &SlotRequest) -> Option<SlotPermit> {
            None
        }

        fn used(&self, permit: &mut SlotPermit, slot_use: &SlotUse<'_>) {
            *permit.value_mut::<u32>().unwrap() += 1;
            self.0
                .lock()
                .unwrap()
                .push(format!("{} of {}", slot_use.type_name, slot_use.workflow_id));
        }

        fn release(&self, permit: SlotPermit) {
            let value = permit.value::<u32>().unwrap();
            self.0.lock().unwrap().push(format!("release {value}"));
        }
    }

    #[tokio::test]
    async fn a_supplier_is_told_what_its_slots_are_used_for() {
        let told = Arc::new(Told::default());
        let slots = slots(told.clone());
        let mut slot = slots.reserve(false).await;
        slot.use_for("greet", "workflow");
        drop(slots.reserve(false).await);
        drop(slot);
        assert_eq!(
            *told.0.lock().unwrap(),
            [
                "reserve, 0 held",
                "greet of workflow",
                "reserve, 1 held",
                "release 7",
                "release 8"
            ]
        );
    }
}
