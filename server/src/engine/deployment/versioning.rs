//! How a run is bound to versions.

use super::{
    super::{namespace::NamespaceKey, run::Run, search_attribute, world::World},
    Version,
};
use std::collections::BTreeMap;
use steadfast_proto::{
    common::Payload,
    deployment::InheritedAutoUpgradeInfo,
    enums::{ContinueAsNewVersioningBehavior, VersioningBehavior as Behavior},
    history::WorkflowTaskCompletedEventAttributes,
    workflow::{
        DeploymentVersionTransition, VersioningOverride, WorkflowExecutionVersioningInfo,
        versioning_override::{Override, PinnedOverride, PinnedOverrideBehavior},
    },
};

/// How a run is bound to versions of its workers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Versioning {
    /// What the workflow's code asks for.
    pub(crate) behavior: Behavior,
    /// The version that completed the last workflow task, or that a run before this one was pinned to.
    pub(crate) version: Option<Version>,
    /// What somebody decided over the code's head.
    pub(crate) decided: Option<Decided>,
    /// The version that has the workflow task at hand, if it is another one.
    pub(crate) transition: Option<Version>,
    /// The first workflow task goes to the ramping version, whatever share of workflows that has.
    pub(crate) begins_on_ramp: bool,
    revision: i64,
    /// Every version that completed a workflow task.
    used: Vec<String>,
}

/// A decision about a run that goes before what its code asks for.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Decided {
    Pinned(Version),
    AutoUpgrade,
}

impl Decided {
    /// Reads an override in its newer form or in the older one.
    pub(crate) fn read(wire: &VersioningOverride) -> Option<Self> {
        match &wire.r#override {
            Some(Override::Pinned(pinned)) => pinned
                .version
                .as_ref()
                .map(|version| Self::Pinned(Version::read(version))),
            Some(Override::AutoUpgrade(true)) => Some(Self::AutoUpgrade),
            Some(Override::AutoUpgrade(false) | Override::OneTime(_)) => None,
            None => match wire.behavior() {
                Behavior::AutoUpgrade => Some(Self::AutoUpgrade),
                Behavior::Pinned => {
                    let (deployment, build_id) = wire.pinned_version.split_once('.')?;
                    Some(Self::Pinned(Version {
                        deployment: deployment.into(),
                        build_id: build_id.into(),
                    }))
                }
                Behavior::Unspecified => None,
            },
        }
    }

    pub(crate) fn wire(&self) -> VersioningOverride {
        let decided = match self {
            Self::Pinned(version) => Override::Pinned(PinnedOverride {
                behavior: PinnedOverrideBehavior::Pinned.into(),
                version: Some(version.wire()),
            }),
            Self::AutoUpgrade => Override::AutoUpgrade(true),
        };
        VersioningOverride {
            r#override: Some(decided),
            ..Default::default()
        }
    }

    /// With the older fields beside the newer ones.
    fn described(&self) -> VersioningOverride {
        let (behavior, pinned_version) = match self {
            Self::Pinned(version) => (Behavior::Pinned, version.dotted()),
            Self::AutoUpgrade => (Behavior::AutoUpgrade, String::new()),
        };
        VersioningOverride {
            behavior: behavior.into(),
            pinned_version,
            ..self.wire()
        }
    }
}

impl Versioning {
    /// The version that the run does not leave.
    pub(crate) fn pinned(&self) -> Option<&Version> {
        match (&self.decided, self.behavior) {
            (Some(Decided::Pinned(version)), _) => Some(version),
            (None, Behavior::Pinned) => self.version.as_ref(),
            _ => None,
        }
    }

    /// The version that the run is on now.
    pub(crate) fn effective(&self) -> Option<&Version> {
        self.pinned().or(self.transition.as_ref()).or(self.version.as_ref())
    }

    fn effective_behavior(&self) -> Behavior {
        match &self.decided {
            Some(Decided::Pinned(_)) => Behavior::Pinned,
            Some(Decided::AutoUpgrade) => Behavior::AutoUpgrade,
            None => self.behavior,
        }
    }

    /// What a run that follows this one, or a child, is pinned to from its start.
    pub(crate) fn inherited(&self) -> Option<Version> {
        match &self.decided {
            None => self.pinned().cloned(),
            Some(_) => None,
        }
    }

    /// What the run that follows this one is told of its version, if it is not bound to it.
    pub(crate) fn left(&self, asked: ContinueAsNewVersioningBehavior) -> Option<InheritedAutoUpgradeInfo> {
        let moves = self.behavior == Behavior::AutoUpgrade || asked != ContinueAsNewVersioningBehavior::Unspecified;
        let version = self.version.as_ref().filter(|_| moves && self.decided.is_none())?;
        Some(InheritedAutoUpgradeInfo {
            source_deployment_version: Some(version.wire()),
            source_deployment_revision_number: self.revision,
            continue_as_new_initial_versioning_behavior: asked.into(),
        })
    }

    pub(crate) fn describe(&self) -> Option<WorkflowExecutionVersioningInfo> {
        if self.version.is_none() && self.decided.is_none() {
            return None;
        }
        Some(WorkflowExecutionVersioningInfo {
            behavior: self.behavior.into(),
            version: self.version.as_ref().map(Version::dotted).unwrap_or_default(),
            deployment_version: self.version.as_ref().map(Version::wire),
            versioning_override: self.decided.as_ref().map(Decided::described),
            version_transition: self.transition.as_ref().map(|version| DeploymentVersionTransition {
                version: version.dotted(),
                deployment_version: Some(version.wire()),
            }),
            revision_number: self.revision,
            ..Default::default()
        })
    }

    /// What lists find the run by.
    fn attributes(&self) -> BTreeMap<String, Option<Payload>> {
        let keyword = |text: Option<String>| text.map(|text| typed("Keyword", format!("{text:?}")));
        let list = |texts: &[String]| (!texts.is_empty()).then(|| typed("KeywordList", format!("{texts:?}")));
        let effective = self.effective();
        let behavior = match self.effective_behavior() {
            Behavior::Pinned => Some("Pinned".to_owned()),
            Behavior::AutoUpgrade => Some("AutoUpgrade".to_owned()),
            Behavior::Unspecified => None,
        };
        let pinned: Vec<String> = self
            .pinned()
            .iter()
            .map(|version| format!("pinned:{}", version.text()))
            .collect();
        let deployment = effective.map(|version| version.deployment.to_string());
        [
            ("TemporalWorkerDeployment", keyword(deployment)),
            ("TemporalWorkerDeploymentVersion", keyword(effective.map(Version::text))),
            ("TemporalWorkflowVersioningBehavior", keyword(behavior)),
            ("TemporalUsedWorkerDeploymentVersions", list(&self.used)),
            ("BuildIds", list(&pinned)),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into()
    }
}

/// A search attribute's value with its type.
pub(crate) fn typed(kind: &'static str, json: String) -> Payload {
    let mut payload = Payload::encoded("json/plain", json);
    payload
        .metadata
        .insert("type", bytes::Bytes::from_static(kind.as_bytes()));
    payload
}

impl Run {
    /// A worker takes the workflow task: an auto-upgrading run may be about to change its version.
    pub(crate) fn begin_transition(&mut self, taker: Option<&Version>) {
        let versioning = &mut self.versioning;
        let is_bound = versioning.version.is_some();
        versioning.transition = match taker {
            Some(taker) if is_bound && versioning.pinned().is_none() && versioning.version.as_ref() != Some(taker) => {
                Some(taker.clone())
            }
            _ => None,
        };
    }

    /// A version has completed a workflow task.
    pub(crate) fn note_version(
        &mut self,
        world: &World,
        completed: &mut WorkflowTaskCompletedEventAttributes,
        version: Option<Version>,
    ) {
        self.versioning.transition = None;
        self.versioning.begins_on_ramp = false;
        let Some(version) = version else {
            if self.versioning.version.take().is_some() {
                self.versioning.behavior = Behavior::Unspecified;
                self.index_versions();
            }
            return;
        };
        completed.worker_deployment_name = version.deployment.to_string();
        completed.deployment_version = Some(Box::new(version.wire()));
        self.versioning.revision = world.deployments.revision(self.is.namespace, &version);
        self.remember_version(completed.versioning_behavior(), version);
    }

    pub(crate) fn remember_version(&mut self, behavior: Behavior, version: Version) {
        let versioning = &mut self.versioning;
        if versioning.behavior == behavior
            && versioning.version.as_ref() == Some(&version)
            && !versioning.used.is_empty()
        {
            return;
        }
        let text = version.text();
        if !versioning.used.contains(&text) {
            versioning.used.push(text);
        }
        versioning.behavior = behavior;
        versioning.version = Some(version);
        self.index_versions();
    }

    /// Lists find the run by its versions.
    pub(crate) fn index_versions(&mut self) {
        for (name, value) in self.versioning.attributes() {
            match value {
                Some(value) => search_attribute::merge(&mut self.search_attributes, &[(name, value)].into()),
                None => {
                    self.search_attributes.remove(&name);
                }
            }
        }
        self.is_indexed = false;
    }

    /// Whether the version that new workflows get is another one than the run is pinned to.
    pub(crate) fn could_upgrade(&self, world: &World, namespace: NamespaceKey) -> bool {
        let pinned = self.versioning.pinned().filter(|_| self.versioning.decided.is_none());
        let Some(pinned) = pinned else {
            return false;
        };
        let routed = world.deployments.route(
            namespace,
            super::super::task_queue::Work::Workflow,
            &self.is.task_queue,
            &self.is.workflow_id,
        );
        routed.is_some_and(|routed| routed != *pinned)
    }
}
