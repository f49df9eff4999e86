//! Payloads: what other SDKs write and read.

use std::collections::BTreeMap;
use steadfast::prelude::*;
use steadfast_proto::{common::Payload, history::history_event::Attributes};
use tests::{Environment, Outcome, RunningWorker};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Colour {
    Red,
    Mixed { red: u8, green: u8 },
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Thing {
    name: String,
    weight: Option<f64>,
    colours: Vec<Colour>,
    labels: BTreeMap<String, i64>,
}

fn thing() -> Thing {
    Thing {
        name: "Züri \"tea\" 茶".to_owned(),
        weight: None,
        colours: vec![Colour::Red, Colour::Mixed { red: 1, green: 2 }],
        labels: BTreeMap::from([("a".to_owned(), -1)]),
    }
}

#[activity(start_to_close_timeout = "10s")]
async fn pass(thing: Thing, note: Option<String>, nothing: ()) -> Result<Option<Thing>, ActivityError> {
    let () = nothing;
    Ok(note.is_none().then_some(thing))
}

#[derive(Default)]
struct Passes;

#[workflow]
impl Passes {
    #[run]
    async fn run(ctx: WorkflowContext<Self>, thing: Thing, note: Option<String>) -> WorkflowResult<Option<Thing>> {
        Ok(ctx.activity::<pass>((thing, note, ())).await?)
    }
}

#[tokio::test]
async fn values_travel_as_json_each_argument_its_own_payload() -> Outcome {
    let environment = Environment::connect().await?;
    let _worker = RunningWorker::start(environment.worker().workflow::<Passes>().activity::<pass>());
    let passes = environment.start::<Passes>((thing(), None)).await?;
    assert_eq!(passes.result().await?, Some(thing()));

    let events = environment.history(&passes).await?;
    let Some(Attributes::WorkflowExecutionStartedEventAttributes(started)) =
        events.into_iter().next().and_then(|event| event.attributes)
    else {
        panic!("the first event starts the workflow");
    };
    let json = "{\"name\":\"Züri \\\"tea\\\" 茶\",\"weight\":null,\"colours\":[\"Red\",{\"Mixed\":{\"red\":1,\"green\":2}}],\"labels\":{\"a\":-1}}";
    assert_eq!(
        started.into_inner().input.unwrap_or_default().payloads,
        [
            Payload::encoded("json/plain", json),
            Payload::encoded("binary/null", "")
        ],
        "as the other SDKs write them"
    );
    environment.check_history("payload_json", &passes).await
}

#[tokio::test]
async fn missing_arguments_are_null_and_surplus_ones_ignored() -> Outcome {
    let environment = Environment::connect().await?;
    let _worker = RunningWorker::start(environment.worker().workflow::<Passes>().activity::<pass>());
    let client = environment.client();
    let few = client
        .start_untyped("Passes", (thing(),))
        .id(environment.name("few"))
        .task_queue(environment.queue())
        .await?;
    assert_eq!(few.result_untyped::<Option<Thing>>().await?, Some(thing()));
    let many = client
        .start_untyped("Passes", (thing(), Some("note".to_owned()), 3, 4))
        .id(environment.name("many"));
    assert_eq!(
        many.task_queue(environment.queue())
            .await?
            .result_untyped::<Option<Thing>>()
            .await?,
        None
    );
    Ok(())
}

#[derive(Default)]
struct Large;

#[workflow]
impl Large {
    #[run]
    async fn run(_ctx: WorkflowContext<Self>, text: String) -> WorkflowResult<usize> {
        Ok(text.len())
    }
}

#[tokio::test]
async fn a_large_payload_arrives_whole() -> Outcome {
    let environment = Environment::connect().await?;
    let _worker = RunningWorker::start(environment.worker().workflow::<Large>());
    let large = environment.start::<Large>("x".repeat(1_000_000)).await?;
    assert_eq!(large.result().await?, 1_000_000);
    Ok(())
}
