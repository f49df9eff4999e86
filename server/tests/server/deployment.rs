//! Worker deployments: which version's workers get which task.

use crate::support::*;
use std::time::Duration;
use steadfast_proto::{
    command::{Command, command::Attributes as Commanded},
    common::{Payload, Priority},
    deployment::{WorkerDeploymentOptions, WorkerDeploymentVersion},
    enums::{
        ContinueAsNewVersioningBehavior, EventType, VersioningBehavior, WorkerDeploymentVersionStatus as Status,
        WorkerVersioningMode,
    },
    history::history_event::Attributes,
    prost_types::FieldMask,
    tonic::{Code, Request},
    workflow::{
        VersioningOverride, WorkflowExecutionOptions,
        versioning_override::{Override, PinnedOverride, PinnedOverrideBehavior},
    },
    workflowservice::*,
};

const NAME: &str = "deployment";

fn options(build_id: &str) -> Option<WorkerDeploymentOptions> {
    Some(WorkerDeploymentOptions {
        deployment_name: NAME.to_owned(),
        build_id: build_id.to_owned(),
        worker_versioning_mode: WorkerVersioningMode::Versioned.into(),
    })
}

pub(crate) fn version(build_id: &str) -> Option<WorkerDeploymentVersion> {
    Some(WorkerDeploymentVersion {
        build_id: build_id.to_owned(),
        deployment_name: NAME.to_owned(),
    })
}

pub(crate) fn pinned(build_id: &str) -> Option<VersioningOverride> {
    Some(VersioningOverride {
        r#override: Some(Override::Pinned(PinnedOverride {
            behavior: PinnedOverrideBehavior::Pinned.into(),
            version: version(build_id),
        })),
        ..Default::default()
    })
}

impl Bench {
    /// Polls as a worker of the version, for a moment: a task or nothing.
    async fn poll_as(&self, build_id: &str) -> Option<PollWorkflowTaskQueueResponse> {
        let mut request = Request::new(PollWorkflowTaskQueueRequest {
            namespace: "default".to_owned(),
            task_queue: queue(QUEUE),
            identity: build_id.to_owned(),
            deployment_options: options(build_id),
            ..Default::default()
        });
        request.set_timeout(Duration::from_millis(20));
        let task = self
            .service
            .poll_workflow_task_queue(request)
            .await
            .unwrap()
            .into_inner();
        (!task.task_token.is_empty()).then_some(task)
    }

    async fn answer_as(&self, task: &PollWorkflowTaskQueueResponse, build_id: &str, behavior: VersioningBehavior) {
        let commands = vec![start_timer("timer", Duration::from_secs(60))];
        let answered = self.answer_with(task, |request| {
            request.commands = commands;
            request.versioning_behavior = behavior.into();
            request.deployment_options = options(build_id).map(Box::new);
        });
        answered.await.unwrap();
    }

    async fn set_current(&self, build_id: &str) {
        let request = SetWorkerDeploymentCurrentVersionRequest {
            namespace: "default".to_owned(),
            deployment_name: NAME.to_owned(),
            build_id: build_id.to_owned(),
            ..Default::default()
        };
        let set = self
            .service
            .set_worker_deployment_current_version(Request::new(request))
            .await;
        set.unwrap();
    }

    async fn version_info(&self, build_id: &str) -> steadfast_proto::deployment::WorkerDeploymentVersionInfo {
        let request = DescribeWorkerDeploymentVersionRequest {
            namespace: "default".to_owned(),
            deployment_version: version(build_id),
            ..Default::default()
        };
        let described = self
            .service
            .describe_worker_deployment_version(Request::new(request))
            .await;
        described.unwrap().into_inner().worker_deployment_version_info.unwrap()
    }

    /// A deployment with workers of versions one and two, of which one is current.
    pub(crate) async fn deployed() -> Self {
        let bench = real();
        assert_eq!(bench.poll_as("one").await, None);
        assert_eq!(bench.poll_as("two").await, None);
        bench.set_current("one").await;
        bench
    }

    /// A workflow that version one has seen, and that waits for its next task.
    async fn begun(behavior: VersioningBehavior) -> Self {
        let bench = Self::deployed().await;
        bench.start("workflow").await;
        let task = bench.poll_as("one").await.unwrap();
        bench.answer_as(&task, "one", behavior).await;
        bench
    }
}

#[tokio::test]
async fn a_version_appears_with_its_first_poller() {
    let bench = real();
    let request = || {
        Request::new(DescribeWorkerDeploymentRequest {
            namespace: "default".to_owned(),
            deployment_name: NAME.to_owned(),
        })
    };
    let missing = bench.service.describe_worker_deployment(request()).await.unwrap_err();
    assert_eq!(missing.code(), Code::NotFound);
    bench.poll_as("one").await;
    let described = bench
        .service
        .describe_worker_deployment(request())
        .await
        .unwrap()
        .into_inner();
    let info = described.worker_deployment_info.unwrap();
    assert_eq!(info.version_summaries[0].status(), Status::Inactive);
    assert_eq!(info.routing_config.unwrap().current_version, "__unversioned__");
    assert_eq!(bench.version_info("one").await.task_queue_infos[0].name, QUEUE);
    let list = ListWorkerDeploymentsRequest {
        namespace: "default".to_owned(),
        ..Default::default()
    };
    let listed = bench
        .service
        .list_worker_deployments(Request::new(list))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(listed.worker_deployments.len(), 1);
}

#[tokio::test]
async fn new_workflows_go_to_the_current_version() {
    let bench = Bench::deployed().await;
    bench.start("workflow").await;
    assert_eq!(bench.poll_as("two").await, None);
    assert!(bench.poll_as("one").await.is_some());
}

#[tokio::test]
async fn tasks_that_wait_are_sent_on_when_the_routing_changes() {
    let bench = Bench::deployed().await;
    bench.start("workflow").await;
    bench.set_current("two").await;
    assert_eq!(bench.poll_as("one").await, None);
    assert!(bench.poll_as("two").await.is_some());
    bench.start("another").await;
    bench.set_current("").await;
    assert_eq!(bench.poll_as("two").await, None);
    assert_eq!(bench.poll().await.workflow_execution.unwrap().workflow_id, "another");
}

#[tokio::test]
async fn a_pinned_workflow_stays_on_its_version() {
    let bench = Bench::begun(VersioningBehavior::Pinned).await;
    bench.set_current("two").await;
    bench.signal("workflow", "one").await.unwrap();
    assert_eq!(bench.poll_as("two").await, None);
    assert!(bench.poll_as("one").await.is_some());
    assert_eq!(bench.version_info("one").await.status(), Status::Draining);
    let started = bench.history("workflow").await.pop().unwrap();
    let Some(Attributes::WorkflowTaskStartedEventAttributes(started)) = started.attributes else {
        panic!("expected a started task, got {started:?}");
    };
    assert!(started.target_worker_deployment_version_changed);
}

#[tokio::test]
async fn an_upgrading_workflow_goes_on_with_the_current_version() {
    let bench = Bench::begun(VersioningBehavior::AutoUpgrade).await;
    bench.set_current("two").await;
    bench.signal("workflow", "one").await.unwrap();
    assert_eq!(bench.poll_as("one").await, None);
    let task = bench.poll_as("two").await.unwrap();
    let info = bench.describe("workflow").await.workflow_execution_info.unwrap();
    let transition = info.versioning_info.unwrap().version_transition.unwrap();
    assert_eq!(transition.deployment_version, version("two"));
    bench
        .answer_with(&task, |request| {
            request.commands = vec![complete()];
            request.versioning_behavior = VersioningBehavior::AutoUpgrade.into();
            request.deployment_options = options("two").map(Box::new);
        })
        .await
        .unwrap();
    let info = bench.describe("workflow").await.workflow_execution_info.unwrap();
    assert_eq!(info.versioning_info.unwrap().deployment_version, version("two"));
    assert_eq!(bench.version_info("one").await.status(), Status::Drained);
}

#[tokio::test]
async fn a_run_that_follows_a_pinned_one_is_pinned_too() {
    let bench = Bench::deployed().await;
    bench.start("workflow").await;
    let task = bench.poll_as("one").await.unwrap();
    bench
        .answer_with(&task, |request| {
            request.commands = vec![continue_as_new()];
            request.versioning_behavior = VersioningBehavior::Pinned.into();
            request.deployment_options = options("one").map(Box::new);
        })
        .await
        .unwrap();
    bench.set_current("two").await;
    bench.server.skip(Duration::from_secs(2));
    assert_eq!(bench.poll_as("two").await, None);
    assert!(bench.poll_as("one").await.is_some());
}

/// A continuation that chooses its version anew.
fn continue_on(behavior: ContinueAsNewVersioningBehavior) -> Command {
    let mut next = continue_as_new();
    let Some(Commanded::ContinueAsNewWorkflowExecutionCommandAttributes(asked)) = &mut next.attributes else {
        panic!("{next:?}");
    };
    asked.set_initial_versioning_behavior(behavior);
    next
}

pub(crate) fn ramp(percentage: f32) -> Request<SetWorkerDeploymentRampingVersionRequest> {
    Request::new(SetWorkerDeploymentRampingVersionRequest {
        namespace: "default".to_owned(),
        deployment_name: NAME.to_owned(),
        build_id: "two".to_owned(),
        percentage,
        ..Default::default()
    })
}

#[tokio::test]
async fn a_run_that_follows_a_pinned_one_may_ask_for_the_current_version() {
    let bench = Bench::deployed().await;
    bench.start("workflow").await;
    let task = bench.poll_as("one").await.unwrap();
    let next = continue_on(ContinueAsNewVersioningBehavior::AutoUpgrade);
    bench
        .answer_with(&task, |request| {
            request.commands = vec![next];
            request.versioning_behavior = VersioningBehavior::Pinned.into();
            request.deployment_options = options("one").map(Box::new);
        })
        .await
        .unwrap();
    bench.set_current("two").await;
    bench.server.skip(Duration::from_secs(2));
    assert_eq!(bench.poll_as("one").await, None);
    assert!(bench.poll_as("two").await.is_some());
}

#[tokio::test]
async fn a_run_that_follows_may_begin_on_the_ramping_version_whatever_its_share() {
    let bench = Bench::deployed().await;
    bench
        .service
        .set_worker_deployment_ramping_version(ramp(0.0))
        .await
        .unwrap();
    bench.start("workflow").await;
    let task = bench.poll_as("one").await.unwrap();
    let next = continue_on(ContinueAsNewVersioningBehavior::UseRampingVersion);
    bench
        .answer_with(&task, |request| {
            request.commands = vec![next];
            request.versioning_behavior = VersioningBehavior::AutoUpgrade.into();
            request.deployment_options = options("one").map(Box::new);
        })
        .await
        .unwrap();
    bench.server.skip(Duration::from_secs(2));
    assert_eq!(bench.poll_as("one").await, None);
    let task = bench.poll_as("two").await.unwrap();
    match &task.history.as_ref().unwrap().events[0].attributes {
        Some(Attributes::WorkflowExecutionStartedEventAttributes(started)) => {
            let left = started.inherited_auto_upgrade_info.clone().unwrap();
            assert_eq!(left.source_deployment_version, version("one"));
        }
        other => panic!("{other:?}"),
    }
    bench.answer_as(&task, "two", VersioningBehavior::AutoUpgrade).await;
    // From then on it goes where others go.
    bench.signal("workflow", "one").await.unwrap();
    assert_eq!(bench.poll_as("two").await, None);
    assert!(bench.poll_as("one").await.is_some());
}

#[tokio::test]
async fn a_ramp_takes_all_or_nothing_at_its_ends() {
    let bench = Bench::deployed().await;
    bench
        .service
        .set_worker_deployment_ramping_version(ramp(0.0))
        .await
        .unwrap();
    bench.start("none").await;
    assert_eq!(bench.poll_as("two").await, None);
    assert!(bench.poll_as("one").await.is_some());
    bench
        .service
        .set_worker_deployment_ramping_version(ramp(100.0))
        .await
        .unwrap();
    assert_eq!(bench.version_info("two").await.status(), Status::Ramping);
    bench.start("all").await;
    assert_eq!(bench.poll_as("one").await, None);
    assert!(bench.poll_as("two").await.is_some());
    let too_much = bench
        .service
        .set_worker_deployment_ramping_version(ramp(101.0))
        .await
        .unwrap_err();
    assert_eq!(too_much.code(), Code::InvalidArgument);
}

#[tokio::test]
async fn an_override_goes_before_what_the_code_asks_for() {
    let bench = Bench::begun(VersioningBehavior::AutoUpgrade).await;
    bench.signal("workflow", "one").await.unwrap();
    let update = UpdateWorkflowExecutionOptionsRequest {
        namespace: "default".to_owned(),
        workflow_execution: execution("workflow"),
        workflow_execution_options: Some(WorkflowExecutionOptions {
            versioning_override: pinned("two"),
            priority: Some(Priority {
                priority_key: 1,
                ..Default::default()
            }),
            ..Default::default()
        }),
        update_mask: Some(FieldMask {
            paths: vec!["versioning_override".to_owned(), "priority.priority_key".to_owned()],
        }),
        ..Default::default()
    };
    bench
        .service
        .update_workflow_execution_options(Request::new(update))
        .await
        .unwrap();
    // The task that waited goes where it belongs now.
    assert_eq!(bench.poll_as("one").await, None);
    assert!(bench.poll_as("two").await.is_some());
    let events = bench.events("workflow").await;
    assert!(
        events.contains(&EventType::WorkflowExecutionOptionsUpdated),
        "{events:?}"
    );
    let info = bench.describe("workflow").await.workflow_execution_info.unwrap();
    assert!(info.versioning_info.unwrap().versioning_override.is_some());
    assert_eq!(info.priority.unwrap().priority_key, 1);
}

#[tokio::test]
async fn a_start_may_be_pinned_to_a_version_that_is_there() {
    let bench = Bench::deployed().await;
    let request = |build_id: &str| StartWorkflowExecutionRequest {
        versioning_override: pinned(build_id).map(Box::new),
        ..start("workflow")
    };
    let absent = bench.start_with(request("three")).await.unwrap_err();
    assert_eq!(absent.code(), Code::FailedPrecondition);
    bench.start_with(request("two")).await.unwrap();
    assert_eq!(bench.poll_as("one").await, None);
    assert!(bench.poll_as("two").await.is_some());
}

#[tokio::test]
async fn workflows_are_found_by_their_version() {
    let bench = Bench::begun(VersioningBehavior::Pinned).await;
    let count = CountWorkflowExecutionsRequest {
        namespace: "default".to_owned(),
        query: "TemporalWorkerDeploymentVersion = 'deployment:one' AND TemporalWorkflowVersioningBehavior = 'Pinned'"
            .to_owned(),
    };
    let counted = bench
        .service
        .count_workflow_executions(Request::new(count))
        .await
        .unwrap();
    assert_eq!(counted.into_inner().count, 1);
}

#[tokio::test]
async fn a_version_has_metadata_and_is_deleted_when_nobody_needs_it() {
    let bench = Bench::deployed().await;
    let metadata = UpdateWorkerDeploymentVersionMetadataRequest {
        namespace: "default".to_owned(),
        deployment_version: version("two"),
        upsert_entries: [("key".to_owned(), Payload::encoded("json/plain", "1"))].into(),
        ..Default::default()
    };
    bench
        .service
        .update_worker_deployment_version_metadata(Request::new(metadata))
        .await
        .unwrap();
    assert_eq!(bench.version_info("two").await.metadata.unwrap().entries.len(), 1);
    let delete = |build_id: &str| {
        Request::new(DeleteWorkerDeploymentVersionRequest {
            namespace: "default".to_owned(),
            deployment_version: version(build_id),
            ..Default::default()
        })
    };
    let current = bench
        .service
        .delete_worker_deployment_version(delete("one"))
        .await
        .unwrap_err();
    assert!(current.message().contains("current or ramping"), "{current}");
    bench
        .service
        .delete_worker_deployment_version(delete("two"))
        .await
        .unwrap();
    let gone = bench
        .service
        .delete_worker_deployment_version(delete("two"))
        .await
        .unwrap_err();
    assert_eq!(gone.code(), Code::NotFound);
    let whole = DeleteWorkerDeploymentRequest {
        namespace: "default".to_owned(),
        deployment_name: NAME.to_owned(),
        ..Default::default()
    };
    let refused = bench
        .service
        .delete_worker_deployment(Request::new(whole))
        .await
        .unwrap_err();
    assert_eq!(refused.code(), Code::FailedPrecondition);
}

#[tokio::test]
async fn only_its_manager_changes_a_deployment() {
    let bench = Bench::deployed().await;
    let manager = SetWorkerDeploymentManagerRequest {
        namespace: "default".to_owned(),
        deployment_name: NAME.to_owned(),
        identity: "me".to_owned(),
        new_manager_identity: Some(
            set_worker_deployment_manager_request::NewManagerIdentity::ManagerIdentity("boss".to_owned()),
        ),
        ..Default::default()
    };
    bench
        .service
        .set_worker_deployment_manager(Request::new(manager))
        .await
        .unwrap();
    let request = |identity: &str| {
        Request::new(SetWorkerDeploymentCurrentVersionRequest {
            namespace: "default".to_owned(),
            deployment_name: NAME.to_owned(),
            build_id: "two".to_owned(),
            identity: identity.to_owned(),
            ..Default::default()
        })
    };
    let refused = bench
        .service
        .set_worker_deployment_current_version(request("me"))
        .await
        .unwrap_err();
    assert_eq!(refused.code(), Code::FailedPrecondition);
    bench
        .service
        .set_worker_deployment_current_version(request("boss"))
        .await
        .unwrap();
}

#[tokio::test]
async fn a_deployment_and_its_versions_may_be_made_before_any_worker_polls() {
    let bench = real();
    let deployment = |request_id: &str| {
        Request::new(CreateWorkerDeploymentRequest {
            namespace: "default".to_owned(),
            deployment_name: NAME.to_owned(),
            request_id: request_id.to_owned(),
            ..Default::default()
        })
    };
    bench.service.create_worker_deployment(deployment("one")).await.unwrap();
    bench.service.create_worker_deployment(deployment("one")).await.unwrap();
    let twice = bench
        .service
        .create_worker_deployment(deployment("two"))
        .await
        .unwrap_err();
    assert_eq!(twice.code(), Code::AlreadyExists);
    let create = CreateWorkerDeploymentVersionRequest {
        namespace: "default".to_owned(),
        deployment_version: version("one"),
        ..Default::default()
    };
    bench
        .service
        .create_worker_deployment_version(Request::new(create))
        .await
        .unwrap();
    assert_eq!(bench.version_info("one").await.status(), Status::Created);
}

#[tokio::test]
async fn a_ramp_makes_a_deployment_that_need_not_have_pollers() {
    let bench = real();
    let ramp = |allow_no_pollers| SetWorkerDeploymentRampingVersionRequest {
        namespace: "default".to_owned(),
        deployment_name: NAME.to_owned(),
        build_id: "one".to_owned(),
        percentage: 10.0,
        allow_no_pollers,
        ..Default::default()
    };
    let set = |request| {
        bench
            .service
            .set_worker_deployment_ramping_version(Request::new(request))
    };
    assert_eq!(set(ramp(false)).await.unwrap_err().code(), Code::NotFound);
    set(ramp(true)).await.unwrap();
    assert_eq!(bench.version_info("one").await.status(), Status::Ramping);
    // One that was taken back is no longer as if nobody had ever used it.
    let taken_back = SetWorkerDeploymentRampingVersionRequest {
        build_id: String::new(),
        percentage: 0.0,
        ..ramp(true)
    };
    set(taken_back).await.unwrap();
    assert_eq!(bench.version_info("one").await.status(), Status::Drained);
}
