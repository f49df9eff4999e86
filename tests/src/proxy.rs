//! A connection that can be cut: what a test puts between a client and a server.

use std::{
    io,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
};
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    task::{AbortHandle, JoinHandle},
};

/// Passes on what clients and a server say to each other, until it is cut.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    connections: Arc<Mutex<Vec<AbortHandle>>>,
    listening: JoinHandle<()>,
}

impl Proxy {
    /// To the server at the address, from a port of its own.
    ///
    /// # Errors
    /// There is no free port.
    pub async fn start(server: String) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let connections = Arc::new(Mutex::new(Vec::new()));
        let open = Arc::clone(&connections);
        let listening = tokio::spawn(async move {
            while let Ok((mut client, _)) = listener.accept().await {
                let server = server.clone();
                let passing = tokio::spawn(async move {
                    if let Ok(mut server) = TcpStream::connect(server).await {
                        let _ = copy_bidirectional(&mut client, &mut server).await;
                    }
                });
                open.lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .push(passing.abort_handle());
            }
        });
        Ok(Self {
            address,
            connections,
            listening,
        })
    }

    /// Where clients connect.
    #[must_use]
    pub fn address(&self) -> String {
        self.address.to_string()
    }

    /// Cuts the connections that are open; new ones are passed on. Returns how many there were.
    pub fn cut(&self) -> usize {
        let mut connections = self.connections.lock().unwrap_or_else(PoisonError::into_inner);
        let cut = connections.drain(..).filter(|connection| !connection.is_finished());
        cut.map(|connection| connection.abort()).count()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.cut();
        self.listening.abort();
    }
}
