//! Numbers for Prometheus: those of the library, which have the names of other SDKs, and the program's own.

use examples::Outcome;
use steadfast::{metrics::PrometheusMeter, prelude::*};

#[activity(start_to_close_timeout = "5s")]
async fn bake(ctx: ActivityContext, cake: String) -> Result<u32, ActivityError> {
    let grams = 100 * cake.len() as u32;
    ctx.metrics().counter("cakes").with_label("kind", cake).add(1.0);
    ctx.metrics()
        .histogram("cake_weight")
        .unit("g")
        .buckets(vec![250.0, 500.0, 1_000.0])
        .record(f64::from(grams));
    Ok(grams)
}

#[derive(Default)]
struct Bakery;

#[workflow]
impl Bakery {
    #[run]
    async fn run(ctx: WorkflowContext<Self>, cakes: Vec<String>) -> WorkflowResult<u32> {
        let mut grams = 0;
        for cake in cakes {
            grams += ctx.activity::<bake>(cake).await?;
        }
        // Counted once, however often the code is replayed.
        ctx.metrics().gauge("last_delivery").set(f64::from(grams));
        Ok(grams)
    }
}

#[tokio::main]
async fn main() -> Outcome {
    run(&examples::connect().await?).await
}

pub async fn run(client: &Client) -> Outcome {
    let meter = PrometheusMeter::new();
    let endpoint = meter.serve("127.0.0.1:0").await?;
    println!("http://{}/metrics", endpoint.address());

    let client = client.metrics(meter.clone());
    let worker = Worker::new(&client, "metrics")
        .workflow::<Bakery>()
        .activity::<bake>()
        .start();
    let cakes = ["apple", "plum"].map(str::to_owned).to_vec();
    assert_eq!(client.execute::<Bakery>(cakes).task_queue("metrics").await?, 900);
    worker.shutdown().await?;

    let text = meter.text();
    for line in text
        .lines()
        .filter(|line| line.starts_with("cake") || line.starts_with("temporal_workflow_completed"))
    {
        println!("{line}");
    }
    assert!(text.contains("temporal_workflow_completed{"));
    assert!(text.contains("kind=\"plum\""));
    Ok(())
}
