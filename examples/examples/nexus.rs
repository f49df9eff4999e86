//! Nexus: one team offers a service, the workflows of another call it through an endpoint.
//!
//! The service is a trait. `quote` answers at once; `deliver` takes a while, so it is a workflow of the team that offers it.

use examples::Outcome;
use steadfast::{client::NexusTarget, error::NexusErrorKind, prelude::*};

// ---- what both teams know -----------------------------------------------------------------------------------------

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Parcel {
    to: String,
    grams: u32,
}

#[nexus_service]
trait Parcels {
    /// What it costs, in cents.
    async fn quote(&self, grams: u32) -> Result<u32, NexusError>;
    /// Takes it there.
    async fn deliver(&self, ctx: NexusContext, parcel: Parcel) -> Result<String, NexusError>;
}

// ---- the team that offers it --------------------------------------------------------------------------------------

struct Post;

#[nexus_service]
impl Parcels for Post {
    async fn quote(&self, grams: u32) -> Result<u32, NexusError> {
        match grams {
            0..=2_000 => Ok(500),
            2_001..=30_000 => Ok(1_500),
            _ => Err(NexusError::of_kind(NexusErrorKind::BadRequest, "too heavy")),
        }
    }

    async fn deliver(&self, ctx: NexusContext, parcel: Parcel) -> Result<StartedOperation<String>, NexusError> {
        ctx.workflow::<Delivery>(parcel).await
    }
}

#[derive(Default)]
struct Delivery;

#[workflow]
impl Delivery {
    #[run]
    async fn run(ctx: WorkflowContext<Self>, parcel: Parcel) -> WorkflowResult<String> {
        ctx.sleep(secs(1)).await?;
        Ok(format!("signed by {}", parcel.to))
    }
}

// ---- the team that calls it ---------------------------------------------------------------------------------------

#[derive(Default)]
struct Order;

#[workflow]
impl Order {
    #[run]
    async fn run(ctx: WorkflowContext<Self>, endpoint: String, parcel: Parcel) -> WorkflowResult<String> {
        let parcels = ctx.nexus::<dyn Parcels>(endpoint);
        let cents = match parcels.quote(parcel.grams).schedule_to_close_timeout(secs(10)).await {
            Ok(cents) => cents,
            Err(failure) => return Ok(format!("not sent: {}", failure.message())),
        };
        let receipt = parcels.deliver(parcel).await?;
        Ok(format!("{cents} cents, {receipt}"))
    }
}

#[tokio::main]
async fn main() -> Outcome {
    run(&examples::connect().await?).await
}

pub async fn run(client: &Client) -> Outcome {
    let post = Worker::new(client, "post")
        .nexus_service(Post)
        .workflow::<Delivery>()
        .start();
    let shop = Worker::new(client, "shop").workflow::<Order>().start();
    // Whoever runs the server makes endpoints. Their names are unique there.
    let target = NexusTarget::task_queue(client.namespace(), "post");
    let endpoint = client
        .create_nexus_endpoint(format!("parcels-{}", std::process::id()), target)
        .await?;

    for (grams, expected) in [(1_200, "500 cents, signed by Ada"), (90_000, "not sent: too heavy")] {
        let parcel = Parcel {
            to: "Ada".to_owned(),
            grams,
        };
        let input = (endpoint.name().to_owned(), parcel);
        let order = client.execute::<Order>(input).task_queue("shop").await?;
        println!("{order}");
        assert_eq!(order, expected);
    }

    client.delete_nexus_endpoint(&endpoint).await?;
    shop.shutdown().await?;
    Ok(post.shutdown().await?)
}
