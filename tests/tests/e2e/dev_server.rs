//! The server that a test starts as a process of its own: a stand-in, or the `temporal` program that `STEADFAST_TEST_PROGRAM` names.

use steadfast::{client::ConnectError, prelude::*, testing::DevServer};
use tests::Outcome;

#[derive(Default)]
struct Greeting;

#[workflow]
impl Greeting {
    #[run]
    async fn run(_ctx: WorkflowContext<Self>, name: String) -> WorkflowResult<String> {
        Ok(format!("Hello, {name}!"))
    }
}

#[tokio::test]
async fn a_development_server_is_started_and_stopped() -> Outcome {
    let stand_in = env!("CARGO_BIN_EXE_dev_server").to_owned();
    let program = std::env::var("STEADFAST_TEST_PROGRAM").unwrap_or(stand_in);
    let server = DevServer::builder(program).start().await?;
    let (address, client) = (server.address().to_owned(), server.client().await?);
    let worker = Worker::new(&client, "greetings").workflow::<Greeting>().start();
    let greeting = client.execute::<Greeting>("Ada".to_owned()).task_queue("greetings");
    assert_eq!(greeting.await?, "Hello, Ada!");
    worker.shutdown().await?;

    drop((client, server));
    let gone = Client::connect(address).await;
    assert!(matches!(gone, Err(ConnectError::Unreachable(_))), "{gone:?}");
    Ok(())
}
