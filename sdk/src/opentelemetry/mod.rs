//! Traces and metrics, as OpenTelemetry has them.
//!
//! With [`Tracing`] one trace leads from whoever starts a workflow through the workflow's own steps to its activities and
//! children, whichever SDK each of them is written with. With [`OpenTelemetryMeter`] clients and workers [measure](crate::metrics).
//!
//! ```
//! use steadfast::{opentelemetry::Tracing, prelude::*};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // The tracer is the one of `opentelemetry::global`, which the program has set.
//! let client = Client::builder().plugin(Tracing::new()).embedded()?;
//! let worker = Worker::new(&client, "orders"); // .workflow::<Order>() and so on
//! # drop(worker);
//! # Ok(())
//! # }
//! ```

mod carrier;
mod meter;
mod trace;

pub use meter::OpenTelemetryMeter;
pub use trace::Tracing;
