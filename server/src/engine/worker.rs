//! Workers that say how they are.

use super::{
    Engine,
    error::{Error, Result},
    limits,
};
use std::ops::Bound;
use steadfast_proto::{
    enums::WorkerStatus,
    worker::{WorkerHeartbeat, WorkerInfo, WorkerListInfo},
    workflowservice::*,
};

impl Engine {
    pub(crate) fn record_worker_heartbeat(
        &mut self,
        request: RecordWorkerHeartbeatRequest,
    ) -> Result<RecordWorkerHeartbeatResponse> {
        for heartbeat in request.worker_heartbeat {
            self.note_worker(&request.namespace, heartbeat)?;
        }
        Ok(RecordWorkerHeartbeatResponse {})
    }

    /// The last word of each worker counts.
    pub(crate) fn note_worker(&mut self, namespace: &str, heartbeat: WorkerHeartbeat) -> Result<()> {
        let workers = &mut self.world.namespaces.find_mut(namespace)?.workers;
        if workers.len() >= limits::WORKER_HEARTBEATS_MAX && !workers.contains_key(&heartbeat.worker_instance_key) {
            workers.pop_first();
        }
        workers.insert(heartbeat.worker_instance_key.clone(), heartbeat);
        Ok(())
    }

    pub(crate) fn describe_worker(&mut self, request: &DescribeWorkerRequest) -> Result<DescribeWorkerResponse> {
        let key = &request.worker_instance_key;
        let namespace = self.world.namespaces.find(&request.namespace)?;
        let heartbeat = namespace.workers.get(key);
        let heartbeat = heartbeat.ok_or_else(|| Error::not_found(format!("Worker {key} not found")))?;
        Ok(DescribeWorkerResponse {
            worker_info: Some(WorkerInfo {
                worker_heartbeat: Some(heartbeat.clone()),
            }),
        })
    }

    pub(crate) fn count_workers(&mut self, request: &CountWorkersRequest) -> Result<CountWorkersResponse> {
        let wanted = parse(&request.query)?;
        let workers = &self.world.namespaces.find(&request.namespace)?.workers;
        let count = workers.values().filter(|worker| fits(worker, &wanted)).count();
        Ok(CountWorkersResponse {
            count: i64::try_from(count).unwrap_or(i64::MAX),
        })
    }

    pub(crate) fn list_workers(&mut self, request: &ListWorkersRequest) -> Result<ListWorkersResponse> {
        let wanted = parse(&request.query)?;
        let after = std::str::from_utf8(&request.next_page_token);
        let after = after.map_err(|_| Error::invalid("invalid page token"))?;
        let size = usize::try_from(request.page_size).ok().filter(|size| *size > 0);
        let size = size.unwrap_or(limits::WORKERS_PAGE).min(limits::WORKERS_PAGE);
        let start = if after.is_empty() {
            Bound::Unbounded
        } else {
            Bound::Excluded(after)
        };
        let namespace = self.world.namespaces.find(&request.namespace)?;
        let found = namespace.workers.range::<str>((start, Bound::Unbounded));
        let mut found = found.map(|(_, worker)| worker).filter(|worker| fits(worker, &wanted));
        let workers: Vec<WorkerListInfo> = found.by_ref().take(size).map(list_info).collect();
        let last = workers.last().filter(|_| found.next().is_some());
        let next_page_token = last.map_or_else(Vec::new, |last| last.worker_instance_key.clone().into_bytes());
        Ok(ListWorkersResponse {
            workers,
            next_page_token: next_page_token.into(),
            ..Default::default()
        })
    }
}

/// What a list may be narrowed down to: `TaskQueue = 'orders' AND Status = 'Running'`.
fn parse(query: &str) -> Result<Vec<(String, String)>> {
    let query = query.trim();
    if query.is_empty() {
        return Ok(Vec::new());
    }
    let unbuilt = || {
        Error::unbuilt(&format!(
            "the query \"{query}\" for workers: this server takes comparisons such as TaskQueue = 'orders', joined by AND"
        ))
    };
    let comparisons = query.split(" AND ").flat_map(|part| part.split(" and "));
    let parsed = comparisons.map(|comparison| {
        let (field, value) = comparison.split_once('=').ok_or_else(unbuilt)?;
        let (field, value) = (field.trim(), value.trim().trim_matches(['\'', '"']));
        if field_of(&WorkerHeartbeat::default(), field).is_none() {
            return Err(unbuilt());
        }
        Ok((field.to_owned(), value.to_owned()))
    });
    parsed.collect()
}

fn fits(worker: &WorkerHeartbeat, wanted: &[(String, String)]) -> bool {
    wanted
        .iter()
        .all(|(field, value)| field_of(worker, field).as_deref() == Some(value))
}

fn field_of(worker: &WorkerHeartbeat, field: &str) -> Option<String> {
    let host = worker.host_info.as_ref();
    Some(match field {
        "WorkerInstanceKey" => worker.worker_instance_key.clone(),
        "WorkerIdentity" => worker.worker_identity.clone(),
        "TaskQueue" => worker.task_queue.clone(),
        "SdkName" => worker.sdk_name.clone(),
        "SdkVersion" => worker.sdk_version.clone(),
        "HostName" => host.map_or_else(String::new, |host| host.host_name.clone()),
        "DeploymentName" => version(worker).0,
        "BuildId" => version(worker).1,
        "Status" => match worker.status() {
            WorkerStatus::Unspecified => "Unspecified",
            WorkerStatus::Running => "Running",
            WorkerStatus::ShuttingDown => "ShuttingDown",
            WorkerStatus::Shutdown => "Shutdown",
        }
        .to_owned(),
        _ => return None,
    })
}

fn version(worker: &WorkerHeartbeat) -> (String, String) {
    let version = worker.deployment_version.clone().unwrap_or_default();
    (version.deployment_name, version.build_id)
}

fn list_info(worker: &WorkerHeartbeat) -> WorkerListInfo {
    let worker = worker.clone();
    let host = worker.host_info.unwrap_or_default();
    WorkerListInfo {
        worker_instance_key: worker.worker_instance_key,
        worker_identity: worker.worker_identity,
        task_queue: worker.task_queue,
        deployment_version: worker.deployment_version,
        sdk_name: worker.sdk_name,
        sdk_version: worker.sdk_version,
        status: worker.status,
        start_time: worker.start_time,
        host_name: host.host_name,
        worker_grouping_key: host.worker_grouping_key,
        process_id: host.process_id,
        plugins: worker.plugins,
        drivers: worker.drivers,
    }
}
