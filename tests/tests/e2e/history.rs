//! Histories, as clients read them.

use steadfast::{client::RequestError, prelude::*, replay};
use steadfast_proto::{enums::EventType, history::HistoryEvent};
use tests::{Environment, Failure, Outcome, RunningWorker};

/// Says how it ends when it is told to.
#[derive(Default)]
struct Story {
    is_over: bool,
}

#[workflow]
impl Story {
    #[run]
    async fn run(ctx: WorkflowContext<Self>, title: String) -> WorkflowResult<String> {
        ctx.wait_condition(|s| s.is_over).await?;
        Ok(format!("the end of {title}"))
    }

    #[signal]
    fn end(&mut self) {
        self.is_over = true;
    }
}

async fn story(environment: &Environment) -> Result<WorkflowHandle<Story>, Failure> {
    Ok(environment.start::<Story>("the hare".to_owned()).await?)
}

#[tokio::test]
async fn events_are_waited_for_until_the_run_is_closed() -> Outcome {
    let environment = Environment::connect().await?;
    let story = story(&environment).await?;
    let mut events = story.events().wait_new(true);
    let mut seen: Vec<HistoryEvent> = Vec::new();
    let mut worker = None;
    while let Some(event) = events.next().await? {
        match event.event_type() {
            // What comes from here on is not there yet when it is asked for.
            EventType::WorkflowTaskScheduled if worker.is_none() => {
                worker = Some(RunningWorker::start(environment.worker().workflow::<Story>()));
            }
            EventType::WorkflowTaskCompleted if seen.len() == 3 => story.end().await?,
            _ => {}
        }
        seen.push(event);
    }
    assert_eq!(
        seen.last().map(HistoryEvent::event_type),
        Some(EventType::WorkflowExecutionCompleted)
    );
    assert_eq!(seen, story.fetch_history().await?.events);
    Ok(())
}

#[tokio::test]
async fn the_end_of_a_run_is_waited_for_alone() -> Outcome {
    let environment = Environment::connect().await?;
    let _worker = RunningWorker::start(environment.worker().workflow::<Story>());
    let story = story(&environment).await?;
    let now = story.events().close_event().all().await?.events;
    assert_ne!(
        now.last().map(HistoryEvent::event_type),
        Some(EventType::WorkflowExecutionCompleted)
    );
    let waiting = tokio::spawn({
        let events = story.events().wait_new(true).close_event();
        async move { events.all().await }
    });
    story.end().await?;
    let kinds: Vec<_> = waiting.await??.events.iter().map(HistoryEvent::event_type).collect();
    assert_eq!(kinds, [EventType::WorkflowExecutionCompleted]);
    Ok(())
}

#[tokio::test]
async fn a_history_is_written_as_json_and_replays_from_it() -> Outcome {
    let environment = Environment::connect().await?;
    let _worker = RunningWorker::start(environment.worker().workflow::<Story>());
    let story = story(&environment).await?;
    story.end().await?;
    story.result().await?;
    let history = story.fetch_history().await?;
    let json = replay::history_to_json(&history)?;
    assert!(json.contains("\"EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED\""), "{json}");
    assert_eq!(replay::history_from_json(json.as_bytes())?, history);
    replay::Replayer::new().workflow::<Story>().replay_json(json)?;
    Ok(())
}

#[tokio::test]
async fn the_events_of_no_workflow_are_a_typed_error() -> Outcome {
    let environment = Environment::connect().await?;
    let nobody = environment.client().workflow::<Story>(environment.name("nobody"));
    for waits in [false, true] {
        let error = nobody.events().wait_new(waits).next().await;
        assert!(matches!(error, Err(RequestError::NotFound(_))), "{error:?}");
    }
    Ok(())
}
