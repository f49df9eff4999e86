//! Queries.

use steadfast::{
    client::{QueryError, QueryRejectCondition},
    prelude::*,
};
use tests::{Environment, Outcome, RunningWorker};

#[derive(Debug, PartialEq, Serialize, Deserialize, ApplicationError)]
enum MeterError {
    #[error("there is no digit {0}")]
    NoSuchDigit(usize),
}

struct Meter {
    value: u64,
    closed: bool,
}

#[workflow]
impl Meter {
    #[init]
    fn new(value: u64) -> Self {
        Self { value, closed: false }
    }

    #[run]
    async fn run(ctx: WorkflowContext<Self>, _value: u64) -> WorkflowResult<u64> {
        ctx.wait_condition(|s| s.closed).await?;
        Ok(ctx.state(|s| s.value))
    }

    #[signal]
    fn add(&mut self, more: u64) {
        self.value += more;
    }

    #[signal]
    fn close(&mut self) {
        self.closed = true;
    }

    #[query]
    fn value(&self) -> u64 {
        self.value
    }

    #[query]
    fn digit(&self, place: usize) -> Result<char, MeterError> {
        self.value
            .to_string()
            .chars()
            .nth(place)
            .ok_or(MeterError::NoSuchDigit(place))
    }
}

#[tokio::test]
async fn a_query_sees_the_state_and_leaves_no_trace() -> Outcome {
    let environment = Environment::connect().await?;
    let _worker = RunningWorker::start(environment.worker().workflow::<Meter>());
    let meter = environment.start::<Meter>(40).await?;
    assert_eq!(meter.value().await?, 40);
    meter.add(2).await?;
    assert_eq!(meter.value().await?, 42, "a query sees the signals sent before it");
    assert_eq!(meter.digit(1).await?, '2');
    meter.close().await?;
    assert_eq!(meter.result().await?, 42);
    environment.check_history("query_live", &meter).await
}

#[tokio::test]
async fn a_closed_workflow_answers_queries() -> Outcome {
    let environment = Environment::connect().await?;
    let first = RunningWorker::start(environment.worker().workflow::<Meter>());
    let meter = environment.start::<Meter>(1).await?;
    meter.close().await?;
    meter.result().await?;
    assert_eq!(meter.value().await?, 1);
    first.stop().await?;

    let _second = RunningWorker::start(environment.worker().workflow::<Meter>());
    assert_eq!(meter.value().await?, 1, "by a worker that never saw it run");
    let rejected = meter.value().reject_condition(QueryRejectCondition::NotOpen).await;
    assert!(matches!(rejected, Err(QueryError::Rejected(_))), "{rejected:?}");
    Ok(())
}

#[tokio::test]
async fn a_failing_query_tells_its_typed_error() -> Outcome {
    let environment = Environment::connect().await?;
    let _worker = RunningWorker::start(environment.worker().workflow::<Meter>());
    let meter = environment.start::<Meter>(7).await?;
    match meter.digit(3).await {
        Err(QueryError::Failed(failure)) => {
            assert_eq!(failure.application(), Some(MeterError::NoSuchDigit(3)));
            assert_eq!(failure.message(), "there is no digit 3");
        }
        other => panic!("expected a failed query, got {other:?}"),
    }
    assert_eq!(meter.value().await?, 7, "the worker goes on");
    Ok(())
}

#[tokio::test]
async fn an_unknown_query_tells_which_there_are() -> Outcome {
    let environment = Environment::connect().await?;
    let _worker = RunningWorker::start(environment.worker().workflow::<Meter>());
    let meter = environment.start::<Meter>(7).await?;
    match meter.query_untyped::<_, u64>("valeu", ()).await {
        Err(QueryError::Failed(failure)) => {
            for part in ["valeu", "value", "digit"] {
                assert!(failure.message().contains(part), "{}", failure.message());
            }
        }
        other => panic!("expected a failed query, got {other:?}"),
    }
    Ok(())
}

#[tokio::test]
async fn a_query_with_wrong_arguments_fails() -> Outcome {
    let environment = Environment::connect().await?;
    let _worker = RunningWorker::start(environment.worker().workflow::<Meter>());
    let meter = environment.start::<Meter>(7).await?;
    let answer = meter.query_untyped::<_, char>("digit", ("one".to_owned(),)).await;
    assert!(matches!(answer, Err(QueryError::Failed(_))), "{answer:?}");
    assert_eq!(meter.value().await?, 7, "the worker goes on");
    Ok(())
}

#[tokio::test]
async fn an_unknown_workflow_cannot_be_queried() -> Outcome {
    let environment = Environment::connect().await?;
    let answer = environment
        .client()
        .workflow::<Meter>(environment.name("nobody"))
        .value()
        .await;
    assert!(matches!(answer, Err(QueryError::NotFound(_))), "{answer:?}");
    Ok(())
}
