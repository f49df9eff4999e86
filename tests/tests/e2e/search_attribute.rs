//! Search attributes: given at the start, changed by the workflow, found by everybody.

use std::time::{Duration, SystemTime, UNIX_EPOCH};
use steadfast::{client::WorkflowSummary, prelude::*};
use steadfast_proto::enums::IndexedValueType;
use tests::{Environment, Failure, Outcome, RunningWorker};

const KEYWORD: SearchAttributeKey<String> = SearchAttributeKey::keyword("E2eKeyword");
const TEXT: SearchAttributeKey<String> = SearchAttributeKey::text("E2eText");
const LIST: SearchAttributeKey<Vec<String>> = SearchAttributeKey::keyword_list("E2eKeywordList");
const INT: SearchAttributeKey<i64> = SearchAttributeKey::int("E2eInt");
const DOUBLE: SearchAttributeKey<f64> = SearchAttributeKey::double("E2eDouble");
const BOOL: SearchAttributeKey<bool> = SearchAttributeKey::bool("E2eBool");
const TIME: SearchAttributeKey<SystemTime> = SearchAttributeKey::datetime("E2eDatetime");

async fn connect() -> Result<Environment, Failure> {
    let environment = Environment::connect().await?;
    let attributes = [
        (KEYWORD.name(), IndexedValueType::Keyword),
        (TEXT.name(), IndexedValueType::Text),
        (LIST.name(), IndexedValueType::KeywordList),
        (INT.name(), IndexedValueType::Int),
        (DOUBLE.name(), IndexedValueType::Double),
        (BOOL.name(), IndexedValueType::Bool),
        (TIME.name(), IndexedValueType::Datetime),
    ];
    environment.add_search_attributes(&attributes).await?;
    Ok(environment)
}

/// The workflow in a list, once the server lists it so: lists come a little later than what they tell.
async fn listed(environment: &Environment, filter: &str) -> Result<WorkflowSummary, Failure> {
    let filter = format!("WorkflowId = '{}' AND {filter}", environment.name("workflow"));
    loop {
        if let Some(found) = environment.client().list(&filter).next().await? {
            return Ok(found);
        }
        tokio::task::yield_now().await;
    }
}

fn noon() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_700_000_000)
}

/// Passes through three states that are seen from outside.
#[derive(Default)]
struct Parcel {
    delivered: bool,
}

#[workflow]
impl Parcel {
    #[run]
    async fn run(ctx: WorkflowContext<Self>) -> WorkflowResult<String> {
        let owner = ctx.search_attribute(&KEYWORD)?.unwrap_or_default();
        ctx.upsert_search_attributes([
            KEYWORD.set("on its way"),
            LIST.set(vec!["fragile".to_owned(), "urgent".to_owned()]),
            INT.set(3),
        ]);
        ctx.wait_condition(|s| s.delivered).await?;
        ctx.upsert_search_attributes([INT.unset(), BOOL.set(true)]);
        let now = (ctx.search_attribute(&KEYWORD)?, ctx.search_attribute(&INT)?);
        Ok(format!("{owner}: {now:?}"))
    }

    #[signal]
    fn deliver(&mut self) {
        self.delivered = true;
    }

    #[query]
    fn owner(&self, ctx: HandlerContext) -> Option<String> {
        ctx.search_attribute(&KEYWORD).ok().flatten()
    }
}

#[tokio::test]
async fn a_workflow_changes_its_search_attributes_and_everybody_sees_it() -> Outcome {
    let environment = connect().await?;
    let _worker = RunningWorker::start(environment.worker().workflow::<Parcel>());
    let parcel = environment
        .start::<Parcel>(())
        .search_attributes([KEYWORD.set("ada")])
        .await?;
    assert_eq!(parcel.owner().await?.as_deref(), Some("on its way"));

    let described = parcel.describe().await?;
    assert_eq!(described.search_attribute(&KEYWORD)?.as_deref(), Some("on its way"));
    let labels = described.search_attribute(&LIST)?.unwrap_or_default();
    assert_eq!(labels, ["fragile", "urgent"]);
    assert_eq!(described.search_attribute(&INT)?, Some(3));

    parcel.deliver().await?;
    assert_eq!(parcel.result().await?, r#"ada: (Some("on its way"), None)"#);
    let ended = parcel.describe().await?;
    assert_eq!(ended.search_attribute(&INT)?, None, "taken away");
    assert_eq!(ended.search_attribute(&BOOL)?, Some(true));
    environment.check_history("search_attributes", &parcel).await
}

#[tokio::test]
async fn all_types_are_given_at_the_start_and_found_in_lists() -> Outcome {
    let environment = connect().await?;
    let given = [
        KEYWORD.set("ada"),
        TEXT.set("a brown parcel"),
        LIST.set(vec!["fragile".to_owned()]),
        INT.set(-7),
        DOUBLE.set(2.5),
        BOOL.set(true),
        TIME.set(noon()),
    ];
    let parcel = environment.start::<Parcel>(()).search_attributes(given).await?;
    for filter in [
        "E2eKeyword = 'ada'",
        "E2eText = 'parcel'",
        "E2eKeywordList = 'fragile'",
        "E2eInt < 0",
        "E2eDouble > 2",
        "E2eBool = true",
        "E2eDatetime > '2023-11-14T22:13:19Z'",
    ] {
        let found = listed(&environment, filter).await?;
        assert_eq!(found.id(), parcel.id());
        assert_eq!(found.search_attribute(&KEYWORD)?.as_deref(), Some("ada"));
        assert_eq!(found.search_attribute(&TEXT)?.as_deref(), Some("a brown parcel"));
        assert_eq!(found.search_attribute(&LIST)?, Some(vec!["fragile".to_owned()]));
        assert_eq!(found.search_attribute(&INT)?, Some(-7));
        assert_eq!(found.search_attribute(&DOUBLE)?, Some(2.5));
        assert_eq!(found.search_attribute(&BOOL)?, Some(true));
        assert_eq!(found.search_attribute(&TIME)?, Some(noon()));
        let wrong = found.search_attribute(&SearchAttributeKey::<i64>::int("E2eKeyword"));
        assert!(wrong.is_err(), "a keyword is no number: {wrong:?}");
    }
    parcel.terminate("seen").await?;
    Ok(())
}

/// Continues as new once, patched and with a changed attribute, and tells what the new run begins with.
#[derive(Default)]
struct Relay;

#[workflow]
impl Relay {
    #[run]
    async fn run(ctx: WorkflowContext<Self>, first: bool) -> WorkflowResult<String> {
        if first {
            let _ = ctx.patched("relay");
            ctx.upsert_search_attributes([INT.set(2)]);
            ctx.upsert_memo(|memo| memo.set("colour", "blue").unset("shape"))?;
            return ctx.continue_as_new(false);
        }
        let memo = (ctx.memo::<String>("colour")?, ctx.memo::<String>("shape")?);
        let attributes = (ctx.search_attribute(&KEYWORD)?, ctx.search_attribute(&INT)?);
        Ok(format!("{attributes:?} {memo:?}"))
    }
}

#[tokio::test]
async fn the_next_run_inherits_search_attributes_and_memo() -> Outcome {
    let environment = connect().await?;
    let _worker = RunningWorker::start(environment.worker().workflow::<Relay>());
    let call = environment
        .start::<Relay>(true)
        .search_attributes([KEYWORD.set("ada"), INT.set(1)]);
    let relay = call.memo("colour", "red").memo("shape", "round").await?;
    assert_eq!(relay.result().await?, r#"(Some("ada"), Some(2)) (Some("blue"), None)"#);
    environment.check_history("search_attributes_continued", &relay).await?;
    let last = environment.client().workflow::<Relay>(relay.id());
    environment.check_history("search_attributes_inherited", &last).await
}

/// Changes its memo, and starts a child with attributes of its own.
#[derive(Default)]
struct Parent;

#[workflow]
impl Parent {
    #[run]
    async fn run(ctx: WorkflowContext<Self>) -> WorkflowResult<String> {
        ctx.upsert_memo(|memo| memo.set("children", 1))?;
        let child = ctx
            .child::<Relay>(false)
            .search_attributes([KEYWORD.set("child"), INT.set(9)]);
        let text = child.id(format!("{}-child", ctx.info().workflow_id())).await?;
        Ok(format!("{text}, {:?} child", ctx.memo::<u32>("children")?))
    }
}

#[tokio::test]
async fn a_child_is_started_with_search_attributes_and_the_memo_is_changed() -> Outcome {
    let environment = connect().await?;
    let _worker = RunningWorker::start(environment.worker().workflow::<Parent>().workflow::<Relay>());
    let parent = environment.start::<Parent>(()).await?;
    assert_eq!(
        parent.result().await?,
        r#"(Some("child"), Some(9)) (None, None), Some(1) child"#
    );
    assert_eq!(parent.describe().await?.memo::<u32>("children")?, Some(1));
    environment.check_history("search_attributes_of_a_child", &parent).await
}
