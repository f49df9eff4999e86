//! Settings of clients, workers and replayers that belong together, under one name.
//!
//! ```
//! use steadfast::{
//!     Worker,
//!     client::{Client, ClientBuilder},
//!     interceptor::{ClientInterceptor, Headers},
//!     plugin::Plugin,
//! };
//!
//! struct Tenancy(&'static str);
//!
//! struct Tenant(&'static str);
//!
//! impl ClientInterceptor for Tenant {
//!     fn headers(&self, headers: &mut Headers) {
//!         headers.set("tenant", &self.0.to_owned()).expect("text is JSON");
//!     }
//! }
//!
//! impl Plugin for Tenancy {
//!     fn name(&self) -> String {
//!         "tenancy".to_owned()
//!     }
//!
//!     fn client(&self, builder: ClientBuilder) -> ClientBuilder {
//!         builder.interceptor(Tenant(self.0))
//!     }
//!
//!     fn worker(&self, worker: Worker) -> Worker {
//!         worker.max_concurrent_activities(10)
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // The client's workers have the plugin as well.
//! let client = Client::builder().plugin(Tenancy("acme")).embedded()?;
//! let worker = Worker::new(&client, "orders");
//! # drop(worker);
//! # Ok(())
//! # }
//! ```

use crate::{client::ClientBuilder, replay::Replayer, worker::Worker};

/// Settings that belong together. Each method changes nothing by default.
///
/// One that is given to a client is also that of the workers made with the client; it is not to be given to them again.
pub trait Plugin: Send + Sync + 'static {
    /// What tools call it, that show which plugins a worker has.
    fn name(&self) -> String;

    /// What it sets on a client, at the moment when it is given to the builder.
    fn client(&self, builder: ClientBuilder) -> ClientBuilder {
        let _ = self;
        builder
    }

    /// What it sets on a worker, before anything else is.
    fn worker(&self, worker: Worker) -> Worker {
        let _ = self;
        worker
    }

    /// What it sets on a replayer.
    fn replayer(&self, replayer: Replayer) -> Replayer {
        let _ = self;
        replayer
    }
}
