//! The server as a program.

mod dynamic_config;
mod options;

use options::{Command, HELP, Options};
use std::io::Write;
use std::process::ExitCode;
use steadfast_proto::{testservice::LockTimeSkippingRequest, tonic::Request};
use steadfast_server::Server;

fn main() -> ExitCode {
    match options::read(lexopt::Parser::from_env()) {
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

/// One thread: an engine behind one lock gains nothing from more, and hops between cores cost more than the work.
fn run(options: &Options) -> Result<(), Box<dyn std::error::Error>> {
    for warning in &options.warnings {
        eprintln!("steadfast-server: warning: {warning}");
    }
    if let Some(level) = options.log_level {
        tracing_subscriber::fmt()
            .with_max_level(level)
            .with_writer(std::io::stderr)
            .init();
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let served = runtime.block_on(serve(options));
    // Open polls are cut off.
    runtime.shutdown_background();
    served
}

async fn serve(options: &Options) -> Result<(), Box<dyn std::error::Error>> {
    let mut builder = Server::builder().time(options.time).seed(seed()).limits(options.limits);
    for namespace in &options.namespaces {
        builder = builder.namespace(namespace);
    }
    for (name, kind) in &options.search_attributes {
        builder = builder.search_attribute(name, *kind);
    }
    let server = builder.start()?;
    if options.is_locked {
        let lock = Request::new(LockTimeSkippingRequest {});
        server.test_service().lock_time_skipping(lock).await?;
    }
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
