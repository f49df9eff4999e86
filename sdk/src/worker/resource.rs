//! Slots as long as the machine has room.

use super::slot::{SlotPermit, SlotRequest, SlotSupplier};
use std::{
    error::Error,
    fmt, fs,
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};
use tokio::sync::Notify;

/// How often the machine is looked at, at most.
const SAMPLE_INTERVAL: Duration = Duration::from_millis(100);
/// How long one who waits for a slot waits before the next look at the machine.
const WAIT: Duration = Duration::from_millis(100);
const SLOTS_MAX: usize = 10_000;

/// How much of the machine is in use, from 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct ResourceUse {
    /// Of the memory.
    pub memory: f64,
    /// Of the processors.
    pub cpu: f64,
}

/// Measures the machine, or the container that is the machine to the worker.
pub trait Resources: Send + Sync + 'static {
    /// How much is in use now. It is asked ten times a second at most.
    fn measure(&self) -> ResourceUse;
}

/// How much of the machine a worker may bring into use.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ResourceTargets {
    memory: f64,
    cpu: f64,
}

impl ResourceTargets {
    /// Shares of memory and processors, above 0 and up to 1.
    ///
    /// # Errors
    /// One of them is no such share.
    pub fn new(memory: f64, cpu: f64) -> Result<Self, ResourceError> {
        for (what, share) in [("memory", memory), ("cpu", cpu)] {
            if !(share > 0.0 && share <= 1.0) {
                return Err(ResourceError(format!(
                    "the target of {what} is {share}, it must be above 0 and at most 1"
                )));
            }
        }
        Ok(Self { memory, cpu })
    }
}

/// Why slots can't be given out by what the machine has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResourceError(String);

impl fmt::Display for ResourceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for ResourceError {}

/// Slots as long as the machine has room, and at least some.
pub struct ResourceSlots {
    sampler: Arc<Sampler>,
    targets: ResourceTargets,
    slots_min: usize,
    slots_max: usize,
    ramp: Duration,
    given: Mutex<Given>,
    released: Notify,
}

#[derive(Default)]
struct Given {
    slots: usize,
    last: Option<Instant>,
}

impl ResourceSlots {
    /// Slots by what the system says of itself: on Linux.
    ///
    /// # Errors
    /// The system does not say it the way Linux does; see [`measured_by`](Self::measured_by).
    pub fn new(targets: ResourceTargets) -> Result<Self, ResourceError> {
        Ok(Self::measured_by(SystemResources::new()?, targets))
    }

    /// Slots by what somebody else measures.
    #[must_use]
    pub fn measured_by(resources: impl Resources, targets: ResourceTargets) -> Self {
        let sampler = Sampler {
            resources: Box::new(resources),
            last: Mutex::new(None),
        };
        Self::over(Arc::new(sampler), targets)
    }

    /// Others that share the measurements.
    #[must_use]
    pub fn sharing(&self) -> Self {
        Self::over(Arc::clone(&self.sampler), self.targets)
    }

    fn over(sampler: Arc<Sampler>, targets: ResourceTargets) -> Self {
        Self {
            sampler,
            targets,
            slots_min: 1,
            slots_max: SLOTS_MAX,
            ramp: Duration::ZERO,
            given: Mutex::default(),
            released: Notify::new(),
        }
    }

    /// So many slots are there whatever the machine says: 1, if this is not called.
    #[must_use]
    pub fn at_least(mut self, slots: usize) -> Self {
        self.slots_min = slots.max(1);
        self
    }

    /// Never more slots than so many: 10,000, if this is not called.
    #[must_use]
    pub fn at_most(mut self, slots: usize) -> Self {
        self.slots_max = slots.max(1);
        self
    }

    /// How much time passes between two slots above the minimum, so that what the first one costs is seen: none, if this
    /// is not called.
    #[must_use]
    pub fn ramp(mut self, interval: Duration) -> Self {
        self.ramp = interval;
        self
    }

    fn give(&self) -> Option<SlotPermit> {
        let mut given = self.given();
        let now = Instant::now();
        if given.slots >= self.slots_min {
            let is_too_early = given.last.is_some_and(|last| now.duration_since(last) < self.ramp);
            let usage = self.sampler.sample(now);
            let is_full = usage.memory >= self.targets.memory || usage.cpu >= self.targets.cpu;
            if given.slots >= self.slots_max || is_too_early || is_full {
                return None;
            }
        }
        given.slots = given.slots.saturating_add(1);
        given.last = Some(now);
        Some(SlotPermit::new())
    }

    fn given(&self) -> MutexGuard<'_, Given> {
        self.given.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl SlotSupplier for ResourceSlots {
    fn reserve<'a>(&'a self, _request: &'a SlotRequest) -> Pin<Box<dyn Future<Output = SlotPermit> + Send + 'a>> {
        Box::pin(async {
            loop {
                if let Some(permit) = self.give() {
                    return permit;
                }
                let wait = if self.ramp.is_zero() { WAIT } else { self.ramp };
                let _ = tokio::time::timeout(wait, self.released.notified()).await;
            }
        })
    }

    fn try_reserve(&self, _request: &SlotRequest) -> Option<SlotPermit> {
        self.give()
    }

    fn release(&self, _permit: SlotPermit) {
        let mut given = self.given();
        given.slots = given.slots.saturating_sub(1);
        drop(given);
        self.released.notify_one();
    }

    fn name(&self) -> &'static str {
        "ResourceBased"
    }
}

/// Measures no more often than is useful.
struct Sampler {
    resources: Box<dyn Resources>,
    last: Mutex<Option<(Instant, ResourceUse)>>,
}

impl Sampler {
    fn sample(&self, now: Instant) -> ResourceUse {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        match *last {
            Some((at, usage)) if now.duration_since(at) < SAMPLE_INTERVAL => usage,
            _ => {
                let usage = self.resources.measure();
                *last = Some((now, usage));
                usage
            }
        }
    }
}

/// The machine as Linux describes it: a container's limits, where there are some, else the whole system.
#[derive(Debug)]
pub struct SystemResources {
    last: Mutex<CpuTime>,
}

/// Time of processors, in any unit: in use, and in all.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
struct CpuTime {
    busy: f64,
    total: f64,
}

impl SystemResources {
    /// # Errors
    /// There is no `/proc/meminfo` and `/proc/stat` as on Linux.
    pub fn new() -> Result<Self, ResourceError> {
        let missing = || {
            ResourceError(
                "memory and processors are measured as on Linux, which this system does not allow; implement `Resources`, \
                 or use fixed numbers"
                    .to_owned(),
            )
        };
        memory(&read("/proc/meminfo"), None).ok_or_else(missing)?;
        let last = cpu_time(&read("/proc/stat")).ok_or_else(missing)?;
        Ok(Self { last: Mutex::new(last) })
    }
}

impl Resources for SystemResources {
    fn measure(&self) -> ResourceUse {
        let container = container_memory(
            &read("/sys/fs/cgroup/memory.current"),
            &read("/sys/fs/cgroup/memory.max"),
        );
        let now = cpu_time(&read("/proc/stat")).unwrap_or_default();
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let passed = now.total - last.total;
        let cpu = if passed > 0.0 {
            (now.busy - last.busy) / passed
        } else {
            0.0
        };
        *last = now;
        ResourceUse {
            memory: memory(&read("/proc/meminfo"), container).unwrap_or_default(),
            cpu: cpu.clamp(0.0, 1.0),
        }
    }
}

fn read(path: &str) -> String {
    fs::read_to_string(path).unwrap_or_default()
}

/// The share of memory in use: the larger one of the system's and the container's.
fn memory(meminfo: &str, container: Option<f64>) -> Option<f64> {
    let field = |name: &str| -> Option<f64> {
        let line = meminfo.lines().find_map(|line| line.strip_prefix(name))?;
        line.split_whitespace().next()?.parse().ok()
    };
    let (total, available) = (field("MemTotal:")?, field("MemAvailable:")?);
    let system = if total > 0.0 { 1.0 - available / total } else { 0.0 };
    Some(container.map_or(system, |container| container.max(system)))
}

fn container_memory(current: &str, max: &str) -> Option<f64> {
    let (current, max): (f64, f64) = (current.trim().parse().ok()?, max.trim().parse().ok()?);
    (max > 0.0).then_some(current / max)
}

/// The first line of `/proc/stat`: times of user, nice, system, idle, iowait and so on.
fn cpu_time(stat: &str) -> Option<CpuTime> {
    let line = stat.lines().next()?.strip_prefix("cpu ")?;
    let times: Vec<f64> = line.split_whitespace().map_while(|time| time.parse().ok()).collect();
    let idle: f64 = times.get(3..5)?.iter().sum();
    // The first eight; what guests take is in the first two already.
    let total: f64 = times.iter().take(8).sum();
    Some(CpuTime {
        busy: total - idle,
        total,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::worker::slot::SlotKind;

    struct Machine(Arc<Mutex<ResourceUse>>);

    impl Resources for Machine {
        fn measure(&self) -> ResourceUse {
            *self.0.lock().unwrap()
        }
    }

    fn request() -> SlotRequest {
        SlotRequest {
            kind: SlotKind::Activity,
            task_queue: "queue".to_owned(),
            is_sticky: false,
            held: 0,
        }
    }

    fn slots(memory: f64, cpu: f64) -> ResourceSlots {
        let machine = Machine(Arc::new(Mutex::new(ResourceUse { memory, cpu })));
        ResourceSlots::measured_by(machine, ResourceTargets::new(0.8, 0.9).unwrap())
    }

    fn take_all(slots: &ResourceSlots) -> usize {
        std::iter::from_fn(|| slots.try_reserve(&request())).take(100).count()
    }

    #[test]
    fn there_are_slots_as_long_as_there_is_room() {
        assert_eq!(take_all(&slots(0.5, 0.5)), 100);
        assert_eq!(take_all(&slots(0.5, 0.5).at_most(7)), 7);
    }

    #[test]
    fn others_that_share_the_measurements_have_their_own_number() {
        let machine = Arc::new(Mutex::new(ResourceUse { memory: 0.5, cpu: 0.5 }));
        let targets = ResourceTargets::new(0.8, 0.9).unwrap();
        let few = ResourceSlots::measured_by(Machine(machine), targets).at_most(7);
        let others = few.sharing();
        assert!(Arc::ptr_eq(&few.sampler, &others.sampler));
        assert_eq!((take_all(&few), take_all(&others)), (7, 100));
    }

    #[test]
    fn a_full_machine_gives_the_least_that_was_promised() {
        assert_eq!(take_all(&slots(0.85, 0.1).at_least(3)), 3);
        assert_eq!(take_all(&slots(0.1, 0.95)), 1);
    }

    #[test]
    fn the_next_slot_waits_until_the_last_one_shows() {
        assert_eq!(take_all(&slots(0.1, 0.1).ramp(Duration::from_secs(3600))), 1);
    }

    #[tokio::test]
    async fn who_waits_is_told_when_a_slot_is_free() {
        let slots = Arc::new(slots(0.9, 0.9));
        let first = slots.try_reserve(&request()).unwrap();
        let waiting = tokio::spawn({
            let slots = Arc::clone(&slots);
            async move { slots.reserve(&request()).await }
        });
        tokio::task::yield_now().await;
        slots.release(first);
        waiting.await.unwrap();
    }

    #[test]
    fn what_linux_says_is_understood() {
        let meminfo = "MemTotal:       1000 kB\nMemFree:         100 kB\nMemAvailable:    250 kB\n";
        assert_eq!(memory(meminfo, None), Some(0.75));
        assert_eq!(memory(meminfo, container_memory("95\n", "100\n")), Some(0.95));
        assert_eq!(container_memory("95\n", "max\n"), None);
        let stat = "cpu  10 0 20 60 10 0 0 0 0 0\ncpu0 1 2 3\n";
        assert_eq!(
            cpu_time(stat),
            Some(CpuTime {
                busy: 30.0,
                total: 100.0
            })
        );
        assert_eq!(cpu_time(""), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn this_machine_can_be_measured() {
        let usage = SystemResources::new().unwrap().measure();
        assert!(usage.memory > 0.0 && usage.memory < 1.0, "{usage:?}");
    }

    #[test]
    fn targets_are_shares() {
        assert!(ResourceTargets::new(0.0, 0.5).is_err());
        assert!(
            ResourceTargets::new(0.5, 1.5)
                .unwrap_err()
                .to_string()
                .contains("cpu is 1.5")
        );
        assert!(ResourceTargets::new(f64::NAN, 0.5).is_err());
    }
}
