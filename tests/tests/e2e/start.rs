//! What a start says beside the input.

use steadfast::{
    Priority,
    activity::RetryPolicy,
    client::{StartError, WorkflowIdConflictPolicy},
    prelude::*,
};
use steadfast_proto::{
    common::{
        Callback, Link,
        callback::{Nexus, Variant},
        link,
    },
    duration,
    history::{WorkflowExecutionStartedEventAttributes, history_event::Attributes},
};
use tests::{Environment, Failure, Outcome};

/// Nobody runs it.
#[derive(Default)]
struct Idle;

#[workflow]
impl Idle {
    #[run]
    async fn run(_ctx: WorkflowContext<Self>) -> WorkflowResult<()> {
        Ok(())
    }
}

/// The URL of operations that are workflows: every server lets it in.
const URL: &str = "temporal://system";

async fn started(
    environment: &Environment,
    idle: &WorkflowHandle<Idle>,
) -> Result<WorkflowExecutionStartedEventAttributes, Failure> {
    match environment.history(idle).await?.swap_remove(0).attributes {
        Some(Attributes::WorkflowExecutionStartedEventAttributes(started)) => Ok(started.into_inner()),
        other => Err(format!("the run begins otherwise: {other:?}").into()),
    }
}

fn links_to(workflow_id: &str) -> Link {
    let event = link::WorkflowEvent {
        namespace: "default".to_owned(),
        workflow_id: workflow_id.to_owned(),
        run_id: "4f5c0c45-7a0a-4a2a-9d6c-6f5d6b3c0001".to_owned(),
        ..link::WorkflowEvent::default()
    };
    Link {
        variant: Some(link::Variant::WorkflowEvent(event)),
    }
}

fn calls_back(token: &str) -> Callback {
    Callback {
        variant: Some(Variant::Nexus(Nexus {
            url: URL.to_owned(),
            header: [("token".to_owned(), token.to_owned())].into(),
        })),
        links: Vec::new(),
    }
}

#[tokio::test]
async fn what_a_start_says_is_in_the_first_event() -> Outcome {
    let environment = Environment::connect().await?;
    let policy = RetryPolicy::default().maximum_attempts(3);
    let priority = Priority::new(2).fairness_key("ada").fairness_weight(2.5);
    let idle = environment
        .start::<Idle>(())
        .execution_timeout(hours(3))
        .run_timeout(hours(2))
        .task_timeout(secs(20))
        .cron_schedule("0 0 1 1 *")
        .retry_policy(policy.clone())
        .priority(priority.clone())
        .summary("does nothing")
        .details("for **days**")
        .memo("kind", "idle")
        .await?;
    let description = idle.describe().await?;
    let events = environment.history(&idle).await?;
    let started = started(&environment, &idle).await?;
    idle.terminate("seen enough").await?;
    assert_eq!(
        (
            started.workflow_execution_timeout,
            started.workflow_run_timeout,
            started.workflow_task_timeout
        ),
        (
            Some(duration(hours(3))),
            Some(duration(hours(2))),
            Some(duration(secs(20)))
        )
    );
    assert_eq!(started.cron_schedule, "0 0 1 1 *");
    assert_eq!(started.retry_policy.map(|policy| policy.maximum_attempts), Some(3));
    assert_eq!(started.priority, Some(priority.clone().into()));
    assert_eq!(description.raw().1.priority, Some(priority.into()));
    assert_eq!(description.memo::<String>("kind")?.as_deref(), Some("idle"));
    let metadata = events[0].user_metadata.as_ref().ok_or("nothing for people")?;
    let text = |payload| environment.client().converter().decode::<String>(payload);
    assert_eq!(
        (text(metadata.summary.as_ref())?, text(metadata.details.as_ref())?),
        ("does nothing".to_owned(), "for **days**".to_owned())
    );
    Ok(())
}

#[tokio::test]
async fn callbacks_and_links_of_a_second_start_reach_the_workflow_that_runs() -> Outcome {
    let environment = Environment::connect().await?;
    let first = environment
        .start::<Idle>(())
        .completion_callback(URL, [("token", "first")])
        .link(links_to("the first cause"))
        .await?;
    let second = environment
        .start::<Idle>(())
        .id_conflict_policy(WorkflowIdConflictPolicy::UseExisting)
        .completion_callback(URL, [("token", "second")])
        .link(links_to("the second cause"))
        .await?;
    assert_eq!(first.run_id(), second.run_id());
    let events = environment.history(&first).await?;
    let callbacks = first.describe().await?.raw().0.callbacks.len();
    let started = started(&environment, &first).await?;
    first.terminate("seen enough").await?;
    assert_eq!(started.completion_callbacks, [calls_back("first")]);
    assert_eq!(callbacks, 2);
    assert_eq!(events[0].links, [links_to("the first cause")]);
    let linked = events
        .iter()
        .find(|event| event.links == [links_to("the second cause")]);
    let Some(Attributes::WorkflowExecutionOptionsUpdatedEventAttributes(attached)) =
        linked.and_then(|event| event.attributes.as_ref())
    else {
        panic!("nothing was attached: {events:?}");
    };
    assert_eq!(attached.attached_completion_callbacks, [calls_back("second")]);
    Ok(())
}

#[tokio::test]
async fn a_callback_does_not_go_with_a_signal() -> Outcome {
    let environment = Environment::connect().await?;
    let refused = environment
        .start::<Idle>(())
        .completion_callback(URL, [("token", "first")])
        .with_signal(|idle| idle.signal_untyped("wake", ()))
        .await;
    match refused {
        Err(StartError::Option(unfit)) => assert_eq!(unfit.option(), "completion_callback"),
        other => panic!("expected a refusal, got {other:?}"),
    }
    Ok(())
}

#[tokio::test]
async fn a_start_that_is_repeated_counts_once() -> Outcome {
    let environment = Environment::connect().await?;
    let start = || environment.start::<Idle>(()).request_id("the same");
    let (first, second) = (start().await?, start().await?);
    first.terminate("seen enough").await?;
    assert_eq!(first.run_id(), second.run_id());
    Ok(())
}
