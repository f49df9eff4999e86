//! An approval: a person decides, or the time is up. The test below waits its 72 hours in virtual time.

use examples::Outcome;
use std::time::Duration;
use steadfast::prelude::*;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Decision {
    Approved { by: String },
    Refused { by: String, reason: String },
    TimedOut,
}

#[derive(Default)]
struct Approval {
    decision: Option<Decision>,
}

#[workflow]
impl Approval {
    #[run]
    async fn run(ctx: WorkflowContext<Self>, patience: Duration) -> WorkflowResult<Decision> {
        let decision = ctx.wait_some(|s| s.decision.clone()).timeout(patience).await?;
        Ok(decision.unwrap_or(Decision::TimedOut))
    }

    #[signal]
    fn approve(&mut self, by: String) {
        self.decision.get_or_insert(Decision::Approved { by });
    }

    #[signal]
    fn refuse(&mut self, by: String, reason: String) {
        self.decision.get_or_insert(Decision::Refused { by, reason });
    }

    #[query]
    fn is_open(&self) -> bool {
        self.decision.is_none()
    }
}

#[tokio::main]
async fn main() -> Outcome {
    run(&examples::connect().await?).await
}

pub async fn run(client: &Client) -> Outcome {
    let worker = Worker::new(client, "approval").workflow::<Approval>().start();
    let start = |patience| client.start::<Approval>(patience).task_queue("approval");

    let decided = start(hours(72)).await?;
    assert!(decided.is_open().await?);
    decided.approve("Ada".to_owned()).await?;
    let decision = decided.result().await?;
    println!("{decision:?}");
    assert_eq!(decision, Decision::Approved { by: "Ada".to_owned() });

    let refused = start(hours(72)).await?;
    refused.refuse("Bob".to_owned(), "too dear".to_owned()).await?;
    let decision = refused.result().await?;
    println!("{decision:?}");
    assert!(matches!(decision, Decision::Refused { .. }));

    let forgotten = start(Duration::from_millis(200)).await?;
    let decision = forgotten.result().await?;
    println!("{decision:?}");
    assert_eq!(decision, Decision::TimedOut);
    Ok(worker.shutdown().await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[steadfast::test]
    async fn nobody_decides_in_three_days(env: TestEnv) {
        env.worker("approval").workflow::<Approval>().start();
        let begin = env.now();
        let call = env.client().execute::<Approval>(hours(72)).task_queue("approval");
        assert_eq!(call.await?, Decision::TimedOut);
        assert!(env.now().duration_since(begin)? >= hours(72));
    }
}
