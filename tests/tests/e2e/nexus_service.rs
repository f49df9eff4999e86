//! Nexus services: typed callers in workflows, and handlers in workers.

use std::{
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
    },
};
use steadfast::{
    client::NexusTarget,
    error::NexusErrorKind,
    metrics::PrometheusMeter,
    prelude::*,
    worker::{FixedSlots, PollerBehavior, SlotKind, SlotPermit, SlotRequest, SlotSupplier, SlotUse, Tuner},
};
use tests::{
    Environment, Failure, Gate, Outcome, RunningWorker,
    codec::{SEALED, SealedAnywhere},
};

#[derive(Debug, PartialEq, Serialize, Deserialize, ApplicationError)]
enum OfficeError {
    #[error("nobody knows {name}", non_retryable)]
    Unknown { name: String },
}

#[nexus_service]
trait Office {
    /// Says hello.
    async fn greet(&self, name: &str) -> Result<String, NexusError>;
    #[operation(name = "write-about")]
    async fn compose(&self, ctx: NexusContext, topic: String) -> Result<String, NexusError>;
    async fn stumble(&self, name: String) -> Result<String, NexusError>;
    async fn ponder(&self, ctx: &NexusContext, name: String) -> Result<String, NexusError>;
    #[cancel(ponder)]
    async fn stop(&self, token: &str) -> Result<(), NexusError>;
    async fn close(&self) -> Result<(), NexusError>;
}

#[derive(Default)]
struct Composition;

#[workflow]
impl Composition {
    #[run]
    async fn run(ctx: WorkflowContext<Self>, topic: String) -> WorkflowResult<String> {
        match topic.as_str() {
            "nobody" => Err(OfficeError::Unknown { name: topic.clone() })?,
            "for ever" => {
                ctx.wait_condition(|_| false).await?;
            }
            _ => {}
        }
        Ok(format!("about {topic}"))
    }
}

#[derive(Default)]
struct Local {
    stumbles: AtomicU32,
    stopped: Mutex<Vec<String>>,
}

#[nexus_service]
impl Office for Local {
    async fn greet(&self, name: &str) -> Result<String, NexusError> {
        match name {
            "" => Err(NexusError::of_kind(NexusErrorKind::BadRequest, "greet whom?")),
            "Nobody" => {
                let unknown = OfficeError::Unknown { name: name.to_owned() };
                Err(NexusError::application(&unknown).fails_operation())
            }
            name => Ok(format!("Hello, {name}!")),
        }
    }

    async fn compose(&self, ctx: NexusContext, topic: String) -> Result<StartedOperation<String>, NexusError> {
        assert_eq!(
            (ctx.info().service.as_str(), ctx.info().operation.as_str()),
            ("Office", "write-about")
        );
        ctx.workflow::<Composition>(topic).await
    }

    async fn stumble(&self, name: String) -> Result<String, NexusError> {
        match self.stumbles.fetch_add(1, Ordering::Relaxed) {
            0 => Err(NexusError::of_kind(NexusErrorKind::Unavailable, "not yet")),
            1 => panic!("over the doorstep"),
            _ => Ok(format!("at last, {name}")),
        }
    }

    async fn ponder(&self, ctx: &NexusContext, name: String) -> Result<StartedOperation<String>, NexusError> {
        assert!(ctx.callback().is_some());
        Ok(StartedOperation::with_token(format!("pondering {name}")))
    }

    async fn stop(&self, token: &str) -> Result<(), NexusError> {
        self.stopped.lock().unwrap().push(token.to_owned());
        Ok(())
    }

    async fn close(&self) -> Result<(), NexusError> {
        Ok(())
    }
}

/// Calls one operation, and tells what it gets.
#[derive(Default)]
struct Caller;

#[workflow]
impl Caller {
    #[run]
    async fn run(
        ctx: WorkflowContext<Self>,
        endpoint: String,
        operation: String,
        argument: String,
    ) -> WorkflowResult<String> {
        let office = ctx.nexus::<dyn Office>(endpoint);
        let called = match operation.as_str() {
            "greet" => office.greet(argument).schedule_to_close_timeout(secs(30)).await,
            "compose" => office.compose(argument).await,
            "stumble" => office.stumble(argument).schedule_to_close_timeout(secs(30)).await,
            _ => office.close().await.map(|()| "closed".to_owned()),
        };
        Ok(match called {
            Ok(said) => said,
            Err(failure) => match failure.application() {
                Some(OfficeError::Unknown { name }) => format!("no {name}"),
                None => format!("{:?}: {}", failure.handler_error_kind(), failure.message()),
            },
        })
    }
}

/// Starts an operation that takes for ever, and cancels it.
#[derive(Default)]
struct Impatient;

#[workflow]
impl Impatient {
    #[run]
    async fn run(ctx: WorkflowContext<Self>, endpoint: String, ponders: bool) -> WorkflowResult<String> {
        let office = ctx.nexus::<dyn Office>(endpoint);
        let call = if ponders {
            let call = office.ponder("Ada".into());
            call.cancellation_type(steadfast::workflow::NexusCancellation::WaitCancellationRequested)
        } else {
            office.compose("for ever".into())
        };
        let operation = call.start().await?;
        operation.cancel();
        match operation.await {
            Err(failure) if failure.is_cancelled() => Ok("cancelled".to_owned()),
            other => Ok(format!("{other:?}")),
        }
    }
}

fn target(environment: &Environment, queue: String) -> NexusTarget {
    NexusTarget::task_queue(environment.client().namespace(), queue)
}

/// An endpoint to the test's own queue, with an office behind it.
async fn office(environment: &Environment) -> Result<(String, Arc<Local>, RunningWorker), Failure> {
    let local = Arc::new(Local::default());
    let endpoint = environment.name("office");
    environment
        .client()
        .create_nexus_endpoint(&endpoint, target(environment, environment.queue()))
        .await?;
    let worker = environment
        .worker()
        .workflow::<Caller>()
        .workflow::<Impatient>()
        .workflow::<Composition>()
        .shared_nexus_service(Arc::clone(&local));
    Ok((endpoint, local, RunningWorker::start(worker)))
}

async fn call(
    environment: &Environment,
    operation: &str,
    argument: &str,
    history: Option<&str>,
) -> Result<String, Failure> {
    let (endpoint, _, _worker) = office(environment).await?;
    let input = (endpoint, operation.to_owned(), argument.to_owned());
    let caller = environment.start::<Caller>(input).await?;
    let said = caller.result().await?;
    if let Some(history) = history {
        environment.check_history(history, &caller).await?;
    }
    Ok(said)
}

#[tokio::test]
async fn an_operation_of_a_service_answers_at_once() -> Outcome {
    let environment = Environment::connect().await?;
    let said = call(&environment, "greet", "Ada", Some("nexus_service_sync")).await?;
    assert_eq!(said, "Hello, Ada!");
    Ok(())
}

#[tokio::test]
async fn an_operation_may_have_neither_input_nor_output() -> Outcome {
    let environment = Environment::connect().await?;
    assert_eq!(call(&environment, "close", "", None).await?, "closed");
    Ok(())
}

#[tokio::test]
async fn an_operation_may_be_a_workflow() -> Outcome {
    let environment = Environment::connect().await?;
    let said = call(&environment, "compose", "trains", None).await?;
    assert_eq!(said, "about trains");
    Ok(())
}

#[tokio::test]
async fn an_operation_whose_workflow_fails_fails_with_the_typed_error() -> Outcome {
    let environment = Environment::connect().await?;
    let said = call(&environment, "compose", "nobody", None).await?;
    assert_eq!(said, "no nobody");
    Ok(())
}

#[tokio::test]
async fn an_operation_that_fails_tells_its_typed_error_at_once() -> Outcome {
    let environment = Environment::connect().await?;
    let said = call(&environment, "greet", "Nobody", Some("nexus_service_failed")).await?;
    assert_eq!(said, "no Nobody");
    Ok(())
}

#[tokio::test]
async fn a_handler_s_error_of_a_final_kind_is_not_tried_again() -> Outcome {
    let environment = Environment::connect().await?;
    let said = call(&environment, "greet", "", Some("nexus_service_bad_request")).await?;
    assert_eq!(said, "Some(BadRequest): greet whom?");
    Ok(())
}

#[tokio::test]
async fn a_handler_that_stumbles_or_panics_is_tried_again() -> Outcome {
    let environment = Environment::connect().await?;
    assert_eq!(call(&environment, "stumble", "Ada", None).await?, "at last, Ada");
    Ok(())
}

#[tokio::test]
async fn an_operation_that_is_a_workflow_is_cancelled_with_it() -> Outcome {
    let environment = Environment::connect().await?;
    let (endpoint, _, _worker) = office(&environment).await?;
    let impatient = environment.start::<Impatient>((endpoint, false)).await?;
    assert_eq!(impatient.result().await?, "cancelled");
    Ok(())
}

#[tokio::test]
async fn an_operation_with_a_token_of_its_own_is_cancelled_by_its_method() -> Outcome {
    let environment = Environment::connect().await?;
    let (endpoint, local, _worker) = office(&environment).await?;
    let impatient = environment.start::<Impatient>((endpoint, true)).await?;
    assert_eq!(impatient.result().await?, "cancelled");
    assert_eq!(*local.stopped.lock().unwrap(), ["pondering Ada"]);
    Ok(())
}

/// Calls an operation that the service does not have.
#[derive(Default)]
struct Mistaken;

#[workflow]
impl Mistaken {
    #[run]
    async fn run(ctx: WorkflowContext<Self>, endpoint: String, service: String) -> WorkflowResult<String> {
        match ctx.nexus_untyped::<String, _>(endpoint, service, "fly", ()).await {
            Err(failure) => Ok(format!("{:?}: {}", failure.handler_error_kind(), failure.message())),
            Ok(said) => Ok(said),
        }
    }
}

#[tokio::test]
async fn an_operation_or_a_service_that_nobody_knows_is_told_what_there_is() -> Outcome {
    let environment = Environment::connect().await?;
    let (endpoint, _, _worker) = office(&environment).await?;
    let queue = environment.name("mistaken");
    let worker = steadfast::Worker::new(environment.client(), &queue).workflow::<Mistaken>();
    let _mistaken = RunningWorker::start(worker);
    let call = async |service: &str| {
        let mistaken = environment.start::<Mistaken>((endpoint.clone(), service.to_owned()));
        let mistaken = mistaken.id(environment.name(service)).task_queue(&queue).await?;
        Ok::<_, Failure>(mistaken.result().await?)
    };
    let said = call("Office").await?;
    assert!(
        said.starts_with("Some(NotFound): the Nexus service `Office` has no operation `fly`"),
        "{said}"
    );
    assert!(
        said.ends_with("it has: `close`, `greet`, `ponder`, `stumble`, `write-about`"),
        "{said}"
    );
    let said = call("Garden").await?;
    assert!(
        said.starts_with("Some(NotFound): the Nexus service `Garden` is not registered"),
        "{said}"
    );
    Ok(())
}

/// A service without a trait, which waits for the test.
#[derive(Clone, Default)]
struct Gated {
    entered: Arc<Gate>,
    gate: Arc<Gate>,
}

#[nexus_service(name = "gated")]
impl Gated {
    #[operation]
    async fn pass(&self, name: String) -> Result<String, std::io::Error> {
        self.entered.open();
        self.gate.passed().await;
        Ok(format!("{name} passed"))
    }
}

#[derive(Default)]
struct Passer;

#[workflow]
impl Passer {
    #[run]
    async fn run(ctx: WorkflowContext<Self>, endpoint: String) -> WorkflowResult<String> {
        Ok(ctx.nexus::<Gated>(endpoint).pass("Ada".into()).await?)
    }
}

#[tokio::test]
async fn a_worker_that_stops_finishes_the_operations_at_hand() -> Outcome {
    let environment = Environment::connect().await?;
    let (name, gated) = (environment.name("gated"), Gated::default());
    environment
        .client()
        .create_nexus_endpoint(&name, target(&environment, name.clone()))
        .await?;
    let handler = steadfast::Worker::new(environment.client(), &name).nexus_service(gated.clone());
    let handler = handler.graceful_shutdown_period(secs(60)).start();
    let _worker = RunningWorker::start(environment.worker().workflow::<Passer>());
    let passer = environment.start::<Passer>(name).await?;
    gated.entered.passed().await;
    let stopping = tokio::spawn(handler.shutdown());
    gated.gate.open();
    assert_eq!(passer.result().await?, "Ada passed");
    stopping.await??;
    Ok(())
}

/// Counts the polls that it lets begin, and writes down what comes of them; the rest is a fixed number's.
struct Noted {
    slots: FixedSlots,
    polls: AtomicU32,
    used: Mutex<Vec<String>>,
}

struct Shared(Arc<Noted>);

impl SlotSupplier for Shared {
    fn reserve<'a>(&'a self, request: &'a SlotRequest) -> Pin<Box<dyn Future<Output = SlotPermit> + Send + 'a>> {
        assert_eq!(request.kind, SlotKind::NexusTask);
        self.0.polls.fetch_add(1, Ordering::SeqCst);
        self.0.slots.reserve(request)
    }

    fn try_reserve(&self, request: &SlotRequest) -> Option<SlotPermit> {
        self.0.slots.try_reserve(request)
    }

    fn used(&self, _permit: &mut SlotPermit, slot_use: &SlotUse<'_>) {
        self.0.used.lock().unwrap().push(slot_use.type_name.to_owned());
    }

    fn release(&self, permit: SlotPermit) {
        self.0.slots.release(permit);
    }
}

#[tokio::test]
async fn operations_take_slots_of_ones_own_making_as_many_at_a_time_as_there_are_pollers() -> Outcome {
    let environment = Environment::connect().await?;
    let name = environment.name("gated");
    environment
        .client()
        .create_nexus_endpoint(&name, target(&environment, name.clone()))
        .await?;
    let noted = Arc::new(Noted {
        slots: FixedSlots::new(10),
        polls: AtomicU32::new(0),
        used: Mutex::default(),
    });
    let polls = || noted.polls.swap(0, Ordering::SeqCst);
    for pollers in [PollerBehavior::simple_maximum(3), PollerBehavior::autoscaling(1, 5, 3)] {
        let handler = Worker::new(environment.client(), &name)
            .nexus_service(Gated::default())
            .tuner(Tuner::fixed(2, 2).nexus_tasks(Shared(Arc::clone(&noted))))
            .nexus_pollers(pollers);
        let handler = RunningWorker::start(handler);
        while noted.polls.load(Ordering::SeqCst) < 3 {
            tokio::task::yield_now().await;
        }
        handler.stop().await?;
        assert_eq!(polls(), 3, "{pollers:?}");
    }
    let gated = Gated::default();
    gated.gate.open();
    let handler = Worker::new(environment.client(), &name)
        .nexus_service(gated)
        .tuner(Tuner::fixed(2, 2).nexus_tasks(Shared(Arc::clone(&noted))));
    let handler = RunningWorker::start(handler);
    let _worker = RunningWorker::start(environment.worker().workflow::<Passer>());
    let passer = environment.start::<Passer>(name).await?;
    assert_eq!(passer.result().await?, "Ada passed");
    handler.stop().await?;
    assert_eq!(*noted.used.lock().unwrap(), ["gated"]);
    assert_eq!(noted.slots.available(), Some(10), "all slots are back");
    Ok(())
}

#[tokio::test]
async fn what_operations_take_and_give_is_sealed_by_a_codec_failures_included() -> Outcome {
    let environment = Environment::connect().await?;
    let plain = environment.client().clone();
    let sealed = Client::builder().codec(SealedAnywhere("key 1")).encode_failures(true);
    let environment = environment.with_client(sealed).await?;
    let (endpoint, _, _worker) = office(&environment).await?;
    for (operation, argument, expected) in [
        ("greet", "Ada", "Hello, Ada!"),
        ("greet", "Nobody", "no Nobody"),
        ("greet", "", "Some(BadRequest): greet whom?"),
        ("compose", "trains", "about trains"),
        ("compose", "nobody", "no nobody"),
    ] {
        let input = (endpoint.clone(), operation.to_owned(), argument.to_owned());
        let caller = environment.start::<Caller>(input);
        let caller = caller.id(environment.name(&format!("{operation}-{argument}"))).await?;
        assert_eq!(caller.result().await?, expected);
    }
    let called = environment.name("greet-");
    let events = plain.workflow::<Caller>(called).fetch_history().await?.events;
    let text = format!("{events:?}");
    assert!(text.contains(SEALED) && !text.contains("greet whom?"), "{text}");
    Ok(())
}

#[tokio::test]
async fn an_operation_whose_input_cannot_be_decoded_is_tried_again_until_somebody_has_the_key() -> Outcome {
    let environment = Environment::connect().await?;
    let with_key = |key| Client::builder().codec(SealedAnywhere(key));
    let other = environment.another_client(with_key("key 2")).await?;
    let environment = environment.with_client(with_key("key 1")).await?;
    let (endpoint, queue) = (environment.name("office"), environment.name("handlers"));
    environment
        .client()
        .create_nexus_endpoint(&endpoint, target(&environment, queue.clone()))
        .await?;
    let _caller = RunningWorker::start(environment.worker().workflow::<Caller>());
    let without = RunningWorker::start(steadfast::Worker::new(&other, &queue).nexus_service(Local::default()));
    let input = (endpoint, "greet".to_owned(), "Ada".to_owned());
    let caller = environment.start::<Caller>(input).await?;
    loop {
        let pending = caller.describe().await?.raw().0.pending_nexus_operations.clone();
        let failure = pending
            .iter()
            .find_map(|operation| operation.last_attempt_failure.as_ref());
        if let Some(failure) = failure {
            let text = format!("{failure:?}");
            assert!(text.contains("the operation's payloads cannot be read"), "{text}");
            break;
        }
        tokio::task::yield_now().await;
    }
    without.stop().await?;
    let worker = steadfast::Worker::new(environment.client(), &queue).nexus_service(Local::default());
    let _with = RunningWorker::start(worker);
    assert_eq!(caller.result().await?, "Hello, Ada!");
    Ok(())
}

#[tokio::test]
async fn operations_are_measured_under_the_names_of_other_sdks() -> Outcome {
    let meter = PrometheusMeter::new();
    let measured = Client::builder().metrics(meter.clone());
    let environment = Environment::connect().await?.with_client(measured).await?;
    let (endpoint, _, worker) = office(&environment).await?;
    let input = |name: &str| (endpoint.clone(), "greet".to_owned(), name.to_owned());
    for (name, id) in [("Ada", "one"), ("Nobody", "two"), ("", "three")] {
        let caller = environment.client().start::<Caller>(input(name));
        let caller = caller.id(environment.name(id)).task_queue(environment.queue());
        caller.await?.result().await?;
    }
    worker.stop().await?;
    let text = meter.text();
    let queue = environment.queue();
    let lines = |start: &str, with: &[&str]| -> Vec<String> {
        let is_meant = |line: &&str| line.starts_with(start) && with.iter().all(|part| line.contains(part));
        text.lines()
            .filter(is_meant)
            .map(|line| line.rsplit(' ').next().unwrap_or_default().to_owned())
            .collect()
    };
    let queue = format!("task_queue=\"{queue}\"");
    let failed = "temporal_nexus_task_execution_failed";
    let reasons = ["operation_failed", "handler_error_BAD_REQUEST"];
    for reason in reasons.map(|reason| format!("failure_reason=\"{reason}\"")) {
        assert_eq!(lines(failed, &[&queue, &reason]), ["1"], "{reason} in\n{text}");
    }
    for latency in ["execution", "schedule_to_start", "endtoend"] {
        let name = format!("temporal_nexus_task_{latency}_latency_count");
        assert_eq!(lines(&name, &[&queue]), ["3"], "{name} in\n{text}");
    }
    let worker = "worker_type=\"NexusWorker\"";
    assert_eq!(lines("temporal_worker_start", &[&queue, worker]), ["1"], "{text}");
    for gauge in [
        "temporal_worker_task_slots_used",
        "temporal_worker_task_slots_available",
    ] {
        assert_eq!(lines(gauge, &[&queue, worker]).len(), 1, "{gauge} in\n{text}");
    }
    let pollers = lines("temporal_num_pollers", &[&queue, "poller_type=\"nexus_task\""]);
    assert_eq!(pollers.len(), 1, "{text}");
    Ok(())
}
