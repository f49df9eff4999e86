//! Connecting over gRPC.

use super::{Client, ClientBuilder, ConnectError, Connection};
#[cfg(not(feature = "tls"))]
use crate::client::dial::NoTls;
use crate::client::{Code, Reporting, dial::Dial};
use steadfast_core::BoxFuture;
use steadfast_proto::{
    tonic::{
        metadata::{AsciiMetadataKey, AsciiMetadataValue},
        transport::Channel,
    },
    workflowservice::GetSystemInfoRequest,
};

impl ClientBuilder {
    /// Connects, and asks the server who it is.
    ///
    /// # Errors
    /// The address is malformed, nobody answers there, or it is not a server that this client can talk to.
    pub async fn connect(self) -> Result<Client, ConnectError> {
        self.connecting().await
    }

    /// In a box: else all of the transport would be compiled anew with each program that connects.
    fn connecting(self) -> BoxFuture<Result<Client, ConnectError>> {
        Box::pin(async move {
            let dial = self.dial();
            let channel = dial.connect().await?;
            let client = self.over(channel, dial)?;
            match client
                .connection()
                .get_system_info(GetSystemInfoRequest::default())
                .await
            {
                Ok(_) => Ok(client),
                // Servers older than this call are fine.
                Err(error) if error.code() == Code::Unimplemented => Ok(client),
                Err(error) => Err(ConnectError::Refused(error)),
            }
        })
    }

    /// A client that connects with its first call, and says there if nobody answers. Must be called on a runtime.
    ///
    /// # Errors
    /// A setting is malformed.
    pub fn connect_lazy(self) -> Result<Client, ConnectError> {
        let dial = self.dial();
        let channel = dial.connect_lazy()?;
        self.over(channel, dial)
    }

    fn dial(&self) -> Dial {
        Dial {
            address: self.address.clone().unwrap_or_else(|| "localhost:7233".to_owned()),
            #[cfg(feature = "tls")]
            is_encrypted: self.api_key.is_some() || self.tls.is_some(),
            #[cfg(feature = "tls")]
            encryption: self.tls.clone(),
            #[cfg(not(feature = "tls"))]
            is_encrypted: self.api_key.is_some(),
            #[cfg(not(feature = "tls"))]
            encryption: NoTls,
            connect_timeout: self.connect_timeout,
            keep_alive: self.keep_alive,
            proxy: self.proxy.clone(),
            balance_every: self.balance_every,
            #[cfg(feature = "gzip")]
            compresses: self.gzip,
        }
    }

    fn over(self, channel: Channel, dial: Dial) -> Result<Client, ConnectError> {
        let namespace = self.namespace.as_deref().unwrap_or("default");
        let headers = vec![
            header("client-name", "steadfast-rust")?,
            header("client-version", env!("CARGO_PKG_VERSION"))?,
            header("temporal-namespace", namespace)?,
            // Without it, runs that are followed by another end as if they continued as new, whatever they returned.
            header("supported-features", "follows-next-run-id")?,
        ];
        let reporting = Reporting::at(&dial.address, namespace);
        let connection = Connection::grpc(channel, headers, dial);
        let authorization = self.api_key.iter().map(|key| ("authorization", bearer(key)));
        let headers = self.headers.iter().map(|(name, value)| (name.as_str(), value.clone()));
        for (name, value) in authorization.chain(headers) {
            let (name, value) = header(name, &value)?;
            connection.set_header(name, Some(value));
        }
        Ok(self.client(connection, reporting))
    }
}

impl Client {
    /// Sends another API key with all calls from now on, of all clones of this client. Whether the connection is encrypted
    /// was decided when it was made. A client in the server's process sends none.
    ///
    /// # Errors
    /// The key has characters that cannot be sent.
    pub fn set_api_key(&self, key: impl AsRef<str>) -> Result<(), ConnectError> {
        self.set_header("authorization", bearer(key.as_ref()))
    }

    /// Sends this header with all calls from now on, of all clones of this client, in place of another of the name. A
    /// client in the server's process sends none.
    ///
    /// # Errors
    /// Name or value have characters that cannot be sent.
    pub fn set_header(&self, name: impl AsRef<str>, value: impl AsRef<str>) -> Result<(), ConnectError> {
        let (name, value) = header(name.as_ref(), value.as_ref())?;
        self.connection().set_header(name, Some(value));
        Ok(())
    }

    /// Sends no header of this name from now on.
    ///
    /// # Errors
    /// The name has characters that cannot be sent.
    pub fn remove_header(&self, name: impl AsRef<str>) -> Result<(), ConnectError> {
        let (name, _) = header(name.as_ref(), "")?;
        self.connection().set_header(name, None);
        Ok(())
    }
}

fn bearer(key: &str) -> String {
    format!("Bearer {key}")
}

/// The value stays out of errors: it may be a key.
pub(in crate::client) fn header(
    name: &str,
    value: &str,
) -> Result<(AsciiMetadataKey, AsciiMetadataValue), ConnectError> {
    let error = || ConnectError::Header(name.into());
    let key = name.to_ascii_lowercase().parse().map_err(|_| error())?;
    Ok((key, value.parse().map_err(|_| error())?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::KeepAlive;
    use std::time::Duration;
    use steadfast_proto::workflowservice::RecordWorkerHeartbeatRequest;

    /// A server that takes connections, and never says anything.
    async fn silent() -> (tokio::net::TcpListener, String) {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        (listener, address)
    }

    #[tokio::test]
    async fn a_server_is_pinged_as_often_as_was_said() {
        let (listener, address) = silent().await;
        let keep_alive = KeepAlive {
            interval: Duration::from_millis(20),
            timeout: Duration::from_secs(60),
        };
        let client = ClientBuilder::default().address(address).keep_alive(keep_alive);
        let client = client.connect_lazy().unwrap();
        let asking = tokio::spawn(async move { client.call(GetSystemInfoRequest::default()).await });
        let (connection, _) = listener.accept().await.unwrap();
        let mut received = Vec::new();
        // The head of an HTTP/2 frame: eight bytes of the type `PING`.
        while !received.windows(9).any(|head| head == [0, 0, 8, 6, 0, 0, 0, 0, 0]) {
            connection.readable().await.unwrap();
            let mut buffer = [0; 4096];
            match connection.try_read(&mut buffer) {
                Ok(0) => panic!("the client hung up"),
                Ok(length) => received.extend_from_slice(&buffer[..length]),
                Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::WouldBlock),
            }
        }
        asking.abort();
    }

    #[cfg(feature = "tls")]
    #[tokio::test]
    async fn a_server_that_does_not_answer_in_time_is_unreachable() {
        let (_listener, address) = silent().await;
        let client = ClientBuilder::default().address(address).tls(crate::client::Tls::new());
        let error = client
            .connect_timeout(Duration::from_millis(20))
            .connect()
            .await
            .unwrap_err();
        assert!(matches!(error, ConnectError::Unreachable(_)), "{error}");
    }

    #[tokio::test]
    async fn a_lazy_client_says_with_its_first_call_that_nobody_answers() {
        let (listener, address) = silent().await;
        drop(listener);
        let client = ClientBuilder::default().address(address).connect_lazy().unwrap();
        let error = client
            .connection()
            .record_worker_heartbeat(RecordWorkerHeartbeatRequest::default())
            .await
            .unwrap_err();
        assert_eq!(error.code(), Code::Unavailable, "{error}");
    }

    #[tokio::test]
    async fn a_header_that_cannot_be_sent_is_named_without_its_value() {
        let builder = ClientBuilder::default().api_key("sec\nret");
        #[cfg(not(feature = "tls"))]
        let builder = builder.address("http://localhost:7233");
        let error = builder.connect_lazy().unwrap_err().to_string();
        assert!(error.contains("authorization") && !error.contains("sec"), "{error}");
        let client = ClientBuilder::default().connect_lazy().unwrap();
        assert!(matches!(client.set_api_key("sec\nret"), Err(ConnectError::Header(_))));
        assert!(matches!(
            client.set_header("no name", "x"),
            Err(ConnectError::Header(_))
        ));
        assert!(client.set_api_key("other").is_ok() && client.remove_header("Tenant").is_ok());
    }
}
