//! A worker that runs.

use super::{
    UnfitClient, WorkerError,
    stop::{Phase, Stop},
};
use crate::{client::Client, convert::Coding};
use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};
use tokio::task::JoinHandle;

/// A worker that runs as a task of its own. Awaiting it waits for its end; dropping it lets it run on.
#[derive(Debug)]
pub struct RunningWorker {
    stop: Stop,
    task: JoinHandle<Result<(), WorkerError>>,
    client: Client,
    instance_key: String,
}

impl RunningWorker {
    pub(super) fn new(
        stop: Stop,
        task: JoinHandle<Result<(), WorkerError>>,
        client: Client,
        instance_key: String,
    ) -> Self {
        Self {
            stop,
            task,
            client,
            instance_key,
        }
    }

    /// Reaches the server as another client does from now on: with its address, credentials and headers. Polls that wait for tasks end
    /// over the old connection; new ones, and the answers to tasks, go over the new one, and so do the calls of
    /// [`ActivityContext::client`](crate::activity::ActivityContext::client). Workflows that the other client starts may begin here at
    /// once, those of the old one no longer.
    ///
    /// What the worker was made with stays: its identity, data converter, interceptors and metrics.
    ///
    /// # Errors
    /// The other client is of another namespace, or has other codecs, so that it is no way to the same workflows.
    ///
    /// # Panics
    /// If it isn't called on a tokio runtime.
    pub fn set_client(&self, client: &Client) -> Result<(), UnfitClient> {
        let codecs = |client: &Client| client.connection().coding().map(Coding::names).unwrap_or_default();
        if client.namespace() != self.client.namespace() {
            return Err(UnfitClient::Namespace {
                expected: self.client.namespace().to_owned(),
                found: client.namespace().to_owned(),
            });
        }
        let (expected, found) = (codecs(&self.client), codecs(client));
        if expected != found {
            return Err(UnfitClient::Codecs { expected, found });
        }
        self.client.replace(client, &self.instance_key);
        Ok(())
    }

    /// Ends the worker in order: it takes no new tasks, finishes those it has, and cancels activities after the
    /// [grace period](super::Worker::graceful_shutdown_period).
    ///
    /// # Errors
    /// The worker could not start, or stopped by itself.
    pub async fn shutdown(self) -> Result<(), WorkerError> {
        self.stop.advance(Phase::Draining);
        self.await
    }

    /// Whether it is not at its end.
    #[must_use]
    pub fn is_running(&self) -> bool {
        !self.is_finished()
    }

    /// Whether it is at its end.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.task.is_finished()
    }
}

impl Future for RunningWorker {
    type Output = Result<(), WorkerError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.task).poll(context).map(|ended| match ended {
            Ok(result) => result,
            Err(error) if error.is_cancelled() => Ok(()),
            Err(error) => Err(WorkerError::Panicked(error.to_string())),
        })
    }
}

#[cfg(all(test, feature = "server"))]
mod tests {
    use super::*;
    use crate::{
        convert::{CodecFailure, CodecItem, PayloadCodec},
        prelude::*,
    };
    use steadfast_proto::workflowservice::ListWorkersRequest;
    use steadfast_server::Server;

    #[activity(start_to_close_timeout = "30s")]
    async fn knows(ctx: ActivityContext, namespace: String) -> Result<bool, ActivityError> {
        Ok(ctx.client().describe_namespace(namespace).await.is_ok())
    }

    #[derive(Default)]
    struct Looking;

    #[workflow]
    impl Looking {
        #[run]
        async fn run(ctx: WorkflowContext<Self>, namespace: String) -> WorkflowResult<bool> {
            Ok(ctx.local_activity::<knows>(namespace).await?)
        }
    }

    async fn is_reported(server: &Server, identity: &str) -> bool {
        let list = ListWorkersRequest {
            namespace: "default".to_owned(),
            query: format!("WorkerIdentity = '{identity}'"),
            ..ListWorkersRequest::default()
        };
        let answer = Client::in_process(server.services()).call(list).await;
        !answer.unwrap().workers.is_empty()
    }

    #[crate::test]
    async fn a_worker_whose_client_is_replaced_is_known_and_works_there(env: TestEnv) {
        let server = Server::builder().start()?;
        let other = Client::in_process(server.services());
        other.register_namespace("only-there").await?;
        let worker = env.worker("q").workflow::<Looking>().activity::<knows>();
        let worker = worker.identity("mover").start();
        while env.client().reserve("q", "Looking").is_none() || !is_reported(env.server(), "mover").await {
            tokio::task::yield_now().await;
        }
        assert!(other.reserve("q", "Looking").is_none() && !is_reported(&server, "mover").await);

        worker.set_client(&other)?;
        assert!(other.reserve("q", "Looking").is_some() && env.client().reserve("q", "Looking").is_none());
        // One task, brought by the answer to the start: polls that began before are still open at the first server.
        let looking = other.execute::<Looking>("only-there".to_owned()).task_queue("q");
        assert!(
            looking.request_eager_start().await?,
            "its activities have the new client"
        );
        while !is_reported(&server, "mover").await {
            tokio::task::yield_now().await;
        }
        worker.set_client(env.client())?;
        worker.shutdown().await?;
    }

    struct Idle;

    impl PayloadCodec for Idle {
        async fn encode(&self, _: &mut [CodecItem<'_>]) -> Result<(), CodecFailure> {
            Ok(())
        }

        async fn decode(&self, _: &mut [CodecItem<'_>]) -> Result<(), CodecFailure> {
            Ok(())
        }
    }

    #[crate::test]
    async fn a_client_that_is_no_way_to_the_same_workflows_is_refused(env: TestEnv) {
        let worker = env.worker("q").activity::<knows>().start();
        let services = || env.server().services();
        let elsewhere = Client::builder().namespace("elsewhere").in_process(services());
        let error = worker.set_client(&elsewhere).unwrap_err();
        assert!(
            matches!(&error, UnfitClient::Namespace { found, .. } if found == "elsewhere"),
            "{error}"
        );
        let coded = Client::builder().codec(Idle).in_process(services());
        let error = worker.set_client(&coded).unwrap_err();
        assert!(
            matches!(&error, UnfitClient::Codecs { found, .. } if found.contains("Idle")),
            "{error}"
        );
        assert_eq!(worker.set_client(env.client()), Ok(()));
        worker.shutdown().await?;
    }
}
