//! A stand-in for the `temporal` program: `dev_server server start-dev --port N ..` serves the embedded server.

use std::{error::Error, future::pending};
use steadfast_server::Server;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let port = std::env::args().skip_while(|argument| argument != "--port").nth(1);
    let port: u16 = port.ok_or("--port is missing")?.parse()?;
    let _listening = Server::builder().start()?.listen(([127, 0, 0, 1], port).into()).await?;
    pending::<()>().await;
    Ok(())
}
