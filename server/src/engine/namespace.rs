//! Namespaces.

use super::{
    Engine,
    error::{Code, Error, Result},
    id::{Ids, Uuid},
    limits,
    namespace_operation::{check_archival, check_cluster, retention_of},
    search_attribute::SearchAttributeTypes,
    start::check_name,
    time,
};
use bytes::Bytes;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use steadfast_proto::{
    SmallMap,
    enums::{ArchivalState, NamespaceState, ReplicationState},
    errordetails, namespace as wire, replication,
    worker::WorkerHeartbeat,
    workflowservice::*,
};

/// Names a namespace within an engine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct NamespaceKey(usize);

#[derive(Debug)]
pub(crate) struct Namespace {
    pub(crate) key: NamespaceKey,
    pub(crate) name: Arc<str>,
    pub(crate) id: Uuid,
    pub(crate) search_attributes: SearchAttributeTypes,
    pub(super) state: NamespaceState,
    pub(super) description: String,
    pub(super) owner_email: String,
    pub(super) data: BTreeMap<String, String>,
    pub(crate) retention: Duration,
    /// The last heartbeat of each worker.
    pub(crate) workers: SmallMap<String, WorkerHeartbeat>,
}

/// All namespaces of an engine.
#[derive(Debug, Default)]
pub(crate) struct Namespaces {
    names: SmallMap<Arc<str>, NamespaceKey>,
    all: Vec<Namespace>,
}

impl Namespaces {
    pub(crate) fn add(&mut self, name: &str, ids: &mut Ids) -> Option<&mut Namespace> {
        if self.names.contains_key(name) {
            return None;
        }
        let key = NamespaceKey(self.all.len());
        let name: Arc<str> = name.into();
        self.names.insert(name.clone(), key);
        self.all.push(Namespace {
            key,
            name,
            id: ids.random(),
            search_attributes: SearchAttributeTypes::default(),
            state: NamespaceState::Registered,
            description: String::new(),
            owner_email: String::new(),
            data: BTreeMap::new(),
            retention: limits::RETENTION,
            workers: SmallMap::new(),
        });
        self.all.last_mut()
    }

    /// The namespace of a request.
    pub(crate) fn find(&self, name: &str) -> Result<&Namespace> {
        if name.is_empty() {
            return Err(Error::invalid("Namespace is empty."));
        }
        let found = self.names.get(name).and_then(|key| self.all.get(key.0));
        found.ok_or_else(|| Self::missing(name))
    }

    pub(crate) fn find_mut(&mut self, name: &str) -> Result<&mut Namespace> {
        let key = self.find(name)?.key;
        self.all.get_mut(key.0).ok_or_else(|| Self::missing(name))
    }

    pub(crate) fn get(&self, key: NamespaceKey) -> Option<&Namespace> {
        self.all.get(key.0)
    }

    pub(crate) fn name_of(&self, id: &str) -> Option<String> {
        let mut all = self
            .all
            .iter()
            .filter(|namespace| namespace.state != NamespaceState::Deleted);
        all.find(|namespace| namespace.id.to_string() == id)
            .map(|namespace| namespace.name.to_string())
    }

    /// Takes a namespace away; gives the name that it has as a deleted one.
    pub(crate) fn remove(&mut self, key: NamespaceKey) -> Option<String> {
        let namespace = self.all.get_mut(key.0)?;
        self.names.remove(&namespace.name);
        namespace.state = NamespaceState::Deleted;
        namespace.name = namespace.deleted_name().into();
        Some(namespace.name.to_string())
    }

    pub(crate) fn missing(name: &str) -> Error {
        Error::new(Code::NotFound, format!("Namespace {name} is not found.")).with(
            &errordetails::NamespaceNotFoundFailure {
                namespace: name.to_owned(),
            },
        )
    }
}

impl Namespace {
    pub(super) fn describe(&self) -> DescribeNamespaceResponse {
        DescribeNamespaceResponse {
            namespace_info: Some(wire::NamespaceInfo {
                name: self.name.to_string(),
                state: self.state.into(),
                description: self.description.clone(),
                owner_email: self.owner_email.clone(),
                data: self.data.clone(),
                id: self.id.to_string(),
                capabilities: Some(wire::namespace_info::Capabilities {
                    eager_workflow_start: true,
                    sync_update: true,
                    async_update: true,
                    worker_heartbeats: true,
                    standalone_activities: true,
                    standalone_activity_start_delay: true,
                    standalone_activity_operator_commands: true,
                    standalone_nexus_operation: true,
                    workflow_pause: true,
                    worker_poll_complete_on_shutdown: true,
                    poller_autoscaling: true,
                    ..Default::default()
                }),
                limits: Some(wire::namespace_info::Limits {
                    blob_size_limit_error: 2_097_152,
                    memo_size_limit_error: 2_097_152,
                    workflow_task_completion_size_limit_error: 41_943_040,
                }),
                supports_schedules: true,
            }),
            config: Some(wire::NamespaceConfig {
                workflow_execution_retention_ttl: time::wire(self.retention),
                bad_binaries: Some(wire::BadBinaries::default()),
                history_archival_state: ArchivalState::Disabled.into(),
                visibility_archival_state: ArchivalState::Disabled.into(),
                ..Default::default()
            }),
            replication_config: Some(replication::NamespaceReplicationConfig {
                active_cluster_name: "active".to_owned(),
                clusters: vec![replication::ClusterReplicationConfig {
                    cluster_name: "active".to_owned(),
                    ..Default::default()
                }],
                state: ReplicationState::Normal.into(),
            }),
            ..Default::default()
        }
    }
}

impl Engine {
    pub(crate) fn describe_namespace(
        &mut self,
        request: &DescribeNamespaceRequest,
    ) -> Result<DescribeNamespaceResponse> {
        if request.namespace.is_empty() && !request.id.is_empty() {
            let name = self.world.namespaces.name_of(&request.id);
            let found = name.and_then(|name| self.world.namespaces.find(&name).ok());
            return found
                .map(Namespace::describe)
                .ok_or_else(|| Namespaces::missing(&request.id));
        }
        if request.namespace.is_empty() {
            return Err(Error::invalid("Namespace not set on request."));
        }
        self.world.namespaces.find(&request.namespace).map(Namespace::describe)
    }

    pub(crate) fn register_namespace(
        &mut self,
        request: RegisterNamespaceRequest,
    ) -> Result<RegisterNamespaceResponse> {
        if request.namespace.is_empty() {
            return Err(Error::invalid("Namespace not set on request."));
        }
        check_name("Namespace", &request.namespace)?;
        if request.is_global_namespace {
            return Err(Error::invalid("Cannot register global namespace when not enabled"));
        }
        check_cluster(&request.active_cluster_name)?;
        check_archival([request.history_archival_state, request.visibility_archival_state])?;
        let retention = retention_of(request.workflow_execution_retention_period.as_ref())?;
        let Some(namespace) = self.world.namespaces.add(&request.namespace, &mut self.world.ids) else {
            let text = format!("Namespace \"{}\" already exists", request.namespace);
            return Err(Error::new(Code::AlreadyExists, text).with(&errordetails::NamespaceAlreadyExistsFailure {}));
        };
        namespace.description = request.description;
        namespace.owner_email = request.owner_email;
        namespace.data = request.data;
        namespace.retention = retention;
        Ok(RegisterNamespaceResponse {})
    }

    /// In the order in which they were made.
    pub(crate) fn list_namespaces(&self, request: &ListNamespacesRequest) -> Result<ListNamespacesResponse> {
        let with_deleted = request.namespace_filter.is_some_and(|filter| filter.include_deleted);
        let first: usize = match request.next_page_token.is_empty() {
            true => 0,
            false => {
                let text = std::str::from_utf8(&request.next_page_token).ok();
                let first = text.and_then(|text| text.parse().ok());
                first.ok_or_else(|| Error::invalid("Invalid NextPageToken."))?
            }
        };
        let size = usize::try_from(request.page_size).ok().filter(|size| *size > 0);
        let size = size
            .unwrap_or(limits::VISIBILITY_PAGE_MAX)
            .min(limits::VISIBILITY_PAGE_MAX);
        let all = self.world.namespaces.all.iter().skip(first);
        let shown = all.filter(|namespace| with_deleted || namespace.state != NamespaceState::Deleted);
        let mut shown = shown.peekable();
        let page: Vec<&Namespace> = shown.by_ref().take(size).collect();
        let next_page_token = shown.peek().map(|next| Bytes::from(next.key.0.to_string()));
        Ok(ListNamespacesResponse {
            namespaces: page.into_iter().map(Namespace::describe).collect(),
            next_page_token: next_page_token.unwrap_or_default(),
        })
    }
}
