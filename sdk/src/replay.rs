//! Histories of yesterday against the code of today.
//!
//! A workflow's code may only change in ways that its running executions survive. Whether it does is tested with recorded
//! histories, as `temporal workflow show --output json` prints them, or [`history_to_json`] writes them:
//!
//! ```
//! use steadfast::{prelude::*, replay::Replayer};
//!
//! # #[derive(Default)]
//! # pub struct Approval;
//! # #[workflow]
//! # impl Approval {
//! #     #[run]
//! #     async fn run(ctx: WorkflowContext<Self>) -> WorkflowResult<()> {
//! #         Ok(ctx.sleep(secs(1)).await?)
//! #     }
//! # }
//! # async fn example(client: Client, recorded: &[u8]) -> Result<(), Box<dyn std::error::Error>> {
//! let replayer = Replayer::new().workflow::<Approval>();
//! replayer.replay_json(recorded)?;
//! replayer.replay_folder("tests/histories")?.all_replay()?;
//!
//! let running = client.list("WorkflowType = 'Approval' AND ExecutionStatus = 'Running'");
//! for (workflow, error) in replayer.replay_all(running.limit(100).histories()).await?.failures() {
//!     println!("{workflow} would break: {error}");
//! }
//! # Ok(())
//! # }
//! ```

use crate::plugin::Plugin;
use crate::{
    client::{RpcError, WorkflowHistories},
    convert::{About, CodecError, Coding, Converter, HeaderCodec, PayloadCodec, PayloadContext},
    interceptor::{Attached, WorkflowInterceptor, WorkflowInterceptors},
    worker::{ANY, scheduled},
    workflow::{FailurePolicy, WorkflowImplementation, instance::Definition},
};
use futures_util::FutureExt;
use std::{
    collections::BTreeMap,
    error::Error,
    fmt, fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};
use steadfast_core::{Program, Programs};
use steadfast_proto::history::{History, history_event::Attributes};

pub use steadfast_core::{Mismatch, Replayed, Row, TurnError};
pub use steadfast_proto::json::{JsonError, history_from_json, history_to_json};

/// Replays histories with the workflows that it was given.
///
/// No server, no worker, no activities: what an activity returned is in the history.
pub struct Replayer {
    workflows: BTreeMap<&'static str, MakeProgram>,
    namespace: String,
    converter: Converter,
    interceptors: WorkflowInterceptors,
    coding: Coding,
}

type MakeProgram = Box<dyn Fn(&Converter, Option<Arc<Attached>>) -> Box<dyn Program> + Send + Sync>;

impl Replayer {
    /// A replayer that knows no workflow yet.
    #[must_use]
    pub fn new() -> Self {
        Self {
            workflows: BTreeMap::new(),
            namespace: "default".to_owned(),
            converter: Converter::default(),
            interceptors: WorkflowInterceptors::default(),
            coding: Coding::default(),
        }
    }

    /// Replays histories of this workflow; in place of an earlier one of the same name.
    #[must_use]
    pub fn workflow<W: WorkflowImplementation>(mut self) -> Self {
        let make: MakeProgram = Box::new(|converter, attached| {
            Arc::new(Definition::<W>::new(converter.clone())).instance(attached, FailurePolicy::new())
        });
        self.workflows.insert(W::NAME, make);
        self
    }

    /// The namespace that workflow code sees (`default`).
    #[must_use]
    pub fn namespace(mut self, namespace: impl Into<String>) -> Self {
        self.namespace = namespace.into();
        self
    }

    /// What encodes and decodes values.
    #[must_use]
    pub fn converter(mut self, converter: Converter) -> Self {
        self.converter = converter;
        self
    }

    /// Sees what comes to the workflows, and what they ask for, as by the worker's
    /// [`workflow_interceptor`](crate::Worker::workflow_interceptor): part of the code that is replayed.
    #[must_use]
    pub fn workflow_interceptor(mut self, interceptor: impl WorkflowInterceptor) -> Self {
        self.interceptors.push(Arc::new(interceptor));
        self
    }

    /// Lets a plugin change these settings.
    #[must_use]
    #[allow(clippy::needless_pass_by_value)] // it is given away, as to a client
    pub fn plugin(self, plugin: impl Plugin) -> Self {
        plugin.replayer(self)
    }

    /// Decodes histories first, as [`ClientBuilder::codec`](crate::client::ClientBuilder::codec). Those that a client with
    /// the codec has fetched are decoded already. The codec may not wait for anything here, as this doesn't.
    #[must_use]
    pub fn codec(mut self, codec: impl PayloadCodec) -> Self {
        self.coding.add(codec);
        self.converter.set_codecs(self.coding.names());
        self
    }

    /// What the codecs do with the payloads of headers: nothing, unless it is set.
    #[must_use]
    pub fn header_codec(mut self, headers: HeaderCodec) -> Self {
        self.coding.set_headers(headers);
        self
    }

    /// Replays a history.
    ///
    /// # Errors
    /// The code of today doesn't do what the history says: [`ReplayError::mismatch`] tells where and how. Or a codec can't
    /// decode it.
    pub fn replay(&self, mut history: History) -> Result<Replayed, ReplayError> {
        if self.coding.is_needed() {
            self.decode(&mut history)?;
        }
        steadfast_core::replay(history, &self.namespace, self).map_err(ReplayError::Replay)
    }

    /// Replays the history in a file, in JSON.
    ///
    /// # Errors
    /// As [`replay_json`](Self::replay_json), or the file can't be read.
    pub fn replay_file(&self, file: impl AsRef<Path>) -> Result<Replayed, ReplayError> {
        let file = file.as_ref();
        let history = fs::read(file).map_err(|error| ReplayError::file(file, &error))?;
        self.replay_json(history)
    }

    /// Replays the history in each file `*.json` of a folder and of the folders in it, in the order of their names.
    ///
    /// # Errors
    /// A folder can't be read. What becomes of a file is in the results.
    pub fn replay_folder(&self, folder: impl AsRef<Path>) -> Result<ReplayResults, ReplayError> {
        let mut results = ReplayResults::default();
        let mut folders = vec![folder.as_ref().to_owned()];
        while let Some(folder) = folders.pop() {
            for path in sorted(&folder).map_err(|error| ReplayError::file(&folder, &error))? {
                if path.is_dir() {
                    folders.push(path);
                } else if path.extension().is_some_and(|extension| extension == "json") {
                    results.add(path.display().to_string(), self.replay_file(&path));
                }
            }
        }
        results.0.sort_by(|one, other| one.0.cmp(&other.0));
        Ok(results)
    }

    /// Replays the histories of workflows that a server has, one after the other as they come:
    /// `client.list("WorkflowType = 'Approval'").limit(100).histories()`.
    ///
    /// # Errors
    /// The server can't be asked. What becomes of a history is in the results.
    pub async fn replay_all(&self, mut histories: WorkflowHistories) -> Result<ReplayResults, RpcError> {
        let mut results = ReplayResults::default();
        while let Some((workflow, history)) = histories.next().await? {
            results.add(format!("{}/{}", workflow.id(), workflow.run_id()), self.replay(history));
        }
        Ok(results)
    }

    /// Replays a history in JSON, as `temporal workflow show --output json` prints it and the web interface downloads it.
    ///
    /// # Errors
    /// As [`replay`](Self::replay), or the text is no history.
    pub fn replay_json(&self, history: impl AsRef<[u8]>) -> Result<Replayed, ReplayError> {
        self.replay(history_from_json(history.as_ref())?)
    }
}

impl Replayer {
    fn decode(&self, history: &mut History) -> Result<(), ReplayError> {
        let started = history.events.iter().find_map(|event| match &event.attributes {
            Some(Attributes::WorkflowExecutionStartedEventAttributes(started)) => Some(started),
            _ => None,
        });
        let kind = started.and_then(|started| started.workflow_type.as_ref());
        let about = About {
            context: PayloadContext::workflow(
                &*self.namespace,
                started.map_or("", |started| started.workflow_id.as_str()),
            ),
            workflow_type: kind.map(|kind| kind.name.clone()).unwrap_or_default(),
            is_workflow_task: true,
            scheduled: scheduled(&history.events),
        };
        match self.coding.decode(about, history).now_or_never() {
            Some(decoded) => decoded.map(drop).map_err(ReplayError::Codec),
            None => Err(ReplayError::CodecWaits),
        }
    }
}

impl Default for Replayer {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Replayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Replayer")
            .field("workflows", &self.workflows.keys())
            .field("namespace", &self.namespace)
            .finish_non_exhaustive()
    }
}

impl Programs for Replayer {
    fn create(&self, workflow_type: &str) -> Option<Box<dyn Program>> {
        let make = self.workflows.get(workflow_type).or_else(|| self.workflows.get(ANY))?;
        let attached = Attached::new(self.interceptors.clone(), self.converter.clone(), None);
        Some(make(&self.converter, attached))
    }

    fn registered(&self) -> Vec<String> {
        self.workflows.keys().map(|name| (*name).to_owned()).collect()
    }
}

/// What became of several histories, each with its name: its file, or the workflow's id and the run's.
///
/// Printed, it is a line for each history that doesn't replay, with what is wrong.
#[derive(Debug, Default)]
pub struct ReplayResults(Vec<(String, Result<Replayed, ReplayError>)>);

impl ReplayResults {
    fn add(&mut self, name: String, result: Result<Replayed, ReplayError>) {
        self.0.push((name, result));
    }

    /// How many histories there were.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there were none, which is worth a look: a test of no history proves nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Those that don't replay, and why.
    pub fn failures(&self) -> impl Iterator<Item = (&str, &ReplayError)> {
        self.iter().filter_map(|(name, result)| Some((name, result.err()?)))
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Result<&Replayed, &ReplayError>)> {
        self.0.iter().map(|(name, result)| (name.as_str(), result.as_ref()))
    }

    /// How many histories there were, if all of them replay.
    ///
    /// # Errors
    /// Some don't. The error names each, and says why.
    pub fn all_replay(self) -> Result<usize, Self> {
        if self.failures().next().is_none() {
            Ok(self.len())
        } else {
            Err(self)
        }
    }
}

impl fmt::Display for ReplayResults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let failed = self.failures().count();
        write!(f, "{failed} of {} histories do not replay", self.len())?;
        self.failures()
            .try_for_each(|(name, error)| write!(f, "\n{name}: {error}"))
    }
}

impl Error for ReplayResults {}

/// The entries of a folder, in order.
fn sorted(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path()));
    let mut paths = entries.collect::<io::Result<Vec<_>>>()?;
    paths.sort();
    Ok(paths)
}

/// Why a history doesn't replay.
#[derive(Debug)]
#[non_exhaustive]
pub enum ReplayError {
    /// A file or a folder can't be read.
    File(String),
    /// The text is no history.
    Json(JsonError),
    /// A codec can't decode the history.
    Codec(CodecError),
    /// The codec waits for something, and replaying doesn't: have the history fetched by a client with the codec.
    CodecWaits,
    /// Code and history differ, the code failed a task, its workflow isn't registered, or events are missing.
    Replay(steadfast_core::ReplayError),
}

impl ReplayError {
    fn file(path: &Path, error: &io::Error) -> Self {
        Self::File(format!("`{}` can't be read: {error}", path.display()))
    }

    /// Where history and code differ, if that is what is wrong.
    #[must_use]
    pub fn mismatch(&self) -> Option<&Mismatch> {
        match self {
            Self::Replay(steadfast_core::ReplayError::Turn(TurnError::Mismatch(mismatch))) => Some(mismatch),
            _ => None,
        }
    }
}

impl fmt::Display for ReplayError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(text) => f.write_str(text),
            Self::Json(error) => error.fmt(f),
            Self::Codec(error) => error.fmt(f),
            Self::CodecWaits => f.write_str(
                "the codec waits for something, and replaying doesn't: fetch the history by a client with the codec, which decodes it",
            ),
            Self::Replay(error) => error.fmt(f),
        }
    }
}

impl Error for ReplayError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::File(_) => None,
            Self::Json(error) => error.source(),
            Self::Codec(error) => error.source(),
            Self::CodecWaits => None,
            Self::Replay(error) => error.source(),
        }
    }
}

impl From<JsonError> for ReplayError {
    fn from(error: JsonError) -> Self {
        Self::Json(error)
    }
}

#[cfg(all(test, feature = "server"))]
mod tests {
    use super::*;
    use crate::prelude::*;
    use steadfast_proto::{
        enums::SuggestContinueAsNewReason,
        history::{WorkflowTaskStartedEventAttributes, history_event::Attributes},
    };

    #[derive(Default)]
    struct Nap;

    #[workflow]
    impl Nap {
        #[run]
        async fn run(ctx: WorkflowContext<Self>, seconds: u64) -> WorkflowResult<()> {
            Ok(ctx.sleep(secs(seconds)).await?)
        }
    }

    #[derive(Default)]
    struct NoNap;

    #[workflow(name = "Nap")]
    impl NoNap {
        #[run]
        async fn run(_ctx: WorkflowContext<Self>, _seconds: u64) -> WorkflowResult<()> {
            Ok(())
        }
    }

    /// Goes on as another run when the server says so.
    #[derive(Default)]
    struct Attentive;

    #[workflow]
    impl Attentive {
        #[run]
        async fn run(ctx: WorkflowContext<Self>) -> WorkflowResult<()> {
            let is_told = ctx.continue_as_new_reasons() == [SuggestContinueAsNewReason::TooManyUpdates];
            if is_told || ctx.target_deployment_changed() {
                ctx.sleep(secs(1)).await?;
            }
            Ok(())
        }
    }

    #[steadfast::test]
    async fn a_workflow_sees_why_it_is_to_continue_as_new_and_that_another_build_is_meant_for_it(env: TestEnv) {
        type Change = fn(&mut WorkflowTaskStartedEventAttributes);
        let changes: [Change; 2] = [
            |started| {
                let reason = SuggestContinueAsNewReason::TooManyUpdates;
                started.suggest_continue_as_new_reasons = vec![reason.into()];
            },
            |started| started.target_worker_deployment_version_changed = true,
        ];
        env.worker("q").workflow::<Attentive>().start();
        let run = env
            .client()
            .start::<Attentive>(())
            .id("attentive")
            .task_queue("q")
            .await?;
        run.result().await?;
        let history = run.fetch_history().await?;
        let replay = |history| Replayer::new().workflow::<Attentive>().replay(history);
        replay(history.clone())?;
        for change in changes {
            let mut changed = history.clone();
            for event in &mut changed.events {
                if let Some(Attributes::WorkflowTaskStartedEventAttributes(started)) = &mut event.attributes {
                    change(started);
                }
            }
            let error = replay(changed).unwrap_err();
            assert!(error.mismatch().is_some(), "it sleeps: {error}");
        }
    }

    async fn sleep_twice(env: &TestEnv) -> Result<(), Box<dyn Error>> {
        env.worker("beds").workflow::<Nap>().start();
        for id in ["nap-1", "nap-2"] {
            env.client().execute::<Nap>(5).id(id).task_queue("beds").await?;
        }
        Ok(())
    }

    #[steadfast::test]
    async fn the_histories_of_a_server_are_replayed_each_with_its_result(env: TestEnv) {
        sleep_twice(&env).await?;
        let histories = || env.client().list("WorkflowType = 'Nap'").histories();
        assert_eq!(
            Replayer::new()
                .workflow::<Nap>()
                .replay_all(histories())
                .await?
                .all_replay()?,
            2
        );

        let results = Replayer::new().workflow::<NoNap>().replay_all(histories()).await?;
        let mut failed: Vec<_> = results
            .failures()
            .map(|(name, error)| (name.to_owned(), error.mismatch().is_some()))
            .collect();
        failed.sort();
        assert_eq!(failed.len(), 2);
        assert!(failed[0].0.starts_with("nap-1/") && failed[0].1, "{failed:?}");
        let text = results.all_replay().unwrap_err().to_string();
        assert!(text.starts_with("2 of 2 histories do not replay\n"), "{text}");
    }

    #[steadfast::test]
    async fn the_files_of_a_folder_are_replayed_each_with_its_result(env: TestEnv) {
        sleep_twice(&env).await?;
        let folder = std::env::temp_dir().join(format!("steadfast-replay-{}", std::process::id()));
        fs::create_dir_all(folder.join("deeper"))?;
        let history = env.client().workflow::<Nap>("nap-1").fetch_history().await?;
        fs::write(folder.join("deeper/good.json"), history_to_json(&history)?)?;
        fs::write(folder.join("bad.json"), "no history")?;
        fs::write(folder.join("readme.txt"), "not looked at")?;

        let results = Replayer::new().workflow::<Nap>().replay_folder(&folder)?;
        let names: Vec<_> = results
            .iter()
            .map(|(name, result)| (name.ends_with("good.json"), result.is_ok()))
            .collect();
        assert_eq!(names, [(false, false), (true, true)]);
        let replayer = Replayer::new().workflow::<Nap>();
        replayer.replay_file(folder.join("deeper/good.json"))?;
        replayer.replay_file(folder.join("bad.json")).unwrap_err();
        let missing = Replayer::new().replay_file(folder.join("none.json")).unwrap_err();
        assert!(missing.to_string().contains("none.json` can't be read"), "{missing}");
        fs::remove_dir_all(folder)?;
        assert!(Replayer::new().replay_folder("/nowhere/at/all").is_err());
    }
}
