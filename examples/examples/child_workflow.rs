//! Child workflows: one for each parcel of an order, with messages and results of their own.

use examples::Outcome;
use steadfast::prelude::*;

#[derive(Default)]
struct Shipping {
    address: Option<String>,
}

#[workflow]
impl Shipping {
    #[run]
    async fn run(ctx: WorkflowContext<Self>, parcel: String) -> WorkflowResult<String> {
        let address = ctx.wait_some(|s| s.address.clone()).await?;
        Ok(format!("{parcel} to {address}"))
    }

    #[signal]
    fn send_to(&mut self, address: String) {
        self.address = Some(address);
    }
}

#[derive(Default)]
struct Order;

#[workflow]
impl Order {
    #[run]
    async fn run(ctx: WorkflowContext<Self>, parcels: Vec<String>) -> WorkflowResult<Vec<String>> {
        let id = ctx.info().workflow_id().to_owned();
        let children = parcels.into_iter().enumerate().map(|(number, parcel)| {
            let child = ctx.child::<Shipping>(parcel).id(format!("{id}-parcel-{number}"));
            child.start()
        });
        let children = try_join_all(children).await?;
        for child in &children {
            child.send_to("12 Baker Street".to_owned()).await?;
        }
        Ok(try_join_all(children.iter().map(|child| child.result())).await?)
    }
}

#[tokio::main]
async fn main() -> Outcome {
    run(&examples::connect().await?).await
}

pub async fn run(client: &Client) -> Outcome {
    let worker = Worker::new(client, "child_workflow")
        .workflow::<Order>()
        .workflow::<Shipping>()
        .start();
    let parcels = vec!["books".to_owned(), "a teapot".to_owned()];
    let order = client.start::<Order>(parcels).task_queue("child_workflow").await?;
    let sent = order.result().await?;
    println!("{sent:?}");
    assert_eq!(sent, ["books to 12 Baker Street", "a teapot to 12 Baker Street"]);

    let child = client.workflow::<Shipping>(format!("{}-parcel-0", order.id()));
    assert_eq!(child.describe().await?.parent_id(), Some(order.id()));
    Ok(worker.shutdown().await?)
}
