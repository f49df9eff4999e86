//! What the end-to-end tests share: a server, a client, workers, gates, and the comparison of histories.
//!
//! The server is the embedded one, a fresh one for each test, or the one that `STEADFAST_TEST_ADDRESS` names.

pub mod codec;
pub mod front;
pub mod history;
pub mod nexus;
pub mod proxy;
mod search_attribute;
pub mod tls;
pub mod tunnel;

/// The code in documents compiles, and what runs does what it says.
#[cfg(doctest)]
mod documents {
    macro_rules! documents {
        ($($name:ident = $path:literal)*) => {
            $(
                #[doc = include_str!(concat!("../../", $path))]
                pub struct $name;
            )*
        };
    }

    documents! {
        Readme = "README.md"
        Activities = "docs/activities.md"
        Client = "docs/client.md"
        Data = "docs/data.md"
        Errors = "docs/errors.md"
        FromGo = "docs/coming-from/go.md"
        FromPython = "docs/coming-from/python.md"
        FromTypescript = "docs/coming-from/typescript.md"
        Nexus = "docs/nexus.md"
        Observability = "docs/observability.md"
        Testing = "docs/testing-workflows.md"
        Versioning = "docs/versioning.md"
        Workers = "docs/workers.md"
        Workflows = "docs/workflows.md"
    }
}

use proxy::Proxy;
use std::{
    env,
    error::Error,
    fs, io,
    path::PathBuf,
    process,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{Duration, SystemTime, UNIX_EPOCH},
};
use steadfast::{
    client::{Client, ClientBuilder, Start, StartCall, TaskQueueSet, ToClient, WorkflowHandle},
    worker::Worker,
    workflow::Workflow,
};
use steadfast_proto::history::HistoryEvent;
use steadfast_server::{Listening, Server};
use tokio::{
    sync::{OnceCell, Semaphore, oneshot},
    task::JoinHandle,
};

/// Why a test failed to get on.
pub type Failure = Box<dyn Error + Send + Sync>;

/// What a test returns.
pub type Outcome = Result<(), Failure>;

/// No test takes as long as this; one that does hangs, and ends its process.
const TEST_TIMEOUT: Duration = Duration::from_secs(120);

/// A server, a client of it, and names that nobody else uses.
pub struct Environment {
    client: Client,
    /// The embedded one, if that is it.
    server: Option<Server>,
    unique: String,
    /// The address of the real server, if there is one.
    address: Option<String>,
    /// For tests of connections, where there is no real server.
    listening: OnceCell<Listening>,
}

impl Environment {
    /// A client of the embedded server, or of the one that `STEADFAST_TEST_ADDRESS` names.
    ///
    /// # Errors
    /// The server cannot be reached.
    pub async fn connect() -> Result<Self, Failure> {
        limit_time();
        let address = env::var("STEADFAST_TEST_ADDRESS").ok();
        let server = match &address {
            Some(_) => None,
            None => Some(Server::builder().start()?),
        };
        let client = Self::client_of(&address, server.as_ref(), Client::builder()).await?;
        Ok(Self {
            client,
            server,
            unique: unique(),
            address,
            listening: OnceCell::new(),
        })
    }

    async fn client_of(
        address: &Option<String>,
        server: Option<&Server>,
        builder: ClientBuilder,
    ) -> Result<Client, Failure> {
        Ok(match (address, server) {
            (Some(address), _) => builder.address(address).connect().await?,
            (None, Some(server)) => builder.in_process(server.services()),
            (None, None) => builder.embedded()?,
        })
    }

    /// Another client of the same server.
    ///
    /// # Errors
    /// The server cannot be reached.
    pub async fn another_client(&self, builder: ClientBuilder) -> Result<Client, Failure> {
        Self::client_of(&self.address, self.server.as_ref(), builder).await
    }

    /// The environment, with another client of the same server.
    ///
    /// # Errors
    /// The server cannot be reached.
    pub async fn with_client(mut self, builder: ClientBuilder) -> Result<Self, Failure> {
        self.client = self.another_client(builder).await?;
        Ok(self)
    }

    /// The client.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Whether the server is the one in this process.
    #[must_use]
    pub fn is_embedded(&self) -> bool {
        self.address.is_none()
    }

    /// Where the server is reached over the network; the embedded one of such tests is not the one of `client`.
    ///
    /// # Errors
    /// There is no free port.
    pub async fn network_address(&self) -> Result<String, Failure> {
        if let Some(address) = &self.address {
            return Ok(address.clone());
        }
        let listening = self.listening.get_or_try_init(async || {
            Ok::<_, Failure>(Server::builder().start()?.listen(([127, 0, 0, 1], 0).into()).await?)
        });
        Ok(listening.await?.address().to_string())
    }

    /// A client that reaches the server over the network.
    ///
    /// # Errors
    /// The server cannot be reached.
    pub async fn network_client(&self) -> Result<Client, Failure> {
        Ok(Client::connect(self.network_address().await?).await?)
    }

    /// A connection to the server over the network, which the test may cut.
    ///
    /// # Errors
    /// There is no free port.
    pub async fn proxy(&self) -> Result<Proxy, Failure> {
        Ok(Proxy::start(self.network_address().await?).await?)
    }

    /// The test's task queue.
    #[must_use]
    pub fn queue(&self) -> String {
        self.name("queue")
    }

    /// A name that no other test uses; in compared histories the added part is `<unique>`.
    #[must_use]
    pub fn name(&self, name: &str) -> String {
        format!("{name}-{}", self.unique)
    }

    /// A worker on the test's task queue, not yet running.
    pub fn worker(&self) -> Worker {
        Worker::new(&self.client, self.queue())
    }

    /// A workflow on the test's task queue, not yet started.
    pub fn start<W: Workflow + ?Sized>(
        &self,
        input: W::Input,
    ) -> StartCall<W, TaskQueueSet, Start<W::Messages<ToClient>>> {
        self.client
            .start::<W>(input)
            .id(self.name("workflow"))
            .task_queue(self.queue())
    }

    /// The events of the run that the handle started or is bound to, or else of the last one.
    ///
    /// # Errors
    /// The server cannot give them.
    pub async fn history<W: Workflow + ?Sized>(
        &self,
        handle: &WorkflowHandle<W>,
    ) -> Result<Vec<HistoryEvent>, Failure> {
        let run = handle.run_id().map(|run_id| handle.with_run_id(run_id));
        Ok(run.as_ref().unwrap_or(handle).fetch_history().await?.events)
    }

    /// The history of the handle's run is the recorded one, on every server.
    ///
    /// # Errors
    /// It differs: the error shows the first event that does.
    pub async fn check_history<W: Workflow + ?Sized>(&self, name: &str, handle: &WorkflowHandle<W>) -> Outcome {
        self.check_text(name, &self.rendered(handle).await?)
    }

    /// The history of the handle's run, as text.
    ///
    /// # Errors
    /// The server cannot give it.
    pub async fn rendered<W: Workflow + ?Sized>(&self, handle: &WorkflowHandle<W>) -> Result<String, Failure> {
        Ok(history::render(&self.history(handle).await?, &self.unique))
    }

    /// Compares with `tests/histories/NAME.txt`. With `STEADFAST_RECORD` set, on a real server, writes it.
    fn check_text(&self, name: &str, text: &str) -> Outcome {
        let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("tests/histories/{name}.txt"));
        if env::var_os("STEADFAST_RECORD").is_some() {
            if self.is_embedded() {
                return Err("histories are recorded from a real server: set STEADFAST_TEST_ADDRESS".into());
            }
            return Ok(fs::write(file, text)?);
        }
        let recorded = match fs::read_to_string(&file) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(
                    format!("{name} is not recorded yet (STEADFAST_RECORD, STEADFAST_TEST_ADDRESS):\n{text}").into(),
                );
            }
            other => other?,
        };
        let (old, new): (Vec<_>, Vec<_>) = (recorded.lines().collect(), text.lines().collect());
        let Some(at) = (0..old.len().max(new.len())).find(|at| old.get(*at) != new.get(*at)) else {
            return Ok(());
        };
        let line = |lines: &[&str]| lines.get(at).copied().unwrap_or("no such event").to_owned();
        Err(format!(
            "history {name} differs\nrecorded: {}\nhere:     {}\n\nall:\n{text}",
            line(&old),
            line(&new)
        )
        .into())
    }
}

/// A worker that runs beside the test; dropping it kills it.
pub struct RunningWorker {
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<Outcome>,
}

impl RunningWorker {
    /// Starts it.
    pub fn start(worker: Worker) -> Self {
        let (stop, stopped) = oneshot::channel::<()>();
        let task = tokio::spawn(async move {
            worker
                .run_until(async {
                    let _ = stopped.await;
                })
                .await?;
            Ok(())
        });
        Self { stop: Some(stop), task }
    }

    /// Lets it finish what it has, then ends it.
    ///
    /// # Errors
    /// The worker ended with an error.
    pub async fn stop(mut self) -> Outcome {
        drop(self.stop.take());
        (&mut self.task).await?
    }

    /// Ends it as a crash would: nothing is finished, nobody is told.
    pub async fn kill(mut self) {
        self.task.abort();
        let _ = (&mut self.task).await;
    }
}

impl Drop for RunningWorker {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Closed until somebody opens it: what makes the order of things certain in a test.
#[derive(Clone, Debug)]
pub struct Gate(Arc<Semaphore>);

impl Default for Gate {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(0)))
    }
}

impl Gate {
    /// Lets one through.
    pub fn open(&self) {
        self.0.add_permits(1);
    }

    /// Waits until it is opened.
    pub async fn passed(&self) {
        if let Ok(permit) = self.0.acquire().await {
            permit.forget();
        }
    }
}

/// So many milliseconds.
#[must_use]
pub const fn millis(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

/// What makes names unique: across tests, processes and time.
fn unique() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_micros();
    format!("e2e{now:x}x{}x{}", process::id(), COUNT.fetch_add(1, Ordering::Relaxed))
}

/// A test that hangs says so and ends, rather than to hang for ever.
fn limit_time() {
    let name = thread::current().name().unwrap_or("a test").to_owned();
    let (done, waiting) = std::sync::mpsc::channel::<()>();
    thread::spawn(move || {
        // The sender lives as long as the test's thread.
        if waiting.recv_timeout(TEST_TIMEOUT) == Err(std::sync::mpsc::RecvTimeoutError::Timeout) {
            eprintln!("{name} hangs: it runs for {} s", TEST_TIMEOUT.as_secs());
            process::abort();
        }
    });
    thread_local! {
        static DONE: std::cell::RefCell<Vec<std::sync::mpsc::Sender<()>>> = const { std::cell::RefCell::new(Vec::new()) };
    }
    DONE.with_borrow_mut(|senders| senders.push(done));
}
