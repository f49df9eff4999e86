//! A running server: the engine, those who wait for it, and the task that lets time pass.

use crate::engine::{
    Call, Config, Engine, Error, Handled, Limits, Reply, SearchAttributeType, Standstill, Time as Moment, WaiterId,
};
#[cfg(feature = "grpc")]
use crate::engine::{Completion, Outbound};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError, Weak};
use std::time::{Duration, SystemTime};
use steadfast_proto::{
    Services, operatorservice::operator_service_server::OperatorService, testservice::test_service_server::TestService,
    workflowservice::workflow_service_server::WorkflowService,
};
#[cfg(feature = "grpc")]
use tokio::sync::Semaphore;
use tokio::sync::{Notify, oneshot};
use tokio::time::Instant;

/// How a server's time passes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Time {
    /// As everybody's.
    #[default]
    Real,
    /// As everybody's while a worker has something to do; when nothing is left to do and a client waits for something,
    /// it jumps to what is due next.
    Virtual,
}

/// Says what a server is like, and starts it.
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct Builder {
    config: Config,
    time: Time,
    ends_retention: Option<bool>,
    #[cfg(feature = "tls")]
    nexus_roots: Vec<u8>,
}

impl Builder {
    /// How time passes; [`Time::Real`] if not said.
    pub fn time(mut self, time: Time) -> Self {
        self.time = time;
        self
    }

    /// Adds a namespace; `default` is there always.
    pub fn namespace(mut self, name: impl Into<String>) -> Self {
        self.config.namespaces.push(name.into());
        self
    }

    /// Adds a search attribute to every namespace that is there from the start.
    pub fn search_attribute(mut self, name: impl Into<String>, kind: SearchAttributeType) -> Self {
        self.config.search_attributes.push((name.into(), kind));
        self
    }

    /// What all identifiers are drawn from: the same seed and the same requests give the same ones.
    pub fn seed(mut self, seed: u64) -> Self {
        self.config.seed = seed;
        self
    }

    /// The least time between a run and the one that follows it (by continue-as-new, retry or cron); a second if not
    /// said, as on the original.
    pub fn minimum_run_interval(mut self, interval: Duration) -> Self {
        self.config.run_interval_min = interval;
        self
    }

    /// Whether runs that ended are removed when their namespace's retention is over. If not said: in real time alone,
    /// so that a test that skips days still finds what ended before.
    pub fn ends_retention(mut self, ends: bool) -> Self {
        self.ends_retention = Some(ends);
        self
    }

    /// What runs and requests are held to; what the original holds them to if not said.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.config.limits = limits;
        self
    }

    /// Trusts these root certificates (PEM) too where a Nexus endpoint's address begins with `https://`, beside those that the
    /// system trusts. May be called several times.
    #[cfg(feature = "tls")]
    pub fn nexus_root_certificate(mut self, pem: impl AsRef<[u8]>) -> Self {
        self.nexus_roots.extend_from_slice(pem.as_ref());
        self.nexus_roots.push(b'\n');
        self
    }

    /// Starts the server on the tokio runtime that this is called in.
    ///
    /// # Errors
    /// If there is no runtime, or a certificate is none.
    pub fn start(mut self) -> Result<Server, StartError> {
        let runtime = tokio::runtime::Handle::try_current().map_err(|_| StartError::NoRuntime)?;
        self.config.is_virtual = self.time == Time::Virtual;
        self.config.ends_retention = self.ends_retention.unwrap_or(self.time == Time::Real);
        self.config.can_call = cfg!(feature = "grpc");
        self.config.can_encrypt = cfg!(feature = "tls");
        #[cfg(feature = "tls")]
        let trust = crate::nexus::Trust::new(&self.nexus_roots).map_err(StartError::NexusRootCertificate)?;
        let shared = Arc::new_cyclic(|_shared| Shared {
            #[cfg(feature = "grpc")]
            calls: Calls {
                runtime: runtime.clone(),
                slots: Arc::new(Semaphore::new(crate::nexus::CALLS_MAX)),
                shared: _shared.clone(),
                #[cfg(feature = "tls")]
                trust,
            },
            state: Mutex::new(State {
                engine: Engine::new(&self.config),
                callers: BTreeMap::new(),
                armed: None,
            }),
            alarm: Arc::new(Notify::new()),
            origin: Instant::now(),
            origin_time: Moment::from_system(SystemTime::now()),
        });
        shared.lock().engine.advance(shared.origin_time);
        let alarm = shared.alarm.clone();
        runtime.spawn(drive(Arc::downgrade(&shared), alarm));
        Ok(Server { shared })
    }
}

/// Why a server does not start.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StartError {
    /// There is no tokio runtime here.
    NoRuntime,
    /// What was given as the root certificate of Nexus handlers is none, for this reason.
    #[cfg(feature = "tls")]
    NexusRootCertificate(String),
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoRuntime => f.write_str("a server lives on a tokio runtime with time enabled: start it inside one"),
            #[cfg(feature = "tls")]
            Self::NexusRootCertificate(reason) => write!(
                f,
                "the root certificate of Nexus handlers cannot be read, expected one or more in PEM: {reason}"
            ),
        }
    }
}

impl std::error::Error for StartError {}

/// A running server. It ends with the last handle (services and guards are handles too).
#[derive(Clone)]
pub struct Server {
    shared: Arc<Shared>,
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").finish_non_exhaustive()
    }
}

impl Server {
    /// Says what the server is like.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// The service that clients and workers speak to.
    #[must_use]
    pub fn workflow_service(&self) -> Arc<dyn WorkflowService> {
        Arc::new(self.clone())
    }

    /// The service that operators speak to: search attributes, clusters.
    #[must_use]
    pub fn operator_service(&self) -> Arc<dyn OperatorService> {
        Arc::new(self.clone())
    }

    /// Both, as a client in this process takes them.
    #[must_use]
    pub fn services(&self) -> Services {
        Services {
            workflow: self.workflow_service(),
            operator: Some(self.operator_service()),
        }
    }

    /// The service that tests in other languages steer time with.
    #[must_use]
    pub fn test_service(&self) -> Arc<dyn TestService> {
        Arc::new(self.clone())
    }

    /// The time that workflows see.
    #[must_use]
    pub fn now(&self) -> SystemTime {
        self.shared.change(|state, now| {
            state.engine.advance(now);
            state.engine.now().to_system()
        })
    }

    /// Moves the time that workflows see by `duration`, through everything that falls due on the way. Works in real
    /// time too, and while time is held.
    pub fn skip(&self, duration: Duration) {
        self.shared.change(|state, now| state.engine.skip(now, duration));
    }

    /// Keeps virtual time from jumping while the guard lives.
    #[must_use = "time jumps again when the guard is dropped"]
    pub fn hold(&self) -> Hold {
        self.shared.lock().engine.hold();
        Hold { server: self.clone() }
    }

    /// Lets virtual time jump although a worker has the attempt of an activity that this task token names: the worker
    /// says that nobody is at work on it. What comes next is its time-out, or somebody who completes it.
    pub fn leave_unattended(&self, task_token: &bytes::Bytes) {
        self.shared
            .change(|state, now| state.engine.leave_unattended(now, task_token));
    }

    /// Everything that keeps virtual time from jumping right now.
    #[must_use]
    pub fn why_time_stands_still(&self) -> Vec<Standstill> {
        self.shared.change(|state, now| {
            state.engine.advance(now);
            state.engine.standstills()
        })
    }

    /// Ends an operation as its handler elsewhere says.
    #[cfg(feature = "grpc")]
    pub(crate) fn complete(&self, completion: Completion) -> Result<(), Error> {
        self.shared.change(|state, now| state.engine.complete(now, completion))
    }

    /// Whom calls trust that leave the process.
    #[cfg(feature = "tls")]
    pub(crate) fn trust(&self) -> &crate::nexus::Trust {
        &self.shared.calls.trust
    }

    /// Says where handlers elsewhere complete their operations.
    #[cfg(feature = "grpc")]
    pub(crate) fn accept_callbacks(&self, url: Option<String>) {
        self.shared.lock().engine.accept_callbacks(url);
    }

    /// Asks the engine, and waits for the answer if it is not there at once.
    pub(crate) async fn ask(&self, call: Call) -> Result<Reply, Error> {
        let asked = self.shared.change(|state, now| {
            Ok(match state.engine.handle(now, call)? {
                Handled::Reply(reply) => Asked::Answered(reply),
                Handled::Wait(waiter) => {
                    let (sender, answer) = oneshot::channel();
                    state.callers.insert(waiter, sender);
                    Asked::Waits(waiter, answer)
                }
            })
        })?;
        let (waiter, answer) = match asked {
            Asked::Answered(reply) => return Ok(reply),
            Asked::Waits(waiter, answer) => (waiter, answer),
        };
        let mut caller = Caller {
            shared: &self.shared,
            waiter: Some(waiter),
        };
        let answer = answer.await;
        caller.waiter = None;
        answer.unwrap_or_else(|_| Err(Error::gone()))
    }
}

type Answer = Result<Reply, Error>;

enum Asked {
    Answered(Reply),
    Waits(WaiterId, oneshot::Receiver<Answer>),
}

/// Keeps virtual time from jumping.
#[derive(Debug)]
pub struct Hold {
    server: Server,
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.server.shared.change(|state, now| state.engine.release(now));
    }
}

/// A caller that waits; when it is dropped before its answer, the engine hears of it.
struct Caller<'a> {
    shared: &'a Shared,
    waiter: Option<WaiterId>,
}

impl Drop for Caller<'_> {
    fn drop(&mut self) {
        if let Some(waiter) = self.waiter {
            self.shared.change(|state, now| {
                state.callers.remove(&waiter);
                state.engine.cancel(now, waiter);
            });
        }
    }
}

/// How often, and after how many pauses of a CPU each, a thread tries to get the lock before it sleeps. A request
/// holds the lock for some microseconds; to sleep and to be woken takes a thread many times as long.
const LOCK_TRIES: u32 = 500;
const LOCK_PAUSES: u32 = 20;

struct Shared {
    #[cfg(feature = "grpc")]
    calls: Calls,
    state: Mutex<State>,
    /// Rings when the engine's next deadline is earlier than the one that the driver sleeps for.
    alarm: Arc<Notify>,
    origin: Instant,
    origin_time: Moment,
}

struct State {
    engine: Engine,
    callers: BTreeMap<WaiterId, oneshot::Sender<Answer>>,
    /// The deadline that the driver sleeps for.
    armed: Option<Moment>,
}

/// Sends requests that leave the process.
#[cfg(feature = "grpc")]
struct Calls {
    runtime: tokio::runtime::Handle,
    slots: Arc<Semaphore>,
    shared: Weak<Shared>,
    #[cfg(feature = "tls")]
    trust: crate::nexus::Trust,
}

#[cfg(feature = "grpc")]
impl Calls {
    fn send(&self, call: Outbound) {
        let (slots, shared) = (self.slots.clone(), self.shared.clone());
        self.runtime.spawn(async move {
            // Nobody closes the slots.
            let _slot = slots.acquire_owned().await;
            if let Some(shared) = shared.upgrade() {
                crate::nexus::perform(Server { shared }, call).await;
            }
        });
    }
}

impl Shared {
    /// Nothing that holds the lock panics halfway; if it did, the state would still be as good as it was.
    fn lock(&self) -> MutexGuard<'_, State> {
        for _ in 0..LOCK_TRIES {
            match self.state.try_lock() {
                Err(TryLockError::WouldBlock) => (0..LOCK_PAUSES).for_each(|_| std::hint::spin_loop()),
                Ok(state) => return state,
                Err(TryLockError::Poisoned(state)) => return state.into_inner(),
            }
        }
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> Moment {
        self.origin_time.plus(self.origin.elapsed())
    }

    /// Changes the state; what follows from it goes out.
    fn change<T>(&self, change: impl FnOnce(&mut State, Moment) -> T) -> T {
        let now = self.now();
        let mut answers = Vec::new();
        let changed = {
            let mut state = self.lock();
            let changed = change(&mut state, now);
            self.conclude(&mut state, &mut answers);
            changed
        };
        // To wake a caller may wake a thread; nobody is to wait at the lock for that.
        for (caller, answer) in answers {
            // A caller that is gone says so itself.
            let _ = caller.send(answer);
        }
        changed
    }

    /// After every change: says which answers go out; the driver hears of an earlier deadline.
    fn conclude(&self, state: &mut State, answers: &mut Vec<(oneshot::Sender<Answer>, Answer)>) {
        while let Some(output) = state.engine.poll_output() {
            if let Some(caller) = state.callers.remove(&output.waiter) {
                answers.push((caller, output.reply));
            }
        }
        #[cfg(feature = "grpc")]
        while let Some(call) = state.engine.poll_outbound() {
            self.calls.send(call);
        }
        let next = state.engine.next_deadline();
        if let Some(next) = next
            && state.armed.is_none_or(|armed| next < armed)
        {
            state.armed = Some(next);
            self.alarm.notify_one();
        }
    }

    /// Does what is due; says how long there is nothing more to do.
    fn tick(&self) -> Option<Instant> {
        let next = self.change(|state, now| {
            state.engine.advance(now);
            state.armed = state.engine.next_deadline();
            state.armed
        });
        // Timers of the runtime count in milliseconds.
        next.and_then(|at| self.origin.checked_add(at.since(self.origin_time)))
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.alarm.notify_one();
    }
}

/// Virtual time that stands still for so long (in real time) while somebody waits is worth a line in the log.
const STANDSTILL_TOLD_AFTER: Duration = Duration::from_secs(5);

/// Looks whether virtual time stands still while somebody waits for it, and tells once.
#[derive(Default)]
struct StandstillWatch {
    /// How far time had jumped, and since when it has not.
    standing: Option<(Duration, Instant)>,
    is_told: bool,
}

impl StandstillWatch {
    /// When to look again.
    fn look(&mut self, shared: &Shared) -> Option<Instant> {
        let now = Instant::now();
        let mut state = shared.lock();
        let Some(jumped) = state.engine.waited_for() else {
            *self = Self::default();
            return None;
        };
        let since = match self.standing {
            Some((before, since)) if before == jumped => since,
            _ => {
                *self = Self {
                    standing: Some((jumped, now)),
                    is_told: false,
                };
                now
            }
        };
        if self.is_told {
            return None;
        }
        let due = since.checked_add(STANDSTILL_TOLD_AFTER)?;
        if due > now {
            return Some(due);
        }
        self.is_told = true;
        let why: Vec<String> = state.engine.standstills().iter().map(Standstill::to_string).collect();
        tracing::warn!("virtual time stands still while a client waits: {}", why.join("; "));
        None
    }
}

/// Lets time pass for the engine, as long as anybody has the server.
async fn drive(shared: Weak<Shared>, alarm: Arc<Notify>) {
    let mut watch = StandstillWatch::default();
    loop {
        let next = match shared.upgrade() {
            Some(shared) => {
                let next = shared.tick();
                next.into_iter().chain(watch.look(&shared)).min()
            }
            None => return,
        };
        match next {
            Some(next) => {
                let _ = tokio::time::timeout_at(next, alarm.notified()).await;
            }
            None => alarm.notified().await,
        }
    }
}
