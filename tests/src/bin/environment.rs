//! Connects as the environment says, starts a workflow that nobody runs, and says where: for the test of `Client::from_environment`.

use std::{env, error::Error};
use steadfast::Client;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let client = Client::from_environment().await?;
    let id = env::args().nth(1).ok_or("usage: environment ID")?;
    let nothing = client.start_untyped("Nothing", ()).id(id).task_queue("nobody").await?;
    println!("{} {}", client.namespace(), nothing.id());
    Ok(())
}
