//! Connections that break.

use std::sync::{Arc, Mutex};
use steadfast::client::{ConnectError, Proxy};
use steadfast::workflow::Untyped;
use steadfast::{
    client::{Client, SignalError},
    prelude::*,
    worker::Worker,
};
use tests::{Environment, Outcome, RunningWorker, front::Front, tunnel::Tunnel};
use tokio::process::Command;

#[activity(start_to_close_timeout = "10s")]
async fn double(number: u32) -> Result<u32, ActivityError> {
    Ok(number * 2)
}

#[derive(Default)]
struct Sum {
    sum: u32,
    done: bool,
}

#[workflow]
impl Sum {
    #[run]
    async fn run(ctx: WorkflowContext<Self>) -> WorkflowResult<u32> {
        ctx.wait_condition(|s| s.done).await?;
        let sum = ctx.state(|s| s.sum);
        Ok(ctx.activity::<double>(sum).await?)
    }

    #[signal]
    fn add(&mut self, number: u32) {
        self.sum += number;
    }

    #[signal]
    fn finish(&mut self) {
        self.done = true;
    }

    #[query]
    fn sum(&self) -> u32 {
        self.sum
    }
}

#[tokio::test]
async fn a_worker_whose_connection_breaks_goes_on_over_a_new_one() -> Outcome {
    let environment = Environment::connect().await?;
    let proxy = environment.proxy().await?;
    let far = Client::connect(proxy.address()).await?;
    let worker = Worker::new(&far, environment.queue())
        .workflow::<Sum>()
        .activity::<double>();
    let _worker = RunningWorker::start(worker);

    let near = environment.network_client().await?;
    let sum = near
        .start::<Sum>(())
        .id(environment.name("workflow"))
        .task_queue(environment.queue())
        .await?;
    assert_eq!(sum.sum().await?, 0, "the worker works");
    assert!(proxy.cut() > 0, "the worker was connected");
    sum.add(4).await?;
    assert_eq!(sum.sum().await?, 4, "the worker is back");
    proxy.cut();
    sum.finish().await?;
    assert_eq!(sum.result().await?, 8);
    Ok(())
}

#[tokio::test]
async fn a_worker_goes_on_over_another_client_after_the_first_is_gone() -> Outcome {
    let environment = Environment::connect().await?;
    let (proxy, near) = (environment.proxy().await?, environment.network_client().await?);
    let far = Client::connect(proxy.address()).await?;
    let worker = Worker::new(&far, environment.queue())
        .workflow::<Sum>()
        .activity::<double>();
    let worker = worker.start();
    let sum = near
        .start::<Sum>(())
        .id(environment.name("workflow"))
        .task_queue(environment.queue())
        .await?;
    sum.add(4).await?;
    assert_eq!(sum.sum().await?, 4, "the worker works");
    drop((far, proxy));
    worker.set_client(&near)?;
    sum.finish().await?;
    assert_eq!(sum.result().await?, 8);
    worker.shutdown().await?;
    Ok(())
}

#[tokio::test]
async fn a_client_whose_connection_breaks_goes_on_over_a_new_one() -> Outcome {
    let environment = Environment::connect().await?;
    let proxy = environment.proxy().await?;
    let far = Client::connect(proxy.address()).await?;
    let near = environment.network_client().await?;
    let worker = Worker::new(&near, environment.queue())
        .workflow::<Sum>()
        .activity::<double>();
    let _worker = RunningWorker::start(worker);

    let sum = far
        .start::<Sum>(())
        .id(environment.name("workflow"))
        .task_queue(environment.queue())
        .await?;
    for number in 1..=3 {
        assert!(proxy.cut() > 0, "the client was connected");
        sum.add(number).await?;
    }
    sum.finish().await?;
    let waiting = sum.result();
    proxy.cut();
    assert_eq!(waiting.await?, 12);
    Ok(())
}

#[tokio::test]
async fn a_server_that_is_gone_is_told_with_a_typed_error() -> Outcome {
    let environment = Environment::connect().await?;
    let proxy = environment.proxy().await?;
    let far = Client::connect(proxy.address()).await?;
    drop(proxy);
    let answer = far.workflow::<Sum>("any").finish().await;
    assert!(matches!(answer, Err(SignalError::Rpc(_))), "{answer:?}");
    Ok(())
}

#[tokio::test]
async fn a_server_is_reached_through_a_proxy_by_those_who_know_the_password() -> Outcome {
    let environment = Environment::connect().await?;
    let tunnel = Tunnel::start(Some("Basic YWRhOnNlY3JldA==")).await?;
    let address = environment.network_address().await?;
    let through = |proxy| Client::builder().address(&address).proxy(proxy);
    let proxy = || Proxy::new(tunnel.address());
    let client = through(proxy().basic_auth("ada", "secret")).connect().await?;
    client.count("").await?;
    assert_eq!(tunnel.asked(), [address.as_str()], "one connection serves all calls");
    let error = through(proxy()).connect().await.unwrap_err();
    assert!(matches!(error, ConnectError::Unreachable(_)), "{error:?}");
    assert!(
        error.to_string().contains("407 Proxy Authentication Required"),
        "{error}"
    );
    let lazy = through(proxy().basic_auth("ada", "wrong")).connect_lazy()?;
    let error = lazy.count("").await.unwrap_err();
    assert!(
        error.to_string().contains("407 Proxy Authentication Required"),
        "{error}"
    );
    Ok(())
}

#[tokio::test]
async fn all_addresses_of_a_server_are_used() -> Outcome {
    let environment = Environment::connect().await?;
    let address = environment.network_address().await?.replace("127.0.0.1", "localhost");
    for client in [
        Client::builder()
            .address(&address)
            .balance_load(secs(30))
            .connect()
            .await?,
        Client::builder()
            .address(&address)
            .balance_load(secs(30))
            .connect_lazy()?,
    ] {
        client.count("").await?;
    }
    Ok(())
}

#[tokio::test]
async fn calls_are_compressed_for_those_who_ask_for_it() -> Outcome {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&seen);
    let front = Front::start(move |headers| {
        let encoding = headers.get("grpc-encoding").and_then(|value| value.to_str().ok());
        noted.lock().unwrap().push(encoding.map(str::to_owned));
        Ok(())
    })
    .await?;
    for (gzip, expected) in [(false, None), (true, Some("gzip".to_owned()))] {
        seen.lock().unwrap().clear();
        Client::builder().address(front.address()).gzip(gzip).connect().await?;
        assert_eq!(*seen.lock().unwrap(), [expected]);
    }
    Ok(())
}

#[tokio::test]
async fn a_process_connects_as_its_environment_says() -> Outcome {
    let environment = Environment::connect().await?;
    let id = environment.name("from-environment");
    let run = async |address: String| {
        let mut program = Command::new(env!("CARGO_BIN_EXE_environment"));
        program
            .arg(&id)
            .env("TEMPORAL_ADDRESS", address)
            .env("TEMPORAL_NAMESPACE", "default");
        program.output().await
    };
    let output = run(environment.network_address().await?).await?;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), format!("default {id}"));
    let client = environment.network_client().await?;
    let started = client.workflow::<Untyped>(&id);
    assert_eq!(started.describe().await?.workflow_type(), "Nothing");
    started.terminate("seen").await?;
    let output = run("no address".to_owned()).await?;
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && error.contains("no address"), "{error}");
    Ok(())
}
