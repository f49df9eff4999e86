//! Search attributes and memo, set and unset by the workflow.

use crate::{activities::greet, recorded::replays};
use steadfast::prelude::*;
use tests::{Outcome, millis};

const KEYWORD: SearchAttributeKey<String> = SearchAttributeKey::keyword("RecordedKeyword");
const NUMBER: SearchAttributeKey<i64> = SearchAttributeKey::int("RecordedInt");

#[derive(Default)]
struct UpsertSearchAttributes;

#[workflow]
impl UpsertSearchAttributes {
    #[run]
    async fn run(ctx: WorkflowContext<Self>) -> WorkflowResult<String> {
        ctx.upsert_search_attributes([KEYWORD.set("busy"), NUMBER.set(1)]);
        ctx.sleep(millis(10)).await?;
        // A patch writes an attribute of its own.
        let _ = ctx.patched("with-attributes");
        ctx.upsert_search_attributes([NUMBER.set(2)]);
        let keyword = ctx.search_attribute(&KEYWORD)?.unwrap_or_default();
        Ok(ctx.activity::<greet>(keyword).await?)
    }
}

#[test]
fn search_attributes_beside_that_of_a_patch() -> Outcome {
    replays::<UpsertSearchAttributes>("upsert_search_attributes")
}

#[derive(Default)]
struct UpsertMemo;

#[workflow]
impl UpsertMemo {
    #[run]
    async fn run(ctx: WorkflowContext<Self>) -> WorkflowResult<String> {
        ctx.upsert_memo(|memo| memo.set("note", "first").set("count", 7))?;
        ctx.sleep(millis(10)).await?;
        ctx.upsert_memo(|memo| memo.unset("count"))?;
        let note: Option<String> = ctx.memo("note")?;
        Ok(ctx.activity::<greet>(note.unwrap_or_default()).await?)
    }
}

#[test]
fn a_memo_of_which_a_field_is_taken_away() -> Outcome {
    replays::<UpsertMemo>("upsert_memo")
}
