//! What the examples share: where their server is. The examples themselves are in `examples/`, and `README.md` lists them.

use std::error::Error;
use steadfast::Client;

/// What an example returns; an error makes the process exit with 1.
pub type Outcome = Result<(), Box<dyn Error + Send + Sync>>;

/// A client of the server that `--address HOST:PORT` names, or else of a new one inside this process.
///
/// # Errors
/// Nobody answers there.
pub async fn connect() -> Result<Client, Box<dyn Error + Send + Sync>> {
    let address = std::env::args().skip_while(|argument| argument != "--address").nth(1);
    connect_to(address).await
}

/// A client of the server at this address, or of a new one inside this process.
///
/// # Errors
/// Nobody answers there.
pub async fn connect_to(address: Option<String>) -> Result<Client, Box<dyn Error + Send + Sync>> {
    Ok(match address {
        Some(address) => Client::connect(address).await?,
        None => Client::embedded()?,
    })
}
