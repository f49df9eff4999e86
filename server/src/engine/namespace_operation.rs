//! What operators do with namespaces: change, retire, delete.

use super::{
    Engine,
    error::{Error, Result},
    limits,
    namespace::{Namespace, Namespaces},
    time,
};
use std::time::Duration;
use steadfast_proto::{
    enums::{ArchivalState, NamespaceState as State},
    namespace as wire,
    operatorservice::{DeleteNamespaceRequest, DeleteNamespaceResponse},
    prost_types,
    workflowservice::*,
};

impl Engine {
    /// What a request leaves out stays as it is.
    pub(crate) fn update_namespace(&mut self, request: UpdateNamespaceRequest) -> Result<UpdateNamespaceResponse> {
        let namespace = self.world.namespaces.find_mut(&request.namespace)?;
        let config = request.config.unwrap_or_default();
        check_config(&config)?;
        if request.promote_namespace {
            return Err(Error::invalid(format!(
                "global namespace is not enabled on this cluster, cannot update global namespace or promote local namespace: {}",
                request.namespace
            )));
        }
        if !request.delete_bad_binary.is_empty() {
            return Err(Error::invalid(format!(
                "Bad binary checksum {} doesn't exists.",
                request.delete_bad_binary
            )));
        }
        let cluster = request.replication_config.unwrap_or_default().active_cluster_name;
        check_cluster(&cluster)?;
        let info = request.update_info.unwrap_or_default();
        let state = match info.state() {
            State::Unspecified => None,
            state @ (State::Registered | State::Deprecated) => Some(state),
            State::Deleted => return Err(Error::invalid("a namespace is deleted by the operator service")),
        };
        if let Some(retention) = &config.workflow_execution_retention_ttl {
            namespace.retention = retention_of(Some(retention))?;
        }
        if !info.description.is_empty() {
            namespace.description = info.description;
        }
        if !info.owner_email.is_empty() {
            namespace.owner_email = info.owner_email;
        }
        namespace.data.extend(info.data);
        namespace.state = state.unwrap_or(namespace.state);
        let DescribeNamespaceResponse {
            namespace_info,
            config,
            replication_config,
            failover_version,
            is_global_namespace,
            ..
        } = namespace.describe();
        Ok(UpdateNamespaceResponse {
            namespace_info,
            config,
            replication_config,
            failover_version,
            is_global_namespace,
        })
    }

    /// It goes on to work.
    pub(crate) fn deprecate_namespace(
        &mut self,
        request: &DeprecateNamespaceRequest,
    ) -> Result<DeprecateNamespaceResponse> {
        self.world.namespaces.find_mut(&request.namespace)?.state = State::Deprecated;
        Ok(DeprecateNamespaceResponse {})
    }

    /// Takes a namespace away with everything in it.
    pub(crate) fn delete_namespace(&mut self, request: &DeleteNamespaceRequest) -> Result<DeleteNamespaceResponse> {
        let name = match (request.namespace.as_str(), request.namespace_id.as_str()) {
            ("", "") => return Err(Error::invalid("Namespace not set on request.")),
            ("", id) => self.world.namespaces.name_of(id),
            (name, "") => Some(name.to_owned()),
            _ => {
                return Err(Error::invalid(
                    "only one of namespace name or Id should be set on request.",
                ));
            }
        };
        let key = name
            .as_deref()
            .and_then(|name| self.world.namespaces.find(name).ok())
            .map(|found| found.key);
        let Some(key) = key else {
            let name = name.unwrap_or_else(|| request.namespace_id.clone());
            return Err(Namespaces::missing(&name));
        };
        for run in self.runs.of_namespace(key) {
            self.delete_run(run)?;
        }
        let Self { schedules, world, .. } = self;
        schedules.remove_all(key, world);
        Ok(DeleteNamespaceResponse {
            deleted_namespace: world.namespaces.remove(key).unwrap_or_default(),
        })
    }
}

pub(super) fn retention_of(retention: Option<&prost_types::Duration>) -> Result<Duration> {
    let retention = time::lasting(retention);
    if retention < limits::RETENTION_MIN {
        return Err(Error::invalid("A valid retention period is not set on request."));
    }
    Ok(retention)
}

/// There is one cluster.
pub(super) fn check_cluster(name: &str) -> Result<()> {
    match name {
        "" | "active" => Ok(()),
        other => Err(Error::invalid(format!(
            "cluster {other:?} is not known: there is only \"active\""
        ))),
    }
}

pub(super) fn check_archival(states: [i32; 2]) -> Result<()> {
    if states.contains(&ArchivalState::Enabled.into()) {
        return Err(Error::unbuilt("archival"));
    }
    Ok(())
}

fn check_config(config: &wire::NamespaceConfig) -> Result<()> {
    check_archival([config.history_archival_state, config.visibility_archival_state])?;
    if config.bad_binaries.as_ref().is_some_and(|bad| !bad.binaries.is_empty()) {
        return Err(Error::unbuilt("a namespace with bad binaries"));
    }
    if !config.custom_search_attribute_aliases.is_empty() {
        return Err(Error::unbuilt("an alias of a search attribute (names need none here)"));
    }
    Ok(())
}

impl Namespace {
    /// What a deleted namespace is called.
    pub(super) fn deleted_name(&self) -> String {
        let id = self.id.to_string();
        format!("{}-deleted-{}", self.name, id.get(..5).unwrap_or(&id))
    }
}
