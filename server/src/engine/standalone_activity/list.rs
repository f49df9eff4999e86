//! Lists and counts of standalone activities.

use super::super::{Engine, error::Result, run::RunKind};
use steadfast_proto::workflowservice::{count_activity_executions_response::AggregationGroup, *};

impl Engine {
    pub(crate) fn list_activity_executions(
        &mut self,
        request: ListActivityExecutionsRequest,
    ) -> Result<ListActivityExecutionsResponse> {
        let (runs, next_page_token) = self.page_without_workflow(
            RunKind::Activity,
            &request.namespace,
            &request.query,
            request.page_size,
            request.next_page_token,
        )?;
        Ok(ListActivityExecutionsResponse {
            executions: runs.into_iter().map(|run| run.activity_row()).collect(),
            next_page_token,
        })
    }

    pub(crate) fn count_activity_executions(
        &mut self,
        request: &CountActivityExecutionsRequest,
    ) -> Result<CountActivityExecutionsResponse> {
        let (count, groups) = self.count_without_workflow(RunKind::Activity, &request.namespace, &request.query)?;
        let groups = groups.into_iter().map(|group| AggregationGroup {
            group_values: group.group_values,
            count: group.count,
        });
        Ok(CountActivityExecutionsResponse {
            count,
            groups: groups.collect(),
        })
    }
}
