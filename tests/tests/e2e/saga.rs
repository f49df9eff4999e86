//! Undoing what was done.

use steadfast::{client::ResultError, prelude::*};
use tests::{Environment, Gate, Outcome, RunningWorker};

struct Hotel {
    asked: Gate,
    answers: Gate,
}

#[activities]
impl Hotel {
    #[activity(start_to_close_timeout = "30s")]
    async fn cancel(&self, room: u32) -> Result<u32, ActivityError> {
        self.asked.open();
        self.answers.passed().await;
        if room == 13 {
            return Err(ActivityError::new("there is no room 13").non_retryable());
        }
        Ok(room)
    }
}

/// Books rooms, which it undoes.
#[derive(Default)]
struct Stay {
    undone: Vec<u32>,
}

#[workflow]
impl Stay {
    #[run]
    async fn run(ctx: WorkflowContext<Self>, rooms: Vec<u32>) -> WorkflowResult<String> {
        let hotel = ctx.activities::<Hotel>();
        let mut saga = ctx.saga();
        for room in rooms {
            let (cancel, ctx) = (hotel.cancel(room), ctx.clone());
            saga.add_compensation(async move {
                let room = cancel.await?;
                ctx.state_mut(|s| s.undone.push(room));
                Ok::<_, ActivityFailure>(())
            });
        }
        let outcome = saga.compensate().await.map_err(|error| error.to_string());
        let was_cancelled = ctx.is_cancel_requested();
        Ok(format!(
            "{outcome:?}, {:?}, {was_cancelled}",
            ctx.state(|s| s.undone.clone())
        ))
    }

    #[query]
    fn undone(&self) -> Vec<u32> {
        self.undone.clone()
    }
}

#[tokio::test]
async fn steps_are_undone_backwards_also_if_one_cannot_be_and_the_workflow_is_cancelled() -> Outcome {
    let environment = Environment::connect().await?;
    let (asked, answers) = (Gate::default(), Gate::default());
    let hotel = Hotel {
        asked: asked.clone(),
        answers: answers.clone(),
    };
    let _worker = RunningWorker::start(environment.worker().workflow::<Stay>().activities(hotel));
    let stay = environment.start::<Stay>(vec![1, 13, 2]).await?;
    asked.passed().await;
    stay.cancel().await?;
    assert!(stay.undone().await?.is_empty(), "the code has seen the cancellation");
    for _ in 0..3 {
        answers.open();
    }
    match stay.result().await {
        Ok(said) => assert_eq!(said, "Err(\"activity failed: there is no room 13\"), [2, 1], true"),
        Err(ResultError::Failed(failure)) => panic!("{failure}"),
        Err(error) => return Err(error.into()),
    }
    environment.check_history("saga_compensates", &stay).await
}
