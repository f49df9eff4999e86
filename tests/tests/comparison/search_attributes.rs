use steadfast::prelude::*;

pub const CUSTOMER: SearchAttributeKey<String> = SearchAttributeKey::keyword("CustomKeywordField");
pub const ORDERS: SearchAttributeKey<i64> = SearchAttributeKey::int("CustomIntField");

#[derive(Default)]
pub struct SearchAttributes;

#[workflow]
impl SearchAttributes {
    #[run]
    async fn run(ctx: WorkflowContext<Self>) -> WorkflowResult<String> {
        let before = ctx.search_attribute(&CUSTOMER)?.unwrap_or_default();
        ctx.upsert_search_attributes([CUSTOMER.set("changed".to_owned()), ORDERS.set(42)]);
        Ok(format!("before: {before}, orders: 42"))
    }
}
