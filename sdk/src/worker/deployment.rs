//! Which build of which deployment a worker is.

use std::fmt;
use steadfast_proto::{
    deployment::{WorkerDeploymentOptions, WorkerDeploymentVersion},
    enums::{self, WorkerVersioningMode},
};

/// How a run moves between the builds of a deployment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VersioningBehavior {
    /// It stays with the build that began it.
    Pinned,
    /// It moves on to the current build with its next task.
    AutoUpgrade,
}

impl From<VersioningBehavior> for enums::VersioningBehavior {
    fn from(behavior: VersioningBehavior) -> Self {
        match behavior {
            VersioningBehavior::Pinned => Self::Pinned,
            VersioningBehavior::AutoUpgrade => Self::AutoUpgrade,
        }
    }
}

/// Which build of which deployment a worker is.
///
/// ```
/// # use steadfast::worker::{Deployment, VersioningBehavior};
/// let labelled = Deployment::new("orders", "2026-11-22");
/// let versioned = Deployment::new("orders", "2026-11-22").versioned(VersioningBehavior::Pinned);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deployment {
    name: String,
    build_id: String,
    behavior: Option<VersioningBehavior>,
    is_versioned: bool,
}

impl Deployment {
    /// A build of a deployment; it takes any task of its queue, and tools show which build did what.
    pub fn new(name: impl Into<String>, build_id: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            build_id: build_id.into(),
            behavior: None,
            is_versioned: false,
        }
    }

    /// The server routes tasks by build: a run gets a build when it starts, and keeps to it or moves on as the behaviour
    /// says. A build gets tasks once it is made the current or the ramping one.
    #[must_use]
    pub fn versioned(mut self, default_behavior: VersioningBehavior) -> Self {
        self.is_versioned = true;
        self.behavior = Some(default_behavior);
        self
    }

    /// How runs move, unless their type says otherwise. It has a meaning for [`versioned`](Self::versioned) workers only.
    #[must_use]
    pub fn default_behavior(mut self, behavior: VersioningBehavior) -> Self {
        self.behavior = Some(behavior);
        self
    }

    /// A build without a deployment, as by [`Worker::build_id`](super::Worker::build_id).
    pub(super) fn unnamed(build_id: String) -> Self {
        Self::new(String::new(), build_id)
    }

    /// What makes no sense, if anything does.
    pub(super) fn mistake(&self) -> Option<String> {
        if self.behavior.is_some() && !self.is_versioned {
            return Some(format!(
                "the deployment {self} has a default versioning behaviour without versioning; call `.versioned(behavior)`, \
                 or leave the behaviour out"
            ));
        }
        let is_nameless = self.is_versioned && self.name.is_empty();
        (is_nameless || self.build_id.is_empty()).then(|| {
            format!(
                "the deployment {self} needs both a name and a build id, such as `Deployment::new(\"orders\", \"1.4\")`"
            )
        })
    }

    pub(super) fn options(&self) -> WorkerDeploymentOptions {
        let mode = if self.is_versioned {
            WorkerVersioningMode::Versioned
        } else {
            WorkerVersioningMode::Unversioned
        };
        WorkerDeploymentOptions {
            deployment_name: self.name.clone(),
            build_id: self.build_id.clone(),
            worker_versioning_mode: mode.into(),
        }
    }

    pub(super) fn version(&self) -> WorkerDeploymentVersion {
        WorkerDeploymentVersion {
            deployment_name: self.name.clone(),
            build_id: self.build_id.clone(),
        }
    }

    /// What completions say of how their run moves.
    pub(super) fn behavior(&self) -> enums::VersioningBehavior {
        self.behavior.map_or(enums::VersioningBehavior::Unspecified, Into::into)
    }
}

impl fmt::Display for Deployment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}.{}\"", self.name, self.build_id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_default_behaviour_needs_versioning() {
        let labelled = Deployment::new("orders", "1");
        assert_eq!(labelled.mistake(), None);
        let mistake = labelled.default_behavior(VersioningBehavior::Pinned).mistake().unwrap();
        assert!(mistake.contains("without versioning"), "{mistake}");
    }

    #[test]
    fn a_versioned_worker_needs_a_name_and_a_build() {
        let versioned = |name: &str, build: &str| {
            Deployment::new(name, build)
                .versioned(VersioningBehavior::AutoUpgrade)
                .mistake()
        };
        assert_eq!(versioned("orders", "1"), None);
        assert!(versioned("", "1").is_some());
        assert!(versioned("orders", "").is_some());
    }

    #[test]
    fn the_server_is_told_name_build_and_mode() {
        let options = Deployment::new("orders", "1").versioned(VersioningBehavior::Pinned);
        assert_eq!(
            options.options().worker_versioning_mode(),
            WorkerVersioningMode::Versioned
        );
        assert_eq!(options.behavior(), enums::VersioningBehavior::Pinned);
        let unnamed = Deployment::unnamed("7".to_owned());
        assert_eq!(
            unnamed.options().worker_versioning_mode(),
            WorkerVersioningMode::Unversioned
        );
        assert_eq!(unnamed.mistake(), None);
    }
}
