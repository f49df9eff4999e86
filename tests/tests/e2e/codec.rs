//! Codecs: what leaves the process is encoded, wherever payloads go, and what comes in is read again.

use steadfast::{
    activity::RetryPolicy,
    client::{Client, QueryError, ResultError, Schedule, ScheduleSpec, StartError},
    convert::{CodecFailure, CodecItem, PayloadCodec, PayloadContext},
    prelude::*,
    search_attribute::SearchAttributeKey,
};
use steadfast_proto::{
    Carrier, Visitor,
    carrier::{FailureText, Marker, Subject},
    common::{Header, Payload},
    enums::{EventType, IndexedValueType},
    history::{HistoryEvent, history_event::Attributes},
    protocol::Message,
};
use tests::{
    Environment, Failure, Gate, Outcome, RunningWorker,
    codec::{SEALED, Sealed},
    millis,
};

const SECRET: &str = "between us";

/// An environment whose client seals everything.
async fn sealed() -> Result<Environment, Failure> {
    let sealed = Client::builder().codec(Sealed("key 1")).encode_failures(true);
    Environment::connect().await?.with_client(sealed).await
}

/// Finds what nobody has sealed.
#[derive(Default)]
struct Open {
    sealed: usize,
    open: Vec<String>,
}

impl<'a> Visitor<'a> for Open {
    fn payload(&mut self, payload: &'a mut Payload) {
        if payload.encoding() == SEALED.as_bytes() {
            self.sealed += 1;
        } else {
            self.open.push(format!("{payload:?}"));
        }
    }
    fn header(&mut self, _: &'a mut Header) {}
    fn attributes(&mut self, text: FailureText<'a>) {
        match text.encoded {
            Some(payload) => self.payload(payload),
            None => self.open.push(text.message.clone()),
        }
    }
    fn message(&mut self, _: &'a mut Message) {}
    fn marker(&mut self, marker: Marker<'a>) {
        for (name, payloads) in marker.details {
            if name != "data" && marker.name == "core_local_activity" {
                payloads.visit(self);
            }
        }
        marker.failure.visit(self);
    }
    fn enter(&mut self, _: Subject<'_>) {}
    fn leave(&mut self) {}
}

/// The history of a workflow as the server has it.
async fn raw_history(environment: &Environment, id: &str) -> Result<Vec<HistoryEvent>, Failure> {
    let client = environment.another_client(Client::builder()).await?;
    let history = client
        .workflow::<steadfast::workflow::Untyped>(id)
        .fetch_history()
        .await?;
    Ok(history.events)
}

/// Nothing in the history can be read without the key; returns how much was sealed.
async fn assert_sealed(environment: &Environment, id: &str) -> Result<usize, Failure> {
    let mut open = Open::default();
    raw_history(environment, id).await?.visit(&mut open);
    assert_eq!(open.open, Vec::<String>::new());
    Ok(open.sealed)
}

// ---- everywhere ----------------------------------------------------------------------------------------------------

const CITY: SearchAttributeKey<String> = SearchAttributeKey::keyword("E2eKeyword");

#[activity(start_to_close_timeout = "10s")]
async fn work(ctx: ActivityContext, text: String) -> Result<String, ActivityError> {
    match ctx.heartbeat_details::<String>()? {
        None => {
            ctx.heartbeat(&text)?;
            Err(ActivityError::new("not at once")
                .details(&text)
                .next_retry_delay(millis(1)))
        }
        Some(before) => Ok(format!("{before}, {text}")),
    }
}

#[activity(start_to_close_timeout = "10s")]
async fn local_work(text: String) -> Result<String, ActivityError> {
    Ok(text)
}

#[activity(start_to_close_timeout = "10s")]
async fn never_works(text: String) -> Result<(), ActivityError> {
    Err(ActivityError::new(format!("no, {text}")).details(&text).non_retryable())
}

#[derive(Default)]
struct Child {
    told: Option<String>,
}

#[workflow]
impl Child {
    #[run]
    async fn run(ctx: WorkflowContext<Self>, text: String) -> WorkflowResult<String> {
        let told = ctx.wait_some(|s| s.told.clone()).await?;
        if text == told {
            Err(WorkflowError::new(told))
        } else {
            Ok(format!("{text}, {told}"))
        }
    }

    #[signal]
    fn tell(&mut self, text: String) {
        self.told = Some(text);
    }
}

#[derive(Default)]
struct Everywhere {
    texts: Vec<String>,
}

#[workflow]
impl Everywhere {
    #[run]
    async fn run(ctx: WorkflowContext<Self>, rounds: u32, text: String) -> WorkflowResult<Vec<String>> {
        let worked = ctx.activity::<work>(text.clone()).summary(SECRET).await?;
        let local = ctx.local_activity::<local_work>(text.clone()).await?;
        let failed = ctx.activity::<never_works>(text.clone()).await.unwrap_err();
        assert_eq!(failed.details::<String>()?, Some(text.clone()));
        assert_eq!(failed.message(), format!("no, {text}"));
        let child = ctx.child::<Child>(text.clone()).start().await?;
        child.tell(local).await?;
        let failed = child.result().await.unwrap_err();
        assert_eq!(failed.message(), text);
        ctx.upsert_memo(|memo| memo.set("upserted", text.clone()))?;
        ctx.wait_condition(|s| s.texts.len() == 2).await?;
        ctx.state_mut(|s| s.texts.push(worked));
        if rounds > 0 {
            return ctx.continue_as_new((rounds - 1, text));
        }
        Ok(ctx.state(|s| s.texts.clone()))
    }

    #[signal]
    fn add(&mut self, text: String) {
        self.texts.push(text);
    }

    #[update]
    fn put(&mut self, text: String) -> Result<String, UpdateError> {
        if text.is_empty() {
            return Err(UpdateError::new("nothing to put"));
        }
        self.texts.push(text.clone());
        Ok(text)
    }

    #[query]
    fn texts(&self) -> Vec<String> {
        self.texts.clone()
    }
}

#[tokio::test]
async fn nothing_leaves_the_process_unsealed_but_search_attributes_and_what_an_sdk_needs() -> Outcome {
    let environment = sealed().await?;
    let worker = environment.worker().workflow::<Everywhere>().workflow::<Child>();
    let worker = worker
        .activity::<work>()
        .activity::<local_work>()
        .activity::<never_works>();
    let _worker = RunningWorker::start(worker);
    let workflow = environment
        .start::<Everywhere>((0, SECRET.to_owned()))
        .memo("for", SECRET)
        .summary(SECRET)
        .details(SECRET)
        .with_signal(|workflow| workflow.add("first".to_owned()))
        .await?;
    assert_eq!(workflow.put(SECRET.to_owned()).await?, SECRET);
    let refused = workflow.put(String::new()).await.unwrap_err();
    assert!(refused.to_string().contains("nothing to put"), "{refused}");
    assert_eq!(workflow.texts().await?[..2], ["first", SECRET]);
    assert_eq!(workflow.result().await?[2], format!("{SECRET}, {SECRET}"));
    let description = workflow.describe().await?;
    assert_eq!(description.memo::<String>("for")?.as_deref(), Some(SECRET));
    assert_eq!(description.memo::<String>("upserted")?.as_deref(), Some(SECRET));
    let sealed = assert_sealed(&environment, workflow.id()).await?;
    assert!(sealed > 20, "{sealed}");
    Ok(())
}

#[tokio::test]
async fn a_run_that_follows_another_and_one_that_is_replayed_read_what_was_sealed() -> Outcome {
    let environment = sealed().await?;
    // Without a cache each task replays.
    let worker = environment.worker().max_cached_workflows(0);
    let worker = worker.workflow::<Everywhere>().workflow::<Child>();
    let worker = worker
        .activity::<work>()
        .activity::<local_work>()
        .activity::<never_works>();
    let _worker = RunningWorker::start(worker);
    let workflow = environment.start::<Everywhere>((1, SECRET.to_owned())).await?;
    for text in ["first", "second", "third", "fourth"] {
        workflow.put(text.to_owned()).await?;
        if text == "second" {
            let run = workflow.with_run_id(workflow.run_id().unwrap_or_default());
            let end = run.result().follow_runs(false).await.unwrap_err();
            assert!(matches!(end, ResultError::ContinuedAsNew(_)), "{end}");
        }
    }
    assert_eq!(workflow.result().await?[..2], ["third", "fourth"]);
    assert!(assert_sealed(&environment, workflow.id()).await? > 10);
    Ok(())
}

#[tokio::test]
async fn search_attributes_are_not_sealed_and_found() -> Outcome {
    let environment = sealed().await?;
    environment
        .add_search_attributes(&[(CITY.name(), IndexedValueType::Keyword)])
        .await?;
    let city = environment.name("city");
    let workflow = environment
        .start::<Child>(SECRET.to_owned())
        .search_attributes([CITY.set(city.clone())])
        .memo("for", SECRET)
        .await?;
    // Lists come a little later than what they tell.
    let found = loop {
        let filter = format!("{} = '{city}'", CITY.name());
        if let Some(found) = environment.client().list(filter).next().await? {
            break found;
        }
        tokio::task::yield_now().await;
    };
    assert_eq!(found.id(), workflow.id());
    assert_eq!(found.memo::<String>("for")?.as_deref(), Some(SECRET));
    workflow.terminate("seen").await?;
    Ok(())
}

#[tokio::test]
async fn a_schedule_is_sealed_and_changed_without_being_sealed_twice() -> Outcome {
    let environment = sealed().await?;
    let start = environment.start::<Child>(SECRET.to_owned()).memo("for", SECRET);
    let spec = ScheduleSpec::every(secs(3600));
    let schedule = environment
        .client()
        .create_schedule(environment.name("schedule"), Schedule::new(spec, start).paused(true))
        .memo("of", SECRET)
        .await?;
    schedule.update(|schedule| schedule.note("changed")).await?;
    schedule.update(|schedule| schedule.note("changed again")).await?;
    assert_eq!(
        schedule.describe().await?.memo::<String>("of")?.as_deref(),
        Some(SECRET)
    );
    let other = environment.another_client(Client::builder()).await?;
    let unread = other.schedule(schedule.id()).describe().await?;
    let error = unread.memo::<String>("of").unwrap_err().to_string();
    assert!(error.contains("unknown encoding \"binary/sealed\""), "{error}");
    assert!(error.contains("none is set up here"), "{error}");
    schedule.delete().await?;
    Ok(())
}

// ---- without the key -----------------------------------------------------------------------------------------------

/// Waits for an event of a type.
async fn wait_for(environment: &Environment, id: &str, wanted: EventType) -> Result<HistoryEvent, Failure> {
    loop {
        let events = raw_history(environment, id).await?;
        if let Some(event) = events.into_iter().find(|event| event.event_type() == wanted) {
            return Ok(event);
        }
        tokio::task::yield_now().await;
    }
}

#[derive(Default)]
struct Greets;

#[workflow]
impl Greets {
    #[run]
    async fn run(ctx: WorkflowContext<Self>, name: String) -> WorkflowResult<String> {
        let _ = ctx;
        Ok(format!("Hello, {name}!"))
    }

    #[query]
    fn ready(&self) -> bool {
        true
    }
}

#[tokio::test]
async fn a_task_that_cannot_be_decoded_fails_with_the_reason_and_goes_on_with_the_key() -> Outcome {
    let environment = sealed().await?;
    let wrong = environment
        .another_client(Client::builder().codec(Sealed("key 2")))
        .await?;
    let worker = Worker::new(&wrong, environment.queue()).workflow::<Greets>();
    let without_key = RunningWorker::start(worker);
    let greets = environment
        .start::<Greets>("Ada".to_owned())
        .task_timeout(secs(1))
        .await?;
    let failed = wait_for(&environment, greets.id(), EventType::WorkflowTaskFailed).await?;
    let Some(Attributes::WorkflowTaskFailedEventAttributes(failed)) = failed.attributes else {
        panic!("{failed:?}");
    };
    let message = failed.into_inner().failure.unwrap_or_default().message;
    assert!(
        message.contains("Sealed` cannot decode payloads of binary/sealed"),
        "{message}"
    );
    assert!(
        message.contains("it has the key `key 1`, and that is `key 2`"),
        "{message}"
    );
    without_key.stop().await?;
    let with_key = RunningWorker::start(environment.worker().workflow::<Greets>());
    assert_eq!(greets.result().await?, "Hello, Ada!");
    assert!(greets.ready().await?);
    with_key.stop().await?;

    let worker = Worker::new(&wrong, environment.queue()).workflow::<Greets>();
    let _without_key = RunningWorker::start(worker);
    let error = greets.ready().await.unwrap_err();
    assert!(matches!(error, QueryError::Failed(_)), "{error:?}");
    assert!(error.to_string().contains("it has the key `key 1`"), "{error}");
    Ok(())
}

#[derive(Default)]
struct Elsewhere;

#[workflow]
impl Elsewhere {
    #[run]
    async fn run(ctx: WorkflowContext<Self>, queue: String) -> WorkflowResult<String> {
        let once = RetryPolicy::never();
        let call = ctx.activity::<local_work>(SECRET.to_owned()).task_queue(queue);
        Ok(match call.retry_policy(once).await {
            Ok(text) => text,
            Err(failure) => format!("{:?}: {}", failure.type_name(), failure.message()),
        })
    }
}

#[tokio::test]
async fn an_attempt_whose_input_cannot_be_decoded_fails_with_the_reason() -> Outcome {
    let environment = sealed().await?;
    let wrong = environment
        .another_client(Client::builder().codec(Sealed("key 2")))
        .await?;
    let queue = environment.name("elsewhere");
    let _activities = RunningWorker::start(Worker::new(&wrong, queue.clone()).activity::<local_work>());
    let _worker = RunningWorker::start(environment.worker().workflow::<Elsewhere>());
    let told = environment.start::<Elsewhere>(queue).await?.result().await?;
    assert!(
        told.starts_with("Some(\"PayloadCodec\"): the activity's payloads cannot be read"),
        "{told}"
    );
    assert!(told.contains("it has the key `key 1`, and that is `key 2`"), "{told}");
    Ok(())
}

#[tokio::test]
async fn a_client_is_told_which_encoding_came_and_what_is_set_up() -> Outcome {
    let environment = sealed().await?;
    let _worker = RunningWorker::start(environment.worker().workflow::<Greets>());
    let greets = environment.start::<Greets>("Ada".to_owned()).await?;
    assert_eq!(greets.result().await?, "Hello, Ada!");

    let wrong = environment
        .another_client(Client::builder().codec(Sealed("key 2")))
        .await?;
    let error = wrong.workflow::<Greets>(greets.id()).result().await.unwrap_err();
    assert!(matches!(error, ResultError::Decode(_)), "{error:?}");
    assert!(
        error
            .to_string()
            .contains("cannot decode payloads of binary/sealed: it has the key `key 1`"),
        "{error}"
    );

    let none = environment.another_client(Client::builder()).await?;
    let error = none.workflow::<Greets>(greets.id()).result().await.unwrap_err();
    assert!(
        error.to_string().contains("unknown encoding \"binary/sealed\""),
        "{error}"
    );
    Ok(())
}

/// Takes nothing.
struct Refusing;

impl PayloadCodec for Refusing {
    async fn encode(&self, _: &mut [CodecItem<'_>]) -> Result<(), CodecFailure> {
        Err("no key today".into())
    }

    async fn decode(&self, _: &mut [CodecItem<'_>]) -> Result<(), CodecFailure> {
        Ok(())
    }
}

#[tokio::test]
async fn nothing_is_sent_that_cannot_be_encoded() -> Outcome {
    let environment = Environment::connect().await?;
    let refusing = environment.another_client(Client::builder().codec(Refusing)).await?;
    let start = refusing
        .start::<Greets>("Ada".to_owned())
        .task_queue(environment.queue());
    let error = start.await.unwrap_err();
    assert!(matches!(error, StartError::Encode(_)), "{error:?}");
    assert!(
        error
            .to_string()
            .contains("Refusing` cannot encode payloads of json/plain: no key today"),
        "{error}"
    );

    // A worker with it fails its tasks, and says why.
    let worker = Worker::new(&refusing, environment.queue()).workflow::<Greets>();
    let unable = RunningWorker::start(worker);
    let greets = environment
        .start::<Greets>("Ada".to_owned())
        .task_timeout(secs(1))
        .await?;
    let failed = wait_for(&environment, greets.id(), EventType::WorkflowTaskFailed).await?;
    let Some(Attributes::WorkflowTaskFailedEventAttributes(failed)) = failed.attributes else {
        panic!("{failed:?}");
    };
    let message = failed.into_inner().failure.unwrap_or_default().message;
    assert!(message.contains("the task's answer cannot be written"), "{message}");
    unable.stop().await?;
    let _able = RunningWorker::start(environment.worker().workflow::<Greets>());
    assert_eq!(greets.result().await?, "Hello, Ada!");
    Ok(())
}

// ---- failures ------------------------------------------------------------------------------------------------------

#[derive(Debug, PartialEq, Serialize, Deserialize, ApplicationError)]
#[error("{0} owes too much", non_retryable)]
struct Indebted(String);

#[activity(start_to_close_timeout = "10s")]
async fn lend(to: String) -> Result<(), Indebted> {
    Err(Indebted(to))
}

#[derive(Default)]
struct Lends;

#[workflow]
impl Lends {
    #[run]
    async fn run(ctx: WorkflowContext<Self>, to: String) -> WorkflowResult<()> {
        Ok(ctx.activity::<lend>(to).await?)
    }
}

#[tokio::test]
async fn what_failures_say_is_hidden_without_a_codec_too_and_read_by_everybody() -> Outcome {
    let hiding = Client::builder().encode_failures(true);
    let environment = Environment::connect().await?.with_client(hiding).await?;
    let _worker = RunningWorker::start(environment.worker().workflow::<Lends>().activity::<lend>());
    let lends = environment.start::<Lends>("Ada".to_owned()).await?;
    let plain = environment.another_client(Client::builder()).await?;
    for client in [environment.client(), &plain] {
        let error = client.workflow::<Lends>(lends.id()).result().await.unwrap_err();
        let failure = error.failure().ok_or("it failed")?;
        assert_eq!(failure.application(), Some(Indebted("Ada".to_owned())));
        assert_eq!(failure.message(), "Ada owes too much");
    }
    let events = raw_history(&environment, lends.id()).await?;
    let Some(Attributes::WorkflowExecutionFailedEventAttributes(end)) =
        events.into_iter().last().and_then(|event| event.attributes)
    else {
        panic!("it failed");
    };
    let mut next = end.failure.as_ref();
    let mut hidden = 0;
    while let Some(failure) = next {
        assert_eq!(
            (failure.message.as_str(), failure.stack_trace.as_str()),
            ("Encoded failure", "")
        );
        assert!(failure.encoded_attributes.is_some());
        hidden += 1;
        next = failure.cause.as_deref();
    }
    assert_eq!(hidden, 2, "the activity's failure and its cause");
    Ok(())
}

// ---- eager tasks, activities that are completed elsewhere, replay --------------------------------------------------

#[tokio::test]
async fn a_task_that_comes_with_the_start_is_decoded() -> Outcome {
    let environment = sealed().await?;
    let _worker = RunningWorker::start(environment.worker().workflow::<Greets>());
    let start = environment.start::<Greets>("Ada".to_owned()).request_eager_start();
    assert_eq!(start.await?.result().await?, "Hello, Ada!");
    Ok(())
}

#[derive(Clone)]
struct Desk(Gate);

#[activities]
impl Desk {
    #[activity]
    async fn sign(&self, text: String) -> Result<String, ActivityError> {
        let _ = text;
        self.0.open();
        Err(ActivityError::complete_async())
    }
}

#[derive(Default)]
struct Signs;

#[workflow]
impl Signs {
    #[run]
    async fn run(ctx: WorkflowContext<Self>, text: String) -> WorkflowResult<String> {
        let desk = ctx.activities::<Desk>().start_to_close_timeout(secs(10));
        Ok(desk.sign(text).activity_id("signature").await?)
    }
}

#[tokio::test]
async fn who_completes_an_activity_from_elsewhere_says_what_it_is_about() -> Outcome {
    let environment = sealed().await?;
    let gate = Gate::default();
    let worker = environment.worker().workflow::<Signs>();
    let _worker = RunningWorker::start(worker.activities(Desk(gate.clone())));
    let signs = environment.start::<Signs>(SECRET.to_owned()).await?;
    gate.passed().await;
    let client = environment.client();
    let context = PayloadContext::workflow(client.namespace(), signs.id()).activity("Signs", "signature", "sign");
    let activity = client.async_activity_by_id(signs.id(), "signature").in_context(context);
    activity.heartbeat(&"half").await?;
    activity.complete(&"signed").await?;
    assert_eq!(signs.result().await?, "signed");
    assert!(assert_sealed(&environment, signs.id()).await? >= 4);
    Ok(())
}
