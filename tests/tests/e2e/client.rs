//! What a client does with workflows beside their messages.

use std::collections::BTreeMap;
use steadfast::{
    client::{
        Client, Code, ParentClosePolicy, PendingActivityState, PendingWorkflowTaskState, QueryError,
        QueryRejectCondition, RequestError, ResetError, ResetPoint, ResetReapplyExcludeType, WorkflowStatus,
    },
    prelude::*,
    proto::{enums::EventType, history::history_event::Attributes},
    replay::Replayer,
};
use tests::{Environment, Failure, Gate, Outcome, RunningWorker};

#[derive(Default)]
struct Tally {
    sum: u32,
    done: bool,
}

#[workflow]
impl Tally {
    #[run]
    async fn run(ctx: WorkflowContext<Self>) -> WorkflowResult<u32> {
        ctx.wait_condition(|s| s.done).await?;
        Ok(ctx.state(|s| s.sum))
    }

    #[signal]
    fn add(&mut self, number: u32) {
        self.sum += number;
    }

    #[signal]
    fn finish(&mut self) {
        self.done = true;
    }

    #[query]
    fn sum(&self) -> u32 {
        self.sum
    }
}

#[derive(Default)]
struct Parent;

#[workflow]
impl Parent {
    #[run]
    async fn run(ctx: WorkflowContext<Self>) -> WorkflowResult<()> {
        let child = ctx.child::<Tally>(()).start().await?;
        let desk = ctx.activities::<Desk>().start_to_close_timeout(secs(60));
        desk.stamp("a form".to_owned()).await?;
        child.finish().await?;
        child.result().await?;
        Ok(())
    }
}

#[derive(Clone, Default)]
struct Desk {
    started: Gate,
    release: Gate,
}

#[activities]
impl Desk {
    #[activity]
    async fn stamp(&self, ctx: ActivityContext, what: String) -> Result<(), ActivityError> {
        if ctx.info().attempt == 1 {
            ctx.heartbeat(&what)?;
            return Err(ActivityError::new("no ink"));
        }
        self.started.open();
        self.release.passed().await;
        Ok(())
    }
}

#[tokio::test]
async fn a_reset_workflow_goes_on_in_a_new_run_with_the_messages_it_had() -> Outcome {
    let environment = Environment::connect().await?;
    let _worker = RunningWorker::start(environment.worker().workflow::<Tally>());
    let tally = environment.start::<Tally>(()).await?;
    tally.add(3).await?;
    tally.finish().await?;
    assert_eq!(tally.result().await?, 3);
    let again = tally.reset(ResetPoint::FirstWorkflowTask).reason("once more").await?;
    assert_ne!(again.run_id(), tally.run_id());
    assert_eq!(again.result().await?, 3, "the signals came again");
    Ok(())
}

#[tokio::test]
async fn a_reset_leaves_out_what_is_not_to_be_delivered_anew() -> Outcome {
    let environment = Environment::connect().await?;
    let _worker = RunningWorker::start(environment.worker().workflow::<Tally>());
    let tally = environment.start::<Tally>(()).await?;
    assert_eq!(tally.sum().await?, 0, "the first task is done");
    tally.add(3).await?;
    let again = tally
        .reset(ResetPoint::FirstWorkflowTask)
        .without_reapplying([ResetReapplyExcludeType::Signal])
        .await?;
    again.add(5).await?;
    again.finish().await?;
    assert_eq!(again.result().await?, 5);
    let old = tally.with_run_id(tally.run_id().unwrap_or_default());
    assert_eq!(old.describe().await?.status(), WorkflowStatus::Terminated);
    Ok(())
}

#[tokio::test]
async fn a_reset_to_the_last_task_or_to_an_event_keeps_what_came_before() -> Outcome {
    let environment = Environment::connect().await?;
    let _worker = RunningWorker::start(environment.worker().workflow::<Tally>());
    let tally = environment.start::<Tally>(()).await?;
    assert_eq!(tally.sum().await?, 0, "the first task is done");
    tally.add(3).await?;
    assert_eq!(tally.sum().await?, 3);
    tally.finish().await?;
    assert_eq!(tally.result().await?, 3);
    let last = tally.reset(ResetPoint::LastWorkflowTask).await?;
    assert_eq!(last.result().await?, 3);
    let events = last.fetch_history().await?.events;
    let task = events
        .iter()
        .find(|event| event.event_type() == EventType::WorkflowTaskCompleted);
    let event_id = task.map(|event| event.event_id).ok_or("no task was completed")?;
    assert_eq!(last.reset(ResetPoint::Event(event_id)).await?.result().await?, 3);
    Ok(())
}

#[tokio::test]
async fn a_reset_says_why_it_is_impossible() -> Outcome {
    let environment = Environment::connect().await?;
    let unknown = environment.client().workflow::<Tally>(environment.name("unknown"));
    let error = unknown.reset(ResetPoint::FirstWorkflowTask).await;
    assert!(matches!(error, Err(ResetError::NotFound(_))), "{error:?}");
    let later = environment.start::<Tally>(()).start_delay(hours(1)).await?;
    let error = later.reset(ResetPoint::LastWorkflowTask).await;
    assert!(matches!(error, Err(ResetError::NoTask(_))), "{error:?}");
    match later.reset(ResetPoint::Event(77)).await {
        Err(ResetError::Rpc(error)) => assert_eq!(error.code(), Code::InvalidArgument, "{error}"),
        other => panic!("expected the server's refusal, got {other:?}"),
    }
    later.terminate("seen enough").await?;
    Ok(())
}

#[tokio::test]
async fn a_deleted_workflow_is_gone() -> Outcome {
    let environment = Environment::connect().await?;
    let tally = environment.start::<Tally>(()).await?;
    tally.terminate("not needed").await?;
    tally.delete().await?;
    let gone = loop {
        if let Err(error) = tally.describe().await {
            break error;
        }
        tokio::task::yield_now().await;
    };
    assert!(matches!(gone, RequestError::NotFound(_)), "{gone}");
    let unknown = environment.client().workflow::<Tally>(environment.name("unknown"));
    let error = unknown.delete().await;
    assert!(matches!(error, Err(RequestError::NotFound(_))), "{error:?}");
    Ok(())
}

#[tokio::test]
async fn events_come_page_by_page() -> Outcome {
    let environment = Environment::connect().await?;
    let _worker = RunningWorker::start(environment.worker().workflow::<Tally>());
    let tally = environment.start::<Tally>(()).await?;
    tally.finish().await?;
    tally.result().await?;
    let mut events = tally.events().page_size(2);
    let mut seen = Vec::new();
    while let Some(event) = events.next().await? {
        seen.push(event);
    }
    assert!(seen.len() > 4, "{seen:?}");
    assert_eq!(seen, tally.fetch_history().await?.events);
    let mut end = tally.events().close_event();
    let close = end.next().await?.ok_or("no event")?;
    assert_eq!(close.event_type(), EventType::WorkflowExecutionCompleted);
    assert_eq!(end.next().await?, None);
    Ok(())
}

#[tokio::test]
async fn a_description_tells_what_the_workflow_waits_for() -> Outcome {
    let environment = Environment::connect().await?;
    let desk = Desk::default();
    let parent = environment.start::<Parent>(()).await?;
    let waiting = parent.describe().await?;
    let task = waiting.pending_workflow_task().ok_or("no workflow task")?;
    assert_eq!((task.state(), task.attempt()), (PendingWorkflowTaskState::Scheduled, 1));
    assert!(task.scheduled_time().is_some() && task.started_time().is_none());
    let worker = environment.worker().workflow::<Parent>().workflow::<Tally>();
    let _worker = RunningWorker::start(worker.activities(desk.clone()));
    desk.started.passed().await;

    let description = parent.describe().await?;
    let activity = description.pending_activities().next().ok_or("no activity")?;
    assert_eq!(activity.activity_type(), "stamp");
    assert_eq!(activity.state(), PendingActivityState::Started);
    assert_eq!((activity.attempt(), activity.is_paused()), (2, false));
    assert!(activity.last_started_time().is_some() && !activity.last_worker_identity().is_empty());
    assert_eq!(activity.heartbeat_details::<String>()?.as_deref(), Some("a form"));
    assert_eq!(
        activity.last_failure().map(|failure| failure.message.as_str()),
        Some("no ink")
    );
    let child = description.pending_children().next().ok_or("no child")?;
    assert_eq!(child.workflow_type(), "Tally");
    assert_eq!(child.parent_close_policy(), ParentClosePolicy::Terminate);
    assert!(!child.id().is_empty() && !child.run_id().is_empty() && child.initiated_event_id() > 0);
    assert_eq!(Some(description.first_run_id()), parent.run_id());
    desk.release.open();
    parent.result().await?;
    let done = parent.describe().await?;
    assert_eq!((done.pending_activities().len(), done.pending_children().len()), (0, 0));
    Ok(())
}

#[tokio::test]
async fn a_client_rejects_queries_as_it_was_told_unless_the_query_says_otherwise() -> Outcome {
    let environment = Environment::connect().await?;
    let builder = Client::builder().address(environment.network_address().await?);
    let client = builder
        .query_reject_condition(QueryRejectCondition::NotOpen)
        .connect()
        .await?;
    let queue = environment.queue();
    let _worker = RunningWorker::start(steadfast::worker::Worker::new(&client, &queue).workflow::<Tally>());
    let tally = client
        .start::<Tally>(())
        .id(environment.name("workflow"))
        .task_queue(queue)
        .await?;
    assert_eq!(tally.sum().await?, 0);
    tally.finish().await?;
    tally.result().await?;
    let rejected = tally.sum().await;
    assert!(matches!(rejected, Err(QueryError::Rejected(_))), "{rejected:?}");
    assert_eq!(tally.sum().reject_condition(QueryRejectCondition::None).await?, 0);
    Ok(())
}

#[tokio::test]
async fn a_handle_bound_to_a_chain_of_runs_leaves_a_later_workflow_alone() -> Outcome {
    let environment = Environment::connect().await?;
    let first = environment.start::<Tally>(()).await?;
    let guarded = environment.client().workflow::<Tally>(first.id());
    let guarded = guarded.with_first_run_id(first.run_id().unwrap_or_default());
    let details = environment.client().converter().encode_result(&"for the test")?;
    first.terminate("to start another").details(details.clone()).await?;
    match first
        .events()
        .close_event()
        .next()
        .await?
        .and_then(|event| event.attributes)
    {
        Some(Attributes::WorkflowExecutionTerminatedEventAttributes(end)) => assert_eq!(end.details, Some(details)),
        other => panic!("expected a termination, got {other:?}"),
    }
    let second = environment.start::<Tally>(()).await?;
    let error = guarded.terminate("by mistake").await;
    assert!(matches!(error, Err(RequestError::NotFound(_))), "{error:?}");
    let error = guarded.cancel().await;
    assert!(matches!(error, Err(RequestError::NotFound(_))), "{error:?}");
    assert_eq!(second.describe().await?.status(), WorkflowStatus::Running);
    second.terminate("seen enough").await?;
    Ok(())
}

/// What finds three workflows, once lists have them: two are closed, and one runs.
async fn three(environment: &Environment) -> Result<(String, WorkflowHandle<Tally>), Failure> {
    let query = format!("TaskQueue = '{}'", environment.queue());
    let client = environment.client();
    for number in 0..2 {
        let id = environment.name(&number.to_string());
        let tally = client.start::<Tally>(()).id(id).task_queue(environment.queue()).await?;
        tally.finish().await?;
        tally.result().await?;
    }
    let running = environment.start::<Tally>(()).await?;
    let closed = format!("{query} AND ExecutionStatus = 'Completed'");
    while (client.count(&query).await?, client.count(&closed).await?) != (3, 2) {
        tokio::task::yield_now().await;
    }
    Ok((query, running))
}

#[tokio::test]
async fn workflows_are_counted_in_groups() -> Outcome {
    let environment = Environment::connect().await?;
    let _worker = RunningWorker::start(environment.worker().workflow::<Tally>());
    let (query, running) = three(&environment).await?;
    let client = environment.client();
    let groups = client.count_groups(format!("{query} GROUP BY ExecutionStatus")).await?;
    let counts = groups.iter().map(|group| Ok((group.value::<String>()?, group.count())));
    let counts = counts.collect::<Result<BTreeMap<_, _>, Failure>>()?;
    assert_eq!(counts, BTreeMap::from([("Running".into(), 1), ("Completed".into(), 2)]));
    assert!(client.count_groups(query).await?.is_empty(), "nothing to group by");
    running.terminate("seen").await?;
    Ok(())
}

#[tokio::test]
async fn a_limited_list_gives_histories_that_replay() -> Outcome {
    let environment = Environment::connect().await?;
    let _worker = RunningWorker::start(environment.worker().workflow::<Tally>());
    let (query, running) = three(&environment).await?;
    let client = environment.client();
    assert_eq!(client.list(&query).page_size(1).limit(2).all().await?.len(), 2);
    let replayer = Replayer::new().workflow::<Tally>();
    let mut histories = client
        .list(format!("{query} AND ExecutionStatus = 'Completed'"))
        .histories();
    let mut replayed = 0;
    while let Some((workflow, history)) = histories.next().await? {
        assert_eq!(workflow.status(), WorkflowStatus::Completed);
        replayer.replay(history)?;
        replayed += 1;
    }
    assert_eq!(replayed, 2);
    running.terminate("seen").await?;
    Ok(())
}

#[tokio::test]
async fn a_paused_workflow_goes_on_when_it_is_unpaused() -> Outcome {
    let environment = Environment::connect().await?;
    let _worker = RunningWorker::start(environment.worker().workflow::<Tally>());
    let tally = environment.start::<Tally>(()).await?;
    tally.pause("the accountant is ill").await?;
    assert!(tally.describe().await?.is_paused());
    assert!(tally.pause("again").await.is_err(), "it is paused already");
    tally.unpause("she is back").await?;
    assert!(!tally.describe().await?.is_paused());
    tally.terminate("enough").await?;
    Ok(())
}
