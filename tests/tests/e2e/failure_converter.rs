//! Failures that are changed on their way out and in.

use steadfast::{convert::FailureConverter, prelude::*, proto::failure::Failure};
use tests::{Environment, Outcome, RunningWorker};

/// Says nothing of persons to others, and says that it has heard.
struct Discreet;

impl FailureConverter for Discreet {
    fn outgoing(&self, failure: &mut Failure) {
        failure.message = failure.message.replace("Ada", "somebody");
    }

    fn incoming(&self, failure: &mut Failure) {
        failure.message.push('!');
    }
}

#[activity(start_to_close_timeout = "10s")]
async fn lend(to: String) -> Result<(), ActivityError> {
    Err(ActivityError::new(format!("the library lends {to} nothing")).non_retryable())
}

#[derive(Default)]
struct Lends;

#[workflow]
impl Lends {
    #[run]
    async fn run(ctx: WorkflowContext<Self>, to: String) -> WorkflowResult<()> {
        if let Err(failure) = ctx.activity::<lend>(to.clone()).await {
            return Err(WorkflowError::new(format!("no book for {to}: {}", failure.message())));
        }
        Ok(())
    }
}

#[tokio::test]
async fn a_failure_converter_changes_failures_on_their_way_out_and_in() -> Outcome {
    for encodes in [false, true] {
        let discreet = Client::builder().failure_converter(Discreet).encode_failures(encodes);
        let environment = Environment::connect().await?.with_client(discreet).await?;
        let _worker = RunningWorker::start(environment.worker().workflow::<Lends>().activity::<lend>());
        let lends = environment.start::<Lends>("Ada".to_owned()).await?;
        let error = lends.result().await.unwrap_err();
        let message = error.failure().ok_or("it failed")?.message().to_owned();
        // Out of the activity and into the workflow, out of that and into the client.
        assert_eq!(message, "no book for somebody: the library lends somebody nothing!!");

        let plain = environment.another_client(Client::builder()).await?;
        let error = plain.workflow::<Lends>(lends.id()).result().await.unwrap_err();
        let message = error.failure().ok_or("it failed")?.message().to_owned();
        assert_eq!(message, "no book for somebody: the library lends somebody nothing!");
    }
    Ok(())
}
