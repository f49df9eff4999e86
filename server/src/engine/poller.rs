//! Who polls, and who polled a queue lately.

use super::{deployment::Version, limits, request::Sdk, time::Time};
use steadfast_proto::{SmallMap, common, deployment::WorkerDeploymentOptions, taskqueue};

/// Who polls.
#[derive(Clone, Debug, Default)]
pub(crate) struct Poller {
    pub(crate) identity: String,
    pub(crate) version: Option<common::WorkerVersionStamp>,
    /// Of which version it is, if it takes part in versioning.
    pub(crate) deployment: Option<Version>,
    /// Which worker, if it says so.
    pub(crate) worker: String,
    /// What it is made with, if it polls for activities and says so.
    pub(crate) sdk: Option<Box<Sdk>>,
    /// Since when it waits, in real time.
    pub(crate) since: Time,
}

/// What a worker said of itself with its last poll.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Said {
    pub(crate) deployment_options: Option<WorkerDeploymentOptions>,
    /// How many tasks a second it asks for.
    pub(crate) per_second: Option<f64>,
}

#[derive(Debug)]
struct Seen {
    at: Time,
    said: Said,
    version: Option<common::WorkerVersionStamp>,
}

/// Who polled a queue lately, by identity.
#[derive(Debug, Default)]
pub(crate) struct PollerHistory(SmallMap<String, Seen>);

impl PollerHistory {
    pub(super) fn note(&mut self, poller: &Poller, said: Said, real: Time) {
        if let Some(seen) = self.0.get_mut(&poller.identity) {
            seen.at = real;
            seen.said = said;
            if seen.version != poller.version {
                seen.version.clone_from(&poller.version);
            }
            return;
        }
        self.0.retain(|_, seen| real.since(seen.at) < limits::POLLER_SHOWN);
        let seen = Seen {
            at: real,
            said,
            version: poller.version.clone(),
        };
        self.0.insert(poller.identity.clone(), seen);
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// As they are shown.
    pub(super) fn wire(&self, real: Time) -> impl Iterator<Item = taskqueue::PollerInfo> {
        let recent = self
            .0
            .iter()
            .filter(move |(_, seen)| real.since(seen.at) < limits::POLLER_SHOWN);
        recent.map(|(identity, seen)| taskqueue::PollerInfo {
            last_access_time: seen.at.wire(),
            identity: identity.clone(),
            rate_per_second: seen.said.per_second.unwrap_or(limits::POLLER_RATE),
            worker_version_capabilities: seen.version.as_ref().map(|version| common::WorkerVersionCapabilities {
                build_id: version.build_id.clone(),
                use_versioning: version.use_versioning,
                ..Default::default()
            }),
            deployment_options: seen.said.deployment_options.clone(),
        })
    }
}
