//! Task queues: who polls them, and what waits in them.

use super::{Client, RpcError};
use std::time::{Duration, SystemTime};
use steadfast_proto::{
    deployment::WorkerDeploymentVersion,
    enums::TaskQueueType,
    std_duration, system_time,
    taskqueue::{PollerInfo, TaskQueue},
    workflowservice::{DescribeTaskQueueRequest, DescribeTaskQueueResponse},
};

impl Client {
    /// Who polls a task queue for tasks of a kind, and what waits in it.
    ///
    /// # Errors
    /// The call fails.
    pub async fn describe_task_queue(
        &self,
        name: impl Into<String>,
        kind: TaskQueueType,
    ) -> Result<TaskQueueDescription, RpcError> {
        let request = DescribeTaskQueueRequest {
            namespace: self.namespace().to_owned(),
            task_queue: Some(TaskQueue {
                name: name.into(),
                ..TaskQueue::default()
            }),
            task_queue_type: kind.into(),
            report_stats: true,
            report_config: true,
            ..DescribeTaskQueueRequest::default()
        };
        let answer = self.connection().call(request).await?;
        Ok(TaskQueueDescription(Box::new(answer)))
    }
}

/// Who polls a task queue, and what waits in it, about at the time the server was asked.
#[derive(Debug, Clone)]
pub struct TaskQueueDescription(Box<DescribeTaskQueueResponse>);

/// A worker that polled a task queue in the last minutes.
#[derive(Debug, Clone, Copy)]
pub struct TaskQueuePoller<'a>(&'a PollerInfo);

impl TaskQueueDescription {
    /// The workers that polled it in the last minutes.
    pub fn pollers(&self) -> impl ExactSizeIterator<Item = TaskQueuePoller<'_>> {
        self.0.pollers.iter().map(TaskQueuePoller)
    }

    /// About how many tasks wait.
    #[must_use]
    pub fn backlog(&self) -> u64 {
        let stats = self.0.stats.as_ref();
        stats.map_or(0, |stats| {
            u64::try_from(stats.approximate_backlog_count).unwrap_or_default()
        })
    }

    /// About how long the oldest task waits.
    #[must_use]
    pub fn backlog_age(&self) -> Option<Duration> {
        let age = self.0.stats.as_ref()?.approximate_backlog_age.as_ref();
        age.and_then(std_duration)
    }

    /// The build of a deployment that new workflows go to, if there is one.
    #[must_use]
    pub fn current_version(&self) -> Option<&WorkerDeploymentVersion> {
        self.0.versioning_info.as_ref()?.current_deployment_version.as_ref()
    }

    /// The build that a part of them goes to, and how many percent.
    #[must_use]
    pub fn ramping_version(&self) -> Option<(&WorkerDeploymentVersion, f32)> {
        let versioning = self.0.versioning_info.as_ref()?;
        let version = versioning.ramping_deployment_version.as_ref()?;
        Some((version, versioning.ramping_version_percentage))
    }

    /// The answer as it came.
    #[must_use]
    pub fn raw(&self) -> &DescribeTaskQueueResponse {
        &self.0
    }
}

impl<'a> TaskQueuePoller<'a> {
    /// Who it is.
    #[must_use]
    pub fn identity(&self) -> &'a str {
        &self.0.identity
    }

    /// When it last polled.
    #[must_use]
    pub fn last_access_time(&self) -> Option<SystemTime> {
        self.0.last_access_time.as_ref().and_then(system_time)
    }

    /// The deployment and the build of the worker, if it has told them.
    #[must_use]
    pub fn deployment(&self) -> Option<(&'a str, &'a str)> {
        let options = self.0.deployment_options.as_ref()?;
        Some((&options.deployment_name, &options.build_id))
    }

    /// All of it, as it came.
    #[must_use]
    pub fn raw(&self) -> &'a PollerInfo {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use steadfast_proto::{duration, taskqueue::TaskQueueStats, timestamp};

    #[test]
    fn a_queue_tells_how_long_its_oldest_task_waits_and_a_poller_when_it_last_polled() {
        let stats = TaskQueueStats {
            approximate_backlog_age: Some(duration(Duration::from_secs(90))),
            ..TaskQueueStats::default()
        };
        let polled = SystemTime::UNIX_EPOCH + Duration::from_secs(10);
        let poller = PollerInfo {
            last_access_time: Some(timestamp(polled)),
            ..PollerInfo::default()
        };
        let queue = TaskQueueDescription(Box::new(DescribeTaskQueueResponse {
            stats: Some(stats),
            ..DescribeTaskQueueResponse::default()
        }));
        assert_eq!(queue.backlog_age(), Some(Duration::from_secs(90)));
        assert_eq!(TaskQueuePoller(&poller).last_access_time(), Some(polled));
        let unknown = TaskQueueDescription(Box::default());
        assert_eq!(unknown.backlog_age(), None);
    }
}
