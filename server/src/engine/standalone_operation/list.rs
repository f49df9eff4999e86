//! Lists and counts of standalone Nexus operations.

use super::super::{Engine, error::Result, run::RunKind};
use steadfast_proto::workflowservice::{count_nexus_operation_executions_response::AggregationGroup, *};

impl Engine {
    pub(crate) fn list_nexus_operation_executions(
        &mut self,
        request: ListNexusOperationExecutionsRequest,
    ) -> Result<ListNexusOperationExecutionsResponse> {
        let (runs, next_page_token) = self.page_without_workflow(
            RunKind::Operation,
            &request.namespace,
            &request.query,
            request.page_size,
            request.next_page_token,
        )?;
        Ok(ListNexusOperationExecutionsResponse {
            operations: runs.into_iter().map(|run| run.operation_row()).collect(),
            next_page_token,
        })
    }

    pub(crate) fn count_nexus_operation_executions(
        &mut self,
        request: &CountNexusOperationExecutionsRequest,
    ) -> Result<CountNexusOperationExecutionsResponse> {
        let (count, groups) = self.count_without_workflow(RunKind::Operation, &request.namespace, &request.query)?;
        let groups = groups.into_iter().map(|group| AggregationGroup {
            group_values: group.group_values,
            count: group.count,
        });
        Ok(CountNexusOperationExecutionsResponse {
            count,
            groups: groups.collect(),
        })
    }
}
