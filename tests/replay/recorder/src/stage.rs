//! What a scenario plays on: a server, a task queue, a worker that can be stopped and started.

use crate::{
    activities::Activities,
    registry::{Register, Registry},
};
use anyhow::{Context, Result, bail, ensure};
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::ExitStatus,
    str::FromStr,
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};
use temporalio_client::{
    Client, ClientOptions, Connection, ConnectionOptions, UntypedWorkflowHandle, Url, WorkflowExecutionInfo,
    WorkflowFetchHistoryOptions, WorkflowGetResultOptions, WorkflowHandle, WorkflowIdConflictPolicy,
    WorkflowStartOptions,
};
use temporalio_common::{
    HasWorkflowDefinition,
    protos::temporal::api::history::v1::{History, HistoryEvent},
};
use temporalio_sdk::{Runtime, Worker, WorkerOptions};
use tokio::{process::Command, sync::oneshot};

/// What a scenario saved.
#[derive(Clone, Default)]
pub struct Saved(Arc<Mutex<BTreeMap<String, History>>>);

impl Saved {
    pub fn get(&self, file: &str) -> Option<History> {
        self.0.lock().ok()?.get(file).cloned()
    }

    fn put(&self, file: &str, history: History) {
        if let Ok(mut files) = self.0.lock() {
            files.insert(file.into(), history);
        }
    }
}

/// What a scenario plays on.
pub struct Stage {
    name: &'static str,
    address: String,
    into: PathBuf,
    queue: String,
    worker: Option<RunningWorker>,
    saved: Saved,
    /// The client.
    pub client: Client,
}

struct RunningWorker {
    stop: oneshot::Sender<()>,
    thread: thread::JoinHandle<Result<()>>,
}

impl Stage {
    pub async fn new(name: &'static str, address: &str, into: &Path, saved: Saved) -> Result<Self> {
        let client = connect(address)
            .await
            .with_context(|| format!("no server at {address}"))?;
        std::fs::create_dir_all(into)?;
        let queue = format!("recorder-{name}");
        Ok(Self {
            name,
            address: address.into(),
            into: into.into(),
            queue,
            worker: None,
            saved,
            client,
        })
    }

    /// Starts a worker; returns once it polls.
    pub async fn worker(&mut self, register: Register) -> Result<()> {
        self.worker_with(register, |_| {}).await
    }

    /// Starts a worker with options of its own.
    pub async fn worker_with(&mut self, register: Register, adjust: fn(&mut WorkerOptions)) -> Result<()> {
        ensure!(self.worker.is_none(), "a worker runs already");
        let (stop, stopped) = oneshot::channel();
        let (ready, is_ready) = oneshot::channel();
        let (address, queue) = (self.address.clone(), self.queue.clone());
        let thread = thread::spawn(move || run_worker(&address, queue, register, adjust, ready, stopped));
        if is_ready.await.is_err() {
            return match thread.join() {
                Ok(outcome) => outcome.context("the worker ended at once"),
                Err(_) => bail!("the worker panicked at start"),
            };
        }
        self.worker = Some(RunningWorker { stop, thread });
        Ok(())
    }

    /// Stops the worker; what it held is handed to whoever comes next.
    pub async fn stop_worker(&mut self) -> Result<()> {
        let RunningWorker { stop, thread } = self.worker.take().context("no worker runs")?;
        let _ = stop.send(());
        match tokio::task::spawn_blocking(move || thread.join()).await? {
            Ok(outcome) => outcome,
            Err(_) => bail!("the worker panicked"),
        }
    }

    /// Starts a workflow with a worker beside it, waits for its end, saves; gives the result, `None` if it has none.
    pub async fn run<W>(self, register: Register, workflow: W, input: W::Input) -> Result<Option<W::Output>>
    where
        W: HasWorkflowDefinition,
        W::Input: Send,
    {
        let options = self.options();
        self.run_with(options, register, workflow, input).await
    }

    /// The same, with start options.
    pub async fn run_with<W>(
        mut self,
        options: WorkflowStartOptions,
        register: Register,
        workflow: W,
        input: W::Input,
    ) -> Result<Option<W::Output>>
    where
        W: HasWorkflowDefinition,
        W::Input: Send,
    {
        self.worker(register).await?;
        let handle = self.client.start_workflow(workflow, input, options).await?;
        let result = handle.get_result(WorkflowGetResultOptions::default()).await;
        self.save(&handle).await?;
        self.stop_worker().await?;
        Ok(result.ok())
    }

    /// The workflow's id: the same at each recording, so that files differ as little as possible.
    pub fn id(&self) -> String {
        format!("recorded-{}", self.name)
    }

    /// Start options with the scenario's queue and id.
    pub fn options(&self) -> WorkflowStartOptions {
        self.options_as(self.id())
    }

    /// Start options with the scenario's queue and another id.
    pub fn options_as(&self, id: String) -> WorkflowStartOptions {
        WorkflowStartOptions::new(self.queue.clone(), id)
            .id_conflict_policy(WorkflowIdConflictPolicy::TerminateExisting)
            .build()
    }

    /// Starts a workflow under the scenario's id.
    pub async fn start<W>(&self, workflow: W, input: W::Input) -> Result<WorkflowHandle<Client, W>>
    where
        W: HasWorkflowDefinition,
        W::Input: Send,
    {
        Ok(self.client.start_workflow(workflow, input, self.options()).await?)
    }

    /// Saves the history of the run that a handle was made for, under the scenario's name.
    pub async fn save<W>(&self, handle: &WorkflowHandle<Client, W>) -> Result<()> {
        self.save_run(
            self.name,
            &self.id(),
            handle.run_id().context("a handle without run id")?,
        )
        .await
    }

    /// Saves the history of a workflow's run; of the latest, if no run is named.
    pub async fn save_run(&self, file: &str, workflow_id: &str, run_id: &str) -> Result<()> {
        let events = self.events(workflow_id, run_id).await?;
        ensure!(events.len() > 2, "{file} has only {} events", events.len());
        self.saved.put(file, History { events });
        let mut show = vec!["workflow", "show", "--output", "json", "--workflow-id", workflow_id];
        if !run_id.is_empty() {
            show.extend(["--run-id", run_id]);
        }
        let shown = self
            .command(&show)
            .output()
            .await
            .context("the temporal CLI is needed on PATH")?;
        ensure!(
            shown.status.success(),
            "temporal workflow show: {}",
            String::from_utf8_lossy(&shown.stderr)
        );
        Ok(std::fs::write(self.into.join(format!("{file}.json")), shown.stdout)?)
    }

    /// Runs the `temporal` CLI.
    pub async fn cli(&self, arguments: &[&str]) -> Result<ExitStatus> {
        Ok(self
            .command(arguments)
            .output()
            .await
            .context("the temporal CLI is needed on PATH")?
            .status)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("temporal");
        command.args(arguments).args(["--address", &self.address]);
        command
    }

    /// The events of a run.
    pub async fn events(&self, workflow_id: &str, run_id: &str) -> Result<Vec<HistoryEvent>> {
        let history = self
            .untyped(workflow_id, run_id)
            .fetch_history(WorkflowFetchHistoryOptions::default());
        Ok(history.into_events().await?)
    }

    /// A handle for any workflow; without run id its latest run.
    pub fn untyped(&self, workflow_id: &str, run_id: &str) -> UntypedWorkflowHandle<Client> {
        let info = WorkflowExecutionInfo::builder()
            .namespace("default")
            .workflow_id(workflow_id);
        let run_id = (!run_id.is_empty()).then(|| run_id.to_owned());
        info.maybe_run_id(run_id).build().bind_untyped(self.client.clone())
    }

    /// Waits until the history of the scenario's latest run satisfies a condition.
    pub async fn until(&self, condition: impl Fn(&[HistoryEvent]) -> bool) -> Result<()> {
        self.until_of(&self.id(), condition).await
    }

    /// Waits until a workflow's history satisfies a condition.
    pub async fn until_of(&self, workflow_id: &str, condition: impl Fn(&[HistoryEvent]) -> bool) -> Result<()> {
        for _ in 0..600 {
            if self
                .events(workflow_id, "")
                .await
                .is_ok_and(|events| condition(&events))
            {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        bail!("{workflow_id} didn't get there within 30 s")
    }
}

async fn connect(address: &str) -> Result<Client> {
    let options = ConnectionOptions::new(Url::from_str(&format!("http://{address}"))?).identity("recorder".to_owned());
    let connection = Connection::connect(options.build()).await?;
    Ok(Client::new(connection, ClientOptions::new("default").build())?)
}

#[tokio::main]
async fn run_worker(
    address: &str,
    queue: String,
    register: Register,
    adjust: fn(&mut WorkerOptions),
    ready: oneshot::Sender<()>,
    stopped: oneshot::Receiver<()>,
) -> Result<()> {
    let runtime = Runtime::from_current_tokio(Default::default())?;
    let mut options = WorkerOptions::new(queue).register_activities(Activities).build();
    options.graceful_shutdown_period = Some(Duration::from_millis(200));
    register(&mut Registry::Worker(&mut options))?;
    adjust(&mut options);
    let mut worker = Worker::new(&runtime, connect(address).await?, options)?;
    let stop = worker.shutdown_handle();
    let _ = ready.send(());
    let (outcome, ()) = futures::join!(worker.run(), async {
        let _ = stopped.await;
        stop();
    });
    Ok(outcome?)
}
