//! The bench's worker and load generator on Steadfast.

use bench_harness::{Arguments, Outcome};
use bench_steadfast::{connect, floor, in_process, load::Load, replay, start, worker};

const HELP: &str = "usage: steadfast WHAT [--OPTION VALUE ..]
  worker              --url --tq --mode default|tuned --cache --pollers --slots
  floor               --url --tq
  load SCENARIO       --url --tq --n --c --warm
  in-process SCENARIO --n --c --warm, and the worker's; also month, year
  record              --events --out
  replay              --file --n
  start               --n
  ping                --url
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
        "worker" => worker::run(&connect(arguments).await?, arguments).await,
        "floor" => floor::run(arguments).await,
        "load" => {
            let client = connect(arguments).await?;
            Load::new(client, arguments)?.run(arguments.word(1)).await
        }
        // A task like all others, or two threads would be three: the one that waits here is not of the runtime's.
        "in-process" => {
            let arguments = arguments.clone();
            tokio::spawn(async move { in_process::in_process(&arguments).await }).await?
        }
        "record" => replay::record(arguments).await,
        "replay" => replay::replay(arguments),
        "start" => start::start(arguments).await,
        "ping" => start::ping(arguments).await,
        _ => Err(HELP.into()),
    }
}
