//! Search attributes: values by which workflows are found.

use examples::Outcome;
use std::time::Duration;
use steadfast::{
    client::Code,
    prelude::*,
    proto::{enums::IndexedValueType, operatorservice::AddSearchAttributesRequest},
};

const CUSTOMER: SearchAttributeKey<String> = SearchAttributeKey::keyword("ExampleCustomer");
const CENTS: SearchAttributeKey<i64> = SearchAttributeKey::int("ExampleCents");

#[derive(Default)]
struct Order {
    paid: bool,
}

#[workflow]
impl Order {
    #[run]
    async fn run(ctx: WorkflowContext<Self>, cents: i64) -> WorkflowResult<Option<String>> {
        ctx.upsert_search_attributes([CENTS.set(cents)]);
        ctx.wait_condition(|s| s.paid).await?;
        Ok(ctx.search_attribute(&CUSTOMER)?)
    }

    #[signal]
    fn pay(&mut self) {
        self.paid = true;
    }
}

#[tokio::main]
async fn main() -> Outcome {
    run(&examples::connect().await?).await
}

/// Once for each namespace; in earnest with `temporal operator search-attribute create`.
async fn make_known(client: &Client) -> Outcome {
    let known = client.call(AddSearchAttributesRequest {
        namespace: client.namespace().to_owned(),
        search_attributes: [
            (CUSTOMER.name().to_owned(), IndexedValueType::Keyword.into()),
            (CENTS.name().to_owned(), IndexedValueType::Int.into()),
        ]
        .into(),
    });
    match known.await {
        Err(error) if error.code() != Code::AlreadyExists => Err(error.into()),
        _ => Ok(()),
    }
}

pub async fn run(client: &Client) -> Outcome {
    make_known(client).await?;
    let worker = Worker::new(client, "search_attribute").workflow::<Order>().start();
    let customer = format!("ada-{}", std::process::id());
    let mut orders = Vec::new();
    for cents in [500, 1500] {
        let order = client
            .start::<Order>(cents)
            .search_attributes([CUSTOMER.set(customer.clone())]);
        orders.push(order.task_queue("search_attribute").await?);
    }

    let query = format!("ExampleCustomer = '{customer}' AND ExampleCents > 1000");
    let found = loop {
        // Lists come a little later than what they tell.
        if let Some(found) = client.list(&query).next().await? {
            break found;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    println!("{} has {:?} cents", found.id(), found.search_attribute(&CENTS)?);
    assert_eq!(found.search_attribute(&CENTS)?, Some(1500));

    for order in orders {
        order.pay().await?;
        assert_eq!(order.result().await?.as_ref(), Some(&customer));
    }
    Ok(worker.shutdown().await?)
}
