//! The server as a program.

use std::io::Write;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::process::ExitCode;
use steadfast_server::{Server, Time};

const HELP: &str = "\
A Temporal-compatible server.

Usage: steadfast-server [OPTIONS]

Options:
      --ip <IP>                Address to listen on [default: 127.0.0.1]
      --port <PORT>            Port to listen on; 0 picks a free one [default: 7233]
      --namespace <NAME>       A namespace besides `default`; may be repeated
      --search-attribute <NAME=TYPE>
                               A search attribute of every namespace; may be repeated. Types: Text, Keyword, Int,
                               Double, Bool, Datetime, KeywordList
      --time <real|virtual>    Virtual time jumps over waits when nothing else is left to do [default: real]
      --log-level <LEVEL>      error, warn, info, debug or trace [default: warn]
  -h, --help                   Prints this
  -V, --version                Prints the version";

struct Options {
    address: SocketAddr,
    namespaces: Vec<String>,
    search_attributes: Vec<String>,
    time: Time,
    log_level: tracing::Level,
}

enum Command {
    Serve(Box<Options>),
    Help,
    Version,
}

fn main() -> ExitCode {
    match read_arguments() {
        Ok(Command::Help) => {
            println!("{HELP}");
            ExitCode::SUCCESS
        }
        Ok(Command::Version) => {
            println!("steadfast-server {}", env!("CARGO_PKG_VERSION"));
            ExitCode::SUCCESS
        }
        Ok(Command::Serve(options)) => match run(&options) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("steadfast-server: {error}");
                ExitCode::FAILURE
            }
        },
        Err(error) => {
            eprintln!("steadfast-server: {error}\nTry 'steadfast-server --help'.");
            ExitCode::from(2)
        }
    }
}

fn read_arguments() -> Result<Command, lexopt::Error> {
    use lexopt::prelude::*;
    let mut ip = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let mut port = 7233;
    let mut namespaces = Vec::new();
    let mut search_attributes = Vec::new();
    let mut time = Time::Real;
    let mut log_level = tracing::Level::WARN;
    let mut arguments = lexopt::Parser::from_env();
    while let Some(argument) = arguments.next()? {
        match argument {
            Long("ip") => ip = arguments.value()?.parse()?,
            Long("port") => port = arguments.value()?.parse()?,
            Long("namespace") => namespaces.push(arguments.value()?.string()?),
            Long("search-attribute") => search_attributes.push(arguments.value()?.string()?),
            Long("time") => {
                time = arguments.value()?.parse_with(|text| match text {
                    "real" => Ok(Time::Real),
                    "virtual" => Ok(Time::Virtual),
                    _ => Err("expected `real` or `virtual`"),
                })?;
            }
            Long("log-level") => log_level = arguments.value()?.parse()?,
            Short('h') | Long("help") => return Ok(Command::Help),
            Short('V') | Long("version") => return Ok(Command::Version),
            _ => return Err(argument.unexpected()),
        }
    }
    let address = SocketAddr::new(ip, port);
    Ok(Command::Serve(Box::new(Options {
        address,
        namespaces,
        search_attributes,
        time,
        log_level,
    })))
}

/// One thread: an engine behind one lock gains nothing from more, and hops between cores cost more than the work.
fn run(options: &Options) -> Result<(), Box<dyn std::error::Error>> {
    tracing_subscriber::fmt()
        .with_max_level(options.log_level)
        .with_writer(std::io::stderr)
        .init();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let served = runtime.block_on(serve(options));
    // Open polls are cut off.
    runtime.shutdown_background();
    served
}

async fn serve(options: &Options) -> Result<(), Box<dyn std::error::Error>> {
    let mut builder = Server::builder().time(options.time).seed(seed());
    for namespace in &options.namespaces {
        builder = builder.namespace(namespace);
    }
    for attribute in &options.search_attributes {
        let (name, kind) = attribute
            .split_once('=')
            .ok_or_else(|| format!("--search-attribute {attribute}: expected NAME=TYPE"))?;
        builder = builder.search_attribute(name, kind.parse()?);
    }
    let server = builder.start()?;
    let ending = ending()?;
    let listening = server.listen(options.address).await?;
    let mut out = std::io::stdout();
    writeln!(out, "steadfast-server listening on {}", listening.address())?;
    out.flush()?;
    ending.await?;
    listening.stop().await;
    Ok(())
}

/// Two servers should not draw the same identifiers.
fn seed() -> u64 {
    use std::hash::{BuildHasher, Hasher};
    std::collections::hash_map::RandomState::new().build_hasher().finish()
}

/// The wish that the program end: ctrl-c, or the signal that asks programs to end. Heard from the moment this returns.
fn ending() -> std::io::Result<impl Future<Output = std::io::Result<()>>> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        Ok(async move {
            tokio::select! {
                _ = interrupt.recv() => Ok(()),
                _ = terminate.recv() => Ok(()),
            }
        })
    }
    #[cfg(not(unix))]
    Ok(tokio::signal::ctrl_c())
}
