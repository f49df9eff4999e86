//! One order, from placing it to shipping it.
//!
//! `cargo run --example order` runs client, worker and server in this process. The same program on a Temporal cluster:
//! `cargo run --example order -- --address 127.0.0.1:7233`.

use examples::Outcome;
use steadfast::prelude::*;

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Order {
    item: String,
    quantity: u32,
}

// Activities do the work. They are ordinary functions, and when one fails it is tried again.

#[activity(start_to_close_timeout = "5s")]
async fn reserve(item: String, quantity: u32) -> Result<String, ActivityError> {
    println!("  reserve    {quantity} x {item}");
    Ok("shelf 12".to_owned())
}

#[derive(Debug, Serialize, Deserialize, ApplicationError)]
#[error("the gateway is busy", next_retry_delay = "300ms")]
struct GatewayBusy;

#[activity(start_to_close_timeout = "5s")]
async fn charge(ctx: ActivityContext, order: Order) -> Result<String, GatewayBusy> {
    let attempt = ctx.info().attempt;
    println!("  charge     {} x {}, attempt {attempt}", order.quantity, order.item);
    // A real one would pass the key to the gateway, so that nobody pays twice.
    let key = ctx.info().idempotency_key();
    (attempt > 2).then_some(key).ok_or(GatewayBusy)
}

#[activity(start_to_close_timeout = "5s")]
fn ship(order: Order, shelf: String) -> std::io::Result<String> {
    println!("  ship       {} x {} from {shelf}", order.quantity, order.item);
    Ok("parcel 4711".to_owned())
}

// The workflow is a plain struct: its state. Whatever happens to the machine, it goes on where it was.

struct Purchase {
    order: Order,
    approved_by: Option<String>,
    progress: &'static str,
}

#[workflow]
impl Purchase {
    #[init]
    fn new(order: Order) -> Self {
        Self {
            order,
            approved_by: None,
            progress: "reserving",
        }
    }

    #[run]
    async fn run(ctx: WorkflowContext<Self>, order: Order) -> WorkflowResult<String> {
        let shelf = ctx.activity::<reserve>((order.item, order.quantity)).await?;

        ctx.state_mut(|s| s.progress = "waiting for approval");
        let Some(approver) = ctx.wait_some(|s| s.approved_by.clone()).timeout(hours(72)).await? else {
            return Ok("nobody approved it".to_owned());
        };

        ctx.state_mut(|s| s.progress = "charging");
        let order = ctx.state(|s| s.order.clone());
        ctx.activity::<charge>(order.clone()).await?;

        ctx.state_mut(|s| s.progress = "packing");
        ctx.sleep(secs(1)).await?;

        let parcel = ctx.activity::<ship>((order, shelf)).await?;
        Ok(format!("{parcel}, approved by {approver}"))
    }

    #[signal]
    fn approve(&mut self, by: String) {
        self.approved_by = Some(by);
    }

    #[query]
    fn progress(&self) -> String {
        self.progress.to_owned()
    }

    #[update]
    fn change_quantity(&mut self, quantity: u32) -> u32 {
        std::mem::replace(&mut self.order.quantity, quantity)
    }

    #[validator(change_quantity)]
    fn check_quantity(&self, quantity: &u32) -> Result<(), Rejection> {
        (*quantity > 0).then_some(()).ok_or("an order of nothing".into())
    }
}

#[tokio::main]
async fn main() -> Outcome {
    run(&examples::connect().await?).await
}

pub async fn run(client: &Client) -> Outcome {
    let worker = Worker::new(client, "orders")
        .workflow::<Purchase>()
        .activity::<reserve>()
        .activity::<charge>()
        .activity::<ship>()
        .start();
    let order = Order {
        item: "teapot".to_owned(),
        quantity: 1,
    };
    let purchase = client.start::<Purchase>(order).task_queue("orders").await?;
    println!("started      {}", purchase.id());
    println!("changed      from {} to 2", purchase.change_quantity(2).await?);
    if let Err(rejected) = purchase.change_quantity(0).await {
        println!("not changed  {rejected}");
    }
    println!("progress     {}", purchase.progress().await?);
    purchase.approve("Ada".to_owned()).await?;
    println!("approved");
    let done = purchase.result().await?;
    println!("done         {done}");
    assert_eq!(done, "parcel 4711, approved by Ada");
    Ok(worker.shutdown().await?)
}
