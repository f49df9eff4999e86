//! Runs that are removed: by request, or when their namespace has kept them long enough.

use super::{Engine, deadline::Due, error::Result, run::RunKey, signal::check_execution};
use steadfast_proto::workflowservice::{DeleteWorkflowExecutionRequest, DeleteWorkflowExecutionResponse};

impl Engine {
    /// Removes a run, which is terminated first if it is open.
    pub(crate) fn delete_workflow(
        &mut self,
        request: DeleteWorkflowExecutionRequest,
    ) -> Result<DeleteWorkflowExecutionResponse> {
        let namespace = self.world.namespaces.find(&request.namespace)?.key;
        let execution = request.workflow_execution.unwrap_or_default();
        check_execution(&execution)?;
        let key = self.find(namespace, &execution)?;
        self.delete_run(key)?;
        Ok(DeleteWorkflowExecutionResponse {})
    }

    pub(crate) fn delete_run(&mut self, key: RunKey) -> Result<()> {
        let Self { runs, world, .. } = self;
        let run = runs.touch(key)?;
        if run.is_open() {
            run.terminate(world, "Delete workflow execution", None, "history-service", Vec::new());
        }
        // Those who wait for its end hear of it, and so do its children.
        self.follow();
        self.remove(key);
        Ok(())
    }

    /// A run that has ended is kept for as long as its namespace says.
    pub(crate) fn retain(&mut self, key: RunKey) {
        let Self { runs, world, .. } = self;
        let Some(run) = runs.peek_mut(key).filter(|run| run.retention.is_none()) else {
            return;
        };
        if !self.ends_retention {
            return;
        }
        let Some(closed) = run.close_time else { return };
        let Some(namespace) = world.namespaces.get(run.is.namespace) else {
            return;
        };
        let ends = closed.plus(namespace.retention);
        run.retention = Some(
            world
                .deadlines
                .set(ends.minus(run.skipped), Due::Retention { run: key }),
        );
    }

    pub(crate) fn remove(&mut self, key: RunKey) {
        if let Some(mut run) = self.runs.remove(key) {
            self.world.deadlines.clear(&mut run.retention);
            self.index.remove(key);
        }
    }
}
