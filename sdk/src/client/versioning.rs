//! Which build of a deployment runs a workflow, whatever the routing says.

use crate::worker::VersioningBehavior;
use steadfast_proto::{
    deployment::WorkerDeploymentVersion,
    enums::VersioningBehavior as WireBehavior,
    workflow::{
        VersioningOverride as Wire, WorkflowExecutionVersioningInfo,
        versioning_override::{Override, PinnedOverride, PinnedOverrideBehavior},
    },
};

/// Which build of a deployment runs a workflow, whatever the routing and its type say.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum VersioningOverride {
    /// This build, until somebody says otherwise.
    Pinned(WorkerDeploymentVersion),
    /// Always the current build: the workflow moves on with its next task.
    AutoUpgrade,
}

impl VersioningOverride {
    /// This build of a deployment, until somebody says otherwise.
    pub fn pinned(deployment: impl Into<String>, build_id: impl Into<String>) -> Self {
        Self::Pinned(version(deployment.into(), build_id.into()))
    }

    pub(crate) fn into_wire(self) -> Wire {
        let decided = match self {
            Self::Pinned(version) => Override::Pinned(PinnedOverride {
                behavior: PinnedOverrideBehavior::Pinned.into(),
                version: Some(version),
            }),
            Self::AutoUpgrade => Override::AutoUpgrade(true),
        };
        Wire {
            r#override: Some(decided),
            ..Wire::default()
        }
    }

    /// `None` for what this client does not know.
    pub(super) fn of_wire(wire: &Wire) -> Option<Self> {
        match wire.r#override.as_ref()? {
            Override::Pinned(pinned) => pinned.version.clone().map(Self::Pinned),
            Override::AutoUpgrade(true) => Some(Self::AutoUpgrade),
            _ => None,
        }
    }
}

/// Which build of a deployment runs a workflow, and why.
#[derive(Debug, Clone, Copy)]
pub struct WorkflowVersioning<'a>(pub(super) &'a WorkflowExecutionVersioningInfo);

impl<'a> WorkflowVersioning<'a> {
    /// The build that it was last completed a task by.
    #[must_use]
    pub fn version(&self) -> Option<&'a WorkerDeploymentVersion> {
        self.0.deployment_version.as_ref()
    }

    /// How it moves between builds, as its type or its worker says.
    #[must_use]
    pub fn behavior(&self) -> Option<VersioningBehavior> {
        match self.0.behavior() {
            WireBehavior::Pinned => Some(VersioningBehavior::Pinned),
            WireBehavior::AutoUpgrade => Some(VersioningBehavior::AutoUpgrade),
            WireBehavior::Unspecified => None,
        }
    }

    /// What somebody said about this workflow alone, if anything.
    #[must_use]
    pub fn r#override(&self) -> Option<VersioningOverride> {
        self.0
            .versioning_override
            .as_ref()
            .and_then(VersioningOverride::of_wire)
    }

    /// The build that it is on its way to, if it moves.
    #[must_use]
    pub fn next_version(&self) -> Option<&'a WorkerDeploymentVersion> {
        self.0.version_transition.as_ref()?.deployment_version.as_ref()
    }

    /// All of it, as it came.
    #[must_use]
    pub fn raw(&self) -> &'a WorkflowExecutionVersioningInfo {
        self.0
    }
}

pub(super) fn version(deployment_name: String, build_id: String) -> WorkerDeploymentVersion {
    WorkerDeploymentVersion {
        deployment_name,
        build_id,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use steadfast_proto::workflow::DeploymentVersionTransition;

    #[test]
    fn a_workflow_that_moves_to_another_build_says_which() {
        let version = WorkerDeploymentVersion {
            deployment_name: "orders".to_owned(),
            build_id: "2".to_owned(),
        };
        let info = WorkflowExecutionVersioningInfo {
            version_transition: Some(DeploymentVersionTransition {
                deployment_version: Some(version.clone()),
                ..DeploymentVersionTransition::default()
            }),
            ..WorkflowExecutionVersioningInfo::default()
        };
        assert_eq!(WorkflowVersioning(&info).next_version(), Some(&version));
        let stays = WorkflowExecutionVersioningInfo::default();
        assert_eq!(WorkflowVersioning(&stays).next_version(), None);
    }
}
