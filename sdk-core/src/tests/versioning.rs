use super::{
    shard::{accept, completion, give, options, poll},
    *,
};
use crate::{Shard, ShardOptions, testing::activity};
use steadfast_proto::{
    Shared,
    deployment::{WorkerDeploymentOptions, WorkerDeploymentVersion},
    enums::{EventType, SuggestContinueAsNewReason, VersioningBehavior, WorkerVersioningMode},
    history as h,
    history::history_event::Attributes as A,
};

fn deployed(mode: WorkerVersioningMode, build_id: &str) -> Option<WorkerDeploymentOptions> {
    Some(WorkerDeploymentOptions {
        deployment_name: "orders".to_owned(),
        build_id: build_id.to_owned(),
        worker_versioning_mode: i32::from(mode),
    })
}

/// Tells after each activity which version completes the task.
fn telling() -> Script<Vec<String>> {
    Script::<Vec<String>>::new(|host, state| async move {
        for _ in 0..2 {
            let version = host
                .deployment_version()
                .map_or_else(|| "none".to_owned(), |version| version.build_id);
            state.with(|told| told.push(version));
            activity(&host, "a").await;
        }
        let version = host
            .deployment_version()
            .map_or_else(|| "none".to_owned(), |version| version.build_id);
        let told = state.with(|told| told.join(" "));
        Ok(Some(json_text(&format!("{told} {version}"))))
    })
}

fn behavior(script: Script<Vec<String>>, options: ShardOptions) -> (i32, String) {
    let mut shard = Shard::new(options, Box::new(script.alone()));
    let (_, request) = completion(give(&mut shard, poll("r", &first_task(), 0)));
    let build_id = request.deployment_options.unwrap_or_default().build_id;
    (request.versioning_behavior, build_id)
}

#[test]
fn a_versioned_worker_says_how_its_runs_move_on_and_a_workflow_may_say_otherwise() {
    use VersioningBehavior::{AutoUpgrade, Pinned, Unspecified};
    let with = |mode, versioning_behavior| ShardOptions {
        deployment: deployed(mode, "1.0"),
        versioning_behavior,
        ..options(10)
    };
    let versioned = WorkerVersioningMode::Versioned;
    let expected = |behavior: VersioningBehavior| (i32::from(behavior), "1.0".to_owned());
    assert_eq!(behavior(telling(), with(versioned, Unspecified)), expected(Unspecified));
    assert_eq!(behavior(telling(), with(versioned, Pinned)), expected(Pinned));
    assert_eq!(
        behavior(telling().versioning(AutoUpgrade), with(versioned, Pinned)),
        expected(AutoUpgrade)
    );
    let unversioned = with(WorkerVersioningMode::Unversioned, Unspecified);
    assert_eq!(
        behavior(telling().versioning(Pinned), unversioned),
        expected(Unspecified),
        "the server would refuse it"
    );
}

#[test]
fn code_sees_the_version_that_completed_the_task_and_its_own_when_it_is_new() {
    let completed = |build_id: &str| h::WorkflowTaskCompletedEventAttributes {
        deployment_version: Some(Box::new(WorkerDeploymentVersion {
            deployment_name: "orders".to_owned(),
            build_id: build_id.to_owned(),
        })),
        ..Default::default()
    };
    let completed = |build_id| A::WorkflowTaskCompletedEventAttributes(Shared::new(completed(build_id)));
    let history = first_task()
        .add(EventType::WorkflowTaskCompleted, completed("1.0"))
        .activity_scheduled("1", "a")
        .activity_completed("1", 1)
        .open_task()
        .add(EventType::WorkflowTaskCompleted, completed("1.1"))
        .activity_scheduled("2", "a")
        .activity_completed("2", 1)
        .open_task();
    let options = ShardOptions {
        deployment: deployed(WorkerVersioningMode::Versioned, "2.0"),
        ..options(10)
    };
    let mut shard = Shard::new(options, Box::new(telling().alone()));
    let (key, request) = completion(give(&mut shard, poll("r", &history, 0)));
    assert_eq!(
        show_command(request.commands.last().and_then(|command| command.attributes.as_ref())),
        r#"complete "1.0 1.1 2.0""#
    );
    accept(&mut shard, key);
}

#[test]
fn code_sees_why_it_should_continue_as_new_and_that_its_deployment_moved_on() {
    let scripts = alone(|host| async move {
        let seen = (
            host.continue_as_new_suggested(),
            host.continue_as_new_reasons(),
            host.target_deployment_changed(),
        );
        Ok(Some(json_text(&format!("{seen:?}"))))
    });
    let started = h::WorkflowTaskStartedEventAttributes {
        suggest_continue_as_new: true,
        suggest_continue_as_new_reasons: vec![i32::from(SuggestContinueAsNewReason::TooManyUpdates)],
        target_worker_deployment_version_changed: true,
        ..Default::default()
    };
    let history = HistoryBuilder::new("script").task_scheduled().add(
        EventType::WorkflowTaskStarted,
        A::WorkflowTaskStartedEventAttributes(Shared::new(started)),
    );
    assert_eq!(next_commands(&scripts, history), r#"complete "(true, [3], true)""#);
    assert_eq!(
        next_commands(&scripts, first_task()),
        r#"complete "(false, [], false)""#
    );
}
