//! Search attributes and memo, set and unset by the workflow.

use crate::{
    activities::{Activities, options},
    registry::Registry,
    scenario::Scenario,
    stage::Stage,
};
use anyhow::{Result, ensure};
use std::time::Duration;
use temporalio_common::search_attributes::SearchAttributeKey;
use temporalio_macros::{workflow, workflow_methods};
use temporalio_sdk::{MemoValue, WorkflowContext, WorkflowResult};

const KEYWORD: SearchAttributeKey<String> = SearchAttributeKey::keyword("RecordedKeyword");
const NUMBER: SearchAttributeKey<i64> = SearchAttributeKey::int("RecordedInt");

#[workflow]
#[derive(Default)]
pub struct UpsertSearchAttributes;

#[workflow_methods]
impl UpsertSearchAttributes {
    #[run]
    pub async fn run(ctx: &mut WorkflowContext<Self>) -> WorkflowResult<String> {
        ctx.upsert_search_attributes([KEYWORD.value_set("busy".into()), NUMBER.value_set(1)]);
        ctx.timer(Duration::from_millis(10)).await;
        // A patch writes an attribute of its own.
        ctx.patched("with-attributes");
        ctx.upsert_search_attributes([NUMBER.value_set(2)]);
        let keyword = ctx.search_attributes().get(&KEYWORD).unwrap_or_default();
        Ok(ctx.execute_activity(Activities::greet, keyword, options()).await?)
    }
}

#[workflow]
#[derive(Default)]
pub struct UpsertMemo;

#[workflow_methods]
impl UpsertMemo {
    #[run]
    pub async fn run(ctx: &mut WorkflowContext<Self>) -> WorkflowResult<String> {
        ctx.upsert_memo([
            ("note", Some(MemoValue::new("first".to_owned()))),
            ("count", Some(MemoValue::new(7u32))),
        ])?;
        ctx.timer(Duration::from_millis(10)).await;
        ctx.upsert_memo([("count", None)])?;
        let note: Option<String> = ctx.memo().get("note")?;
        Ok(ctx
            .execute_activity(Activities::greet, note.unwrap_or_default(), options())
            .await?)
    }
}

fn register(registry: &mut Registry<'_>) -> Result<()> {
    registry
        .workflow::<UpsertSearchAttributes>()?
        .workflow::<UpsertMemo>()?;
    Ok(())
}

pub const SCENARIOS: &[Scenario] = &[
    scenario!("upsert_search_attributes", register, |stage| {
        make_search_attributes(&stage).await?;
        let ended = stage.run(register, UpsertSearchAttributes::run, ()).await?;
        ensure!(ended == Some("Hello, busy!".into()), "{ended:?}");
        Ok(())
    }),
    scenario!("upsert_memo", register, |stage| {
        ensure!(stage.run(register, UpsertMemo::run, ()).await? == Some("Hello, first!".into()));
        Ok(())
    }),
];

/// Makes the attributes known to the server; that they are known already is no error.
async fn make_search_attributes(stage: &Stage) -> Result<()> {
    stage
        .cli(&[
            "operator",
            "search-attribute",
            "create",
            "--name",
            "RecordedKeyword",
            "--type",
            "Keyword",
        ])
        .await?;
    stage
        .cli(&[
            "operator",
            "search-attribute",
            "create",
            "--name",
            "RecordedInt",
            "--type",
            "Int",
        ])
        .await?;
    Ok(())
}
