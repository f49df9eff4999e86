//! What operators do to deployments.

use super::{
    super::{
        Engine,
        error::{Code, Error, Result},
        namespace::NamespaceKey,
        time::Time,
    },
    Deployment, Known, Ramp, Version,
    describe::{UNVERSIONED, named, no_deployment},
};
use std::sync::Arc;
use steadfast_proto::{
    deployment::VersionMetadata,
    enums::WorkerDeploymentVersionStatus as Status,
    workflowservice::{set_worker_deployment_manager_request::NewManagerIdentity, *},
};

fn refused(message: String) -> Error {
    Error::new(Code::FailedPrecondition, message)
}

impl Deployment {
    /// Whoever changes a deployment must be its manager, if it has one, and know its present state, if he says so.
    fn check(&self, identity: &str, conflict_token: &[u8]) -> Result<()> {
        if !self.manager.is_empty() && self.manager != identity {
            return Err(refused(format!(
                "ManagerIdentity '{}' is set and does not match user identity '{identity}'; to proceed, set your own identity as the ManagerIdentity, remove the ManagerIdentity, or wait for the other client to do so",
                self.manager
            )));
        }
        if !conflict_token.is_empty() && conflict_token != self.conflict_token().as_ref() {
            return Err(refused("conflict token mismatch".to_owned()));
        }
        Ok(())
    }

    fn changed(&mut self, identity: &str) {
        self.changes = self.changes.saturating_add(1);
        identity.clone_into(&mut self.last_modifier);
    }

    /// The build id is known, or need not be.
    fn check_build(&mut self, name: &str, build_id: &str, allow_no_pollers: bool, now: Time) -> Result<()> {
        if self.versions.contains_key(build_id) {
            return Ok(());
        }
        if !allow_no_pollers {
            return Err(Error::not_found(format!(
                "build ID '{build_id}' not found in Worker Deployment '{name}'"
            )));
        }
        self.versions.insert(build_id.to_owned(), Known::new(now));
        Ok(())
    }

    fn activate(&mut self, build_id: Option<&str>, now: Time, is_current: bool) {
        let Some(known) = build_id.and_then(|build_id| self.versions.get_mut(build_id)) else {
            return;
        };
        known.first_activation.get_or_insert(now);
        known.routing_changed = Some(now);
        known.ramping_since = (!is_current).then_some(now);
        if is_current {
            known.current_since = Some(now);
            known.last_current = Some(now);
        }
    }

    fn deactivate(&mut self, build_id: Option<&str>, now: Time) {
        if let Some(known) = build_id.and_then(|build_id| self.versions.get_mut(build_id)) {
            known.current_since = None;
            known.ramping_since = None;
            known.routing_changed = Some(now);
            known.last_deactivation = Some(now);
        }
    }
}

/// The build id that a request means: none stands for workers of no version.
fn build_of(build_id: &str, dotted: &str) -> Option<String> {
    let text = match build_id {
        "" => dotted.split_once('.').map_or("", |(_, build_id)| build_id),
        build_id => build_id,
    };
    (!text.is_empty() && text != UNVERSIONED).then(|| text.to_owned())
}

impl Engine {
    fn deployment(&mut self, namespace: NamespaceKey, name: &str) -> Result<&mut Deployment> {
        let deployment = self.world.deployments.all.get_mut(&(namespace, Arc::from(name)));
        deployment.ok_or_else(|| no_deployment(name))
    }

    /// The deployment, which is made if it need not have pollers.
    fn deployment_or_new(
        &mut self,
        namespace: NamespaceKey,
        name: &str,
        allow_no_pollers: bool,
    ) -> Result<&mut Deployment> {
        let now = self.world.now();
        if allow_no_pollers {
            let all = &mut self.world.deployments.all;
            all.entry((namespace, Arc::from(name)))
                .or_insert_with(|| Deployment::new(now));
        }
        self.deployment(namespace, name)
    }

    /// A version that takes over must have workers for what waits for the one before.
    fn check_queues(&self, namespace: NamespaceKey, name: &str, next: Option<&str>) -> Result<()> {
        let deployments = &self.world.deployments;
        let Some(deployment) = deployments.all.get(&(namespace, Arc::from(name))) else {
            return Ok(());
        };
        let of = |build_id: Option<&str>| build_id.and_then(|build_id| deployment.versions.get(build_id));
        let (Some(before), Some(next)) = (of(deployment.current.as_deref()), of(next)) else {
            return Ok(());
        };
        for (work, queue) in before.queues.difference(&next.queues) {
            if self.world.queues.has_backlog(namespace, *work, queue) {
                return Err(refused(format!(
                    "proposed version has no workers for the task queue '{queue}' of the current version, where tasks wait"
                )));
            }
        }
        Ok(())
    }

    /// Makes a deployment before any worker polls.
    pub(crate) fn create_deployment(
        &mut self,
        request: CreateWorkerDeploymentRequest,
    ) -> Result<CreateWorkerDeploymentResponse> {
        let namespace = self.world.namespaces.find(&request.namespace)?.key;
        let now = self.world.now();
        let name = request.deployment_name.as_str();
        if name.is_empty() {
            return Err(Error::invalid("deployment name cannot be empty"));
        }
        let request_id = Some(request.request_id);
        let all = &mut self.world.deployments.all;
        let key = (namespace, Arc::from(name));
        if all.get(&key).is_some_and(|there| there.request_id != request_id) {
            return Err(Error::new(
                Code::AlreadyExists,
                format!("Worker Deployment with name \"{name}\" already exists"),
            ));
        }
        let deployment = all.entry(key).or_insert_with(|| Deployment {
            request_id,
            last_modifier: request.identity,
            ..Deployment::new(now)
        });
        Ok(CreateWorkerDeploymentResponse {
            conflict_token: deployment.conflict_token(),
        })
    }

    /// Makes a version before any worker of it polls.
    pub(crate) fn create_version(
        &mut self,
        request: CreateWorkerDeploymentVersionRequest,
    ) -> Result<CreateWorkerDeploymentVersionResponse> {
        let namespace = self.world.namespaces.find(&request.namespace)?.key;
        let now = self.world.now();
        let version = named(request.deployment_version.as_ref(), "")?;
        if request.compute_config.is_some() {
            return Err(Error::unbuilt("a version whose workers the server starts"));
        }
        let request_id = Some(request.request_id);
        let deployment = self.deployment(namespace, &version.deployment)?;
        let versions = &mut deployment.versions;
        if versions
            .get(&*version.build_id)
            .is_some_and(|there| there.request_id != request_id)
        {
            return Err(Error::new(
                Code::AlreadyExists,
                format!("Worker Deployment Version \"{}\" already exists", version.dotted()),
            ));
        }
        versions.entry(version.build_id.to_string()).or_insert_with(|| Known {
            request_id,
            last_modifier: request.identity,
            ..Known::new(now)
        });
        Ok(CreateWorkerDeploymentVersionResponse {})
    }

    pub(crate) fn set_current_version(
        &mut self,
        request: &SetWorkerDeploymentCurrentVersionRequest,
    ) -> Result<SetWorkerDeploymentCurrentVersionResponse> {
        let namespace = self.world.namespaces.find(&request.namespace)?.key;
        let now = self.world.now();
        let name = request.deployment_name.as_str();
        let next = build_of(&request.build_id, &request.version);
        let deployment = self.deployment_or_new(namespace, name, request.allow_no_pollers)?;
        let before = deployment.current.clone();
        let previous = before.as_deref().map(|build_id| Deployment::version(name, build_id));
        if before == next {
            if next.is_none() {
                deployment.changed(&request.identity);
            }
        } else {
            deployment.check(&request.identity, &request.conflict_token)?;
            if let Some(build_id) = &next {
                deployment.check_build(name, build_id, request.allow_no_pollers, now)?;
            }
            if !request.ignore_missing_task_queues {
                self.check_queues(namespace, name, next.as_deref())?;
            }
            let deployment = self.deployment(namespace, name)?;
            deployment.deactivate(before.as_deref(), now);
            deployment.activate(next.as_deref(), now, true);
            if deployment.ramp.as_ref().is_some_and(|ramp| ramp.build_id == next) {
                deployment.ramp = None;
                deployment.ramp_changed = Some(now);
                deployment.percentage_changed = Some(now);
            }
            deployment.current = next;
            deployment.current_changed = Some(now);
            deployment.revision = deployment.revision.saturating_add(1);
            deployment.changed(&request.identity);
            let queues = deployment.queues();
            self.reroute(namespace, queues);
        }
        Ok(SetWorkerDeploymentCurrentVersionResponse {
            conflict_token: self.deployment(namespace, name)?.conflict_token(),
            previous_version: previous
                .as_ref()
                .map_or_else(|| UNVERSIONED.to_owned(), Version::dotted),
            previous_deployment_version: previous.as_ref().map(Version::wire),
        })
    }

    pub(crate) fn set_ramping_version(
        &mut self,
        request: &SetWorkerDeploymentRampingVersionRequest,
    ) -> Result<SetWorkerDeploymentRampingVersionResponse> {
        let namespace = self.world.namespaces.find(&request.namespace)?.key;
        let now = self.world.now();
        let name = request.deployment_name.as_str();
        if !(0.0..=100.0).contains(&request.percentage) {
            return Err(Error::invalid("Percentage must be between 0 and 100 (inclusive)"));
        }
        let build_id = build_of(&request.build_id, &request.version);
        let deployment = self.deployment_or_new(namespace, name, request.allow_no_pollers)?;
        deployment.check(&request.identity, &request.conflict_token)?;
        // Nothing named and nothing given takes a ramp back.
        let next = (build_id.is_some() || request.percentage > 0.0).then_some(Ramp {
            build_id,
            percentage: request.percentage,
        });
        if let Some(Ramp { build_id, .. }) = &next {
            if *build_id == deployment.current {
                let dotted = build_id
                    .as_deref()
                    .map(|build_id| Deployment::version(name, build_id).dotted());
                return Err(refused(format!(
                    "requested ramping version {} is already current",
                    dotted.as_deref().unwrap_or(UNVERSIONED)
                )));
            }
            if let Some(build_id) = build_id {
                deployment.check_build(name, build_id, request.allow_no_pollers, now)?;
            }
        }
        let before = deployment.ramp.clone();
        if before != next {
            let of = |ramp: &Option<Ramp>| ramp.as_ref().and_then(|ramp| ramp.build_id.clone());
            if of(&before) != of(&next) {
                deployment.deactivate(of(&before).as_deref(), now);
                deployment.activate(of(&next).as_deref(), now, false);
                deployment.ramp_changed = Some(now);
            }
            deployment.percentage_changed = Some(now);
            deployment.ramp = next;
            deployment.revision = deployment.revision.saturating_add(1);
            deployment.changed(&request.identity);
        }
        let previous = before.as_ref().and_then(|ramp| ramp.build_id.as_deref());
        let previous = previous.map(|build_id| Deployment::version(name, build_id));
        let response = SetWorkerDeploymentRampingVersionResponse {
            conflict_token: deployment.conflict_token(),
            previous_version: previous.as_ref().map(Version::dotted).unwrap_or_default(),
            previous_deployment_version: previous.as_ref().map(Version::wire),
            previous_percentage: before.map_or(0.0, |ramp| ramp.percentage),
        };
        let queues = deployment.queues();
        self.reroute(namespace, queues);
        Ok(response)
    }

    pub(crate) fn update_version_metadata(
        &mut self,
        request: UpdateWorkerDeploymentVersionMetadataRequest,
    ) -> Result<UpdateWorkerDeploymentVersionMetadataResponse> {
        let namespace = self.world.namespaces.find(&request.namespace)?.key;
        let version = named(request.deployment_version.as_ref(), &request.version)?;
        if request.upsert_entries.is_empty() && request.remove_entries.is_empty() {
            return Err(Error::invalid(
                "At least one of remove_entries or upsert_entries must be provided",
            ));
        }
        let deployment = self.deployment(namespace, &version.deployment)?;
        let known = deployment.versions.get_mut(&*version.build_id);
        let known = known.ok_or_else(|| Error::not_found("Worker Deployment Version not found"))?;
        known.metadata.extend(request.upsert_entries);
        for key in &request.remove_entries {
            known.metadata.remove(key);
        }
        known.last_modifier = request.identity;
        Ok(UpdateWorkerDeploymentVersionMetadataResponse {
            metadata: Some(VersionMetadata {
                entries: known.metadata.clone(),
            }),
        })
    }

    pub(crate) fn set_deployment_manager(
        &mut self,
        request: SetWorkerDeploymentManagerRequest,
    ) -> Result<SetWorkerDeploymentManagerResponse> {
        let namespace = self.world.namespaces.find(&request.namespace)?.key;
        let deployment = self.deployment(namespace, &request.deployment_name)?;
        if !request.conflict_token.is_empty() && request.conflict_token != deployment.conflict_token() {
            return Err(refused("conflict token mismatch".to_owned()));
        }
        let manager = match request.new_manager_identity {
            Some(NewManagerIdentity::ManagerIdentity(identity)) => identity,
            Some(NewManagerIdentity::Self_(true)) => request.identity.clone(),
            Some(NewManagerIdentity::Self_(false)) | None => {
                return Err(Error::invalid("new_manager_identity is not set on request"));
            }
        };
        let previous_manager_identity = std::mem::replace(&mut deployment.manager, manager);
        deployment.changed(&request.identity);
        Ok(SetWorkerDeploymentManagerResponse {
            conflict_token: deployment.conflict_token(),
            previous_manager_identity,
        })
    }

    pub(crate) fn delete_version(
        &mut self,
        request: &DeleteWorkerDeploymentVersionRequest,
    ) -> Result<DeleteWorkerDeploymentVersionResponse> {
        let namespace = self.world.namespaces.find(&request.namespace)?.key;
        let version = named(request.deployment_version.as_ref(), &request.version)?;
        let Some(status) = self.version_status(namespace, &version) else {
            return Err(Error::not_found("Worker Deployment Version not found"));
        };
        self.deployment(namespace, &version.deployment)?
            .check(&request.identity, &[])?;
        let why = match status {
            Status::Current | Status::Ramping => "cannot be deleted since it is current or ramping",
            Status::Draining if !request.skip_drainage => "cannot be deleted since it is draining",
            _ if self.has_pollers(namespace, &version) => "cannot be deleted since it has active pollers",
            _ => "",
        };
        if !why.is_empty() {
            return Err(refused(format!("version '{}' {why}", version.text())));
        }
        let deployment = self.deployment(namespace, &version.deployment)?;
        deployment.versions.remove(&*version.build_id);
        deployment.changed(&request.identity);
        let left = deployment.queues();
        let name = &version.deployment;
        self.world.deployments.of_queue.retain(|(of, work, queue), names| {
            if *of == namespace && !left.contains(&(*work, queue.clone())) {
                names.remove(name);
            }
            !names.is_empty()
        });
        Ok(DeleteWorkerDeploymentVersionResponse {})
    }

    fn has_pollers(&self, namespace: NamespaceKey, version: &Version) -> bool {
        let known = self.world.deployments.known(namespace, version);
        let mut queues = known.into_iter().flat_map(|known| known.queues.iter());
        queues.any(|(work, name)| {
            let queue = self.world.queues.find_version(namespace, *work, name, version);
            queue.is_some_and(|queue| !queue.pollers.is_empty())
        })
    }

    pub(crate) fn delete_deployment(
        &mut self,
        request: &DeleteWorkerDeploymentRequest,
    ) -> Result<DeleteWorkerDeploymentResponse> {
        let namespace = self.world.namespaces.find(&request.namespace)?.key;
        let key = (namespace, Arc::from(request.deployment_name.as_str()));
        // One that is not there is as good as deleted.
        if let Some(deployment) = self.world.deployments.all.get(&key) {
            deployment.check(&request.identity, &[])?;
            if !deployment.versions.is_empty() {
                return Err(refused("deployment has versions, can't be deleted".to_owned()));
            }
        }
        self.world.deployments.all.remove(&key);
        Ok(DeleteWorkerDeploymentResponse {})
    }
}
