//! An update that starts its workflow if need be: a cart comes into being with the first thing that is put into it.

use examples::Outcome;
use steadfast::{client::WorkflowIdConflictPolicy, prelude::*};

#[derive(Default)]
struct Cart {
    items: Vec<String>,
    checked_out: bool,
}

#[workflow]
impl Cart {
    #[run]
    async fn run(ctx: WorkflowContext<Self>) -> WorkflowResult<Vec<String>> {
        ctx.wait_condition(|s| s.checked_out).timeout(days(7)).await?;
        Ok(ctx.state(|s| s.items.clone()))
    }

    #[update]
    fn add(&mut self, item: String) -> usize {
        self.items.push(item);
        self.items.len()
    }

    #[signal]
    fn check_out(&mut self) {
        self.checked_out = true;
    }
}

#[tokio::main]
async fn main() -> Outcome {
    run(&examples::connect().await?).await
}

pub async fn run(client: &Client) -> Outcome {
    let worker = Worker::new(client, "update_with_start").workflow::<Cart>().start();
    let id = format!("cart-{}", std::process::id());
    let add = |item: &str| {
        let item = item.to_owned();
        let start = client.start::<Cart>(()).id(&id).task_queue("update_with_start");
        start
            .id_conflict_policy(WorkflowIdConflictPolicy::UseExisting)
            .with_update(|cart| cart.add(item))
    };
    let (cart, first) = add("tea").await?;
    let (same, second) = add("pot").await?;
    println!("{} has {first}, then {second} items", cart.id());
    assert_eq!((first, second), (1, 2));
    assert_eq!(same.run_id(), cart.run_id());
    cart.check_out().await?;
    assert_eq!(cart.result().await?, ["tea", "pot"]);
    Ok(worker.shutdown().await?)
}
