//! Worker deployments: which build gets which workflows.

use steadfast::{
    Priority,
    client::{
        BatchOperationState, OperatorError, VersionDrainageStatus, VersioningOverride, WorkerDeploymentVersionStatus,
        WorkflowOptions,
    },
    prelude::*,
    worker::{Deployment, VersioningBehavior},
};
use tests::{Environment, Outcome, RunningWorker};

/// Tells which build answers, and ends when it is told to.
#[derive(Default)]
struct Which {
    is_over: bool,
}

#[workflow]
impl Which {
    #[run]
    async fn run(ctx: WorkflowContext<Self>) -> WorkflowResult<String> {
        ctx.wait_condition(|s| s.is_over).await?;
        Ok(ctx
            .deployment_version()
            .map(|version| version.build_id)
            .unwrap_or_default())
    }

    #[signal]
    fn end(&mut self) {
        self.is_over = true;
    }
}

fn build(environment: &Environment, build_id: &str) -> RunningWorker {
    let deployment = Deployment::new(environment.name("deployment"), build_id);
    let worker = environment
        .worker()
        .deployment(deployment.versioned(VersioningBehavior::AutoUpgrade));
    RunningWorker::start(worker.workflow::<Which>())
}

#[tokio::test]
async fn workflows_go_to_the_build_that_is_current_or_that_was_said() -> Outcome {
    let environment = Environment::connect().await?;
    let client = environment.client();
    let deployment = client.deployment(environment.name("deployment"));
    assert!(matches!(deployment.describe().await, Err(OperatorError::NotFound(_))));
    let _workers = [build(&environment, "1"), build(&environment, "2")];
    // The server learns of builds by their polls.
    for build_id in ["1", "2"] {
        while deployment.describe_version(build_id).await.is_err() {
            tokio::task::yield_now().await;
        }
    }
    deployment.set_current_version("1").await?;
    let start = |name| {
        client
            .start::<Which>(())
            .id(environment.name(name))
            .task_queue(environment.queue())
    };
    let pinned = start("pinned")
        .versioning_override(VersioningOverride::pinned(deployment.name(), "2"))
        .await?;
    let first = start("first").await?;
    for which in [&pinned, &first] {
        which.end().await?;
    }
    assert_eq!(
        (pinned.result().await?, first.result().await?),
        ("2".to_owned(), "1".to_owned())
    );
    let description = pinned.describe().await?;
    let versioning = description.versioning().expect("a versioned worker had it");
    assert_eq!(versioning.version().map(|version| version.build_id.as_str()), Some("2"));
    assert_eq!(
        versioning.r#override(),
        Some(VersioningOverride::pinned(deployment.name(), "2"))
    );
    let description = deployment.describe().await?;
    assert_eq!(
        (description.name(), description.current_version()),
        (deployment.name(), Some("1"))
    );
    let mut builds: Vec<_> = description
        .versions()
        .map(|version| version.build_id().to_owned())
        .collect();
    builds.sort();
    assert_eq!(builds, ["1", "2"]);
    Ok(())
}

#[tokio::test]
async fn a_build_ramps_up_and_becomes_the_current_one() -> Outcome {
    let environment = Environment::connect().await?;
    let client = environment.client();
    let deployment = client.deployment(environment.name("deployment"));
    let unknown = deployment.set_current_version("1").await;
    assert!(
        matches!(unknown, Err(OperatorError::NotFound(_) | OperatorError::Rpc(_))),
        "{unknown:?}"
    );
    let _workers = [build(&environment, "1"), build(&environment, "2")];
    for build_id in ["1", "2"] {
        while deployment.describe_version(build_id).await.is_err() {
            tokio::task::yield_now().await;
        }
    }
    deployment.set_current_version("1").await?;
    deployment.set_ramping_version("2", 25.0).await?;
    assert_eq!(deployment.describe().await?.ramping_version(), Some(("2", 25.0)));
    let ramping = deployment.describe_version("2").await?;
    assert_eq!(
        (ramping.build_id(), ramping.status()),
        ("2", WorkerDeploymentVersionStatus::Ramping)
    );
    assert_eq!(
        (ramping.ramp_percent(), ramping.drainage()),
        (25.0, VersionDrainageStatus::Unspecified)
    );
    deployment.unset_ramping_version().await?;
    assert_eq!(deployment.describe().await?.ramping_version(), None);
    deployment.set_current_version("2").await?;
    assert_eq!(
        deployment.describe_version("2").await?.status(),
        WorkerDeploymentVersionStatus::Current
    );
    // Whether workflows still need it is found out now, or some minutes later.
    let left = deployment.describe_version("1").await?;
    let draining = [VersionDrainageStatus::Draining, VersionDrainageStatus::Drained];
    assert!(draining.contains(&left.drainage()), "{:?}", left.drainage());
    assert!(
        deployment
            .describe_version("2")
            .await?
            .task_queues()
            .any(|queue| queue == environment.queue())
    );
    deployment.set_version_metadata("2", "commit", &"abc").await?;
    assert_eq!(
        deployment
            .describe_version("2")
            .await?
            .metadata::<String>("commit")?
            .as_deref(),
        Some("abc")
    );
    assert!(deployment.delete_version("2").await.is_err(), "it is in use");
    assert!(deployment.delete().await.is_err(), "it has builds");
    let mut deployments = client.list_deployments();
    let mut found = false;
    while let Some(summary) = deployments.next().await? {
        found |= summary.name() == deployment.name() && summary.current_version() == Some("2");
    }
    assert!(found, "it is listed");
    deployment.unset_current_version().await?;
    assert_eq!(deployment.describe().await?.current_version(), None);
    Ok(())
}

#[tokio::test]
async fn workflows_that_run_are_given_another_build_or_priority() -> Outcome {
    let environment = Environment::connect().await?;
    let client = environment.client();
    let deployment = client.deployment(environment.name("deployment"));
    let _workers = [build(&environment, "1"), build(&environment, "2")];
    for build_id in ["1", "2"] {
        while deployment.describe_version(build_id).await.is_err() {
            tokio::task::yield_now().await;
        }
    }
    deployment.set_current_version("1").await?;
    let ids = ["one", "two"].map(|name| environment.name(name));
    for id in &ids {
        client.start::<Which>(()).id(id).task_queue(environment.queue()).await?;
    }
    let pin = || VersioningOverride::pinned(deployment.name(), "2");
    let one = client.workflow::<Which>(&ids[0]);
    let priority = Priority::new(2).fairness_key("ada").fairness_weight(2.5);
    one.update_options()
        .versioning_override(pin())
        .priority(priority.clone())
        .await?;
    let description = one.describe().await?;
    assert_eq!(description.raw().1.priority, Some(priority.into()));
    assert_eq!(
        description.versioning().and_then(|versioning| versioning.r#override()),
        Some(pin())
    );
    one.update_options().priority(1).await?;
    let description = one.describe().await?;
    let alone = description.raw().1.priority.clone();
    assert_eq!(alone, Some(Priority::new(1).into()), "all of it is replaced");
    let two = client.workflow::<Which>(&ids[1]);
    let batch = client.batch_of([&ids[1]]);
    let batch = batch
        .update_options(WorkflowOptions::new().versioning_override(pin()))
        .await?;
    while batch.describe().await?.state() == BatchOperationState::Running {
        tokio::task::yield_now().await;
    }
    assert_eq!(batch.describe().await?.completed(), 1);
    for which in [&one, &two] {
        which.end().await?;
        assert_eq!(which.result().await?, "2");
    }
    two.update_options()
        .versioning_override(None)
        .await
        .expect_err("it has ended");
    Ok(())
}

#[tokio::test]
async fn a_build_that_nobody_polls_for_becomes_the_current_one_only_if_that_is_said() -> Outcome {
    let environment = Environment::connect().await?;
    let deployment = environment.client().deployment(environment.name("deployment"));
    deployment
        .set_current_version("1")
        .await
        .expect_err("nobody has polled for it");
    deployment.set_current_version("1").allow_no_pollers().await?;
    assert_eq!(deployment.describe().await?.current_version(), Some("1"));
    deployment
        .set_ramping_version("2", 10.0)
        .await
        .expect_err("nobody has polled for it");
    deployment.set_ramping_version("2", 10.0).allow_no_pollers().await?;
    assert_eq!(deployment.describe().await?.ramping_version(), Some(("2", 10.0)));
    Ok(())
}

#[tokio::test]
async fn a_build_without_a_queue_where_tasks_wait_becomes_the_current_one_only_if_that_is_said() -> Outcome {
    let environment = Environment::connect().await?;
    let client = environment.client();
    let deployment = client.deployment(environment.name("deployment"));
    let other_queue = environment.name("other");
    let first = Deployment::new(deployment.name(), "1").versioned(VersioningBehavior::AutoUpgrade);
    let first = Worker::new(client, &other_queue).deployment(first).workflow::<Which>();
    let first = RunningWorker::start(first);
    let _second = build(&environment, "2");
    for build_id in ["1", "2"] {
        while deployment.describe_version(build_id).await.is_err() {
            tokio::task::yield_now().await;
        }
    }
    deployment.set_current_version("1").await?;
    first.kill().await;
    let waiting = client.start::<Which>(()).id(environment.name("waiting"));
    let waiting = waiting.task_queue(&other_queue).await?;
    deployment
        .set_current_version("2")
        .await
        .expect_err("a task waits where the second build does not look");
    deployment.set_current_version("2").ignore_missing_task_queues().await?;
    assert_eq!(deployment.describe().await?.current_version(), Some("2"));
    waiting.terminate("seen enough").await?;
    Ok(())
}
