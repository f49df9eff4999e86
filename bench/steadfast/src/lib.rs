//! The bench's side of Steadfast: a worker, loads for it, and fixed pieces of work to count instructions of.

pub mod floor;
pub mod in_process;
pub mod load;
pub mod parts;
pub mod replay;
pub mod start;
pub mod worker;
pub mod workflows;

use bench_harness::{Arguments, Outcome};
use steadfast::Client;

#[cfg(feature = "mimalloc")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// A client of the server at `--url`.
///
/// # Errors
/// Nobody answers there.
pub async fn connect(arguments: &Arguments) -> Outcome<Client> {
    Ok(Client::connect(arguments.text("url", "127.0.0.1:7233")).await?)
}
