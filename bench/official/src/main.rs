//! The bench's worker and load generator on the official SDK.

mod load;
mod replay;
mod worker;
mod workflows;

use bench_harness::{Arguments, Outcome};
use load::Load;
use std::str::FromStr as _;
use temporalio_client::{Client, ClientOptions, Connection, ConnectionOptions, Url};

const HELP: &str = "usage: official WHAT [--OPTION VALUE ..]
  worker              --url --tq --mode default|tuned --cache --pollers --slots
  load SCENARIO       --url --tq --n --c --warm
  replay              --file --n
and --threads: 0 as tokio has it, 1 for a runtime of one thread";

fn main() -> Outcome {
    let arguments = Arguments::read()?;
    let runtime = match arguments.number("threads", 0)? {
        1 => tokio::runtime::Builder::new_current_thread().enable_all().build()?,
        threads => {
            let mut builder = tokio::runtime::Builder::new_multi_thread();
            if threads > 0 {
                builder.worker_threads(threads);
            }
            builder.enable_all().build()?
        }
    };
    runtime.block_on(run(&arguments))
}

async fn run(arguments: &Arguments) -> Outcome {
    match arguments.word(0) {
        "worker" => worker::run(connect(arguments).await?, arguments).await,
        "load" => {
            let client = connect(arguments).await?;
            Load::new(client, arguments)?.run(arguments.word(1)).await
        }
        "replay" => replay::replay(arguments).await,
        _ => Err(HELP.into()),
    }
}

async fn connect(arguments: &Arguments) -> Outcome<Client> {
    let url = Url::from_str(&arguments.text("url", "http://127.0.0.1:7233"))?;
    let connection = Connection::connect(ConnectionOptions::new(url).build()).await?;
    Ok(Client::new(connection, ClientOptions::new("default").build())?)
}
