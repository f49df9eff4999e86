//! Numbers about clients and workers, and those of users' own.
//!
//! A [`Meter`] is given to a client ([`ClientBuilder::metrics`](crate::client::ClientBuilder::metrics),
//! [`Client::metrics`](crate::Client::metrics)), whose workers measure with it, too. What is measured has the names and labels of
//! the other SDKs, so that their dashboards fit; they are listed in [`names`]. Latencies are in milliseconds, as there.
//!
//! With the feature `prometheus` there is `PrometheusMeter`, and with `opentelemetry` there is `OpenTelemetryMeter`. Without a
//! meter nothing is measured, and nothing is spent on it.

pub mod names;
#[cfg(feature = "prometheus")]
mod prometheus;
mod recorder;
mod user;

#[cfg(feature = "prometheus")]
pub use prometheus::{PrometheusEndpoint, PrometheusError, PrometheusMeter};
pub(crate) use recorder::Recorder;
pub use user::{Counter, Gauge, Histogram, UserMetrics};

use std::{borrow::Cow, sync::Arc};

/// What is measured by a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum MetricKind {
    /// It only grows: values are added.
    Counter,
    /// It goes up and down: the last value counts.
    Gauge,
    /// How values are distributed.
    Histogram,
}

/// What is measured: its name, and what people are told of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Metric {
    /// Its name, such as `temporal_request`.
    pub name: Cow<'static, str>,
    /// What kind of number it is.
    pub kind: MetricKind,
    /// In what it is measured: `ms`, or nothing.
    pub unit: Cow<'static, str>,
    /// What it is about, in one line.
    pub description: Cow<'static, str>,
    /// Where a histogram's values are parted, in ascending order.
    pub buckets: Cow<'static, [f64]>,
}

/// What tells values of one metric apart.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Label {
    /// Its name: `task_queue`.
    pub name: Cow<'static, str>,
    /// Its value, cheap to clone.
    pub value: Arc<str>,
}

impl Label {
    /// A label.
    pub fn new(name: impl Into<Cow<'static, str>>, value: impl Into<Arc<str>>) -> Self {
        Self {
            name: name.into(),
            value: value.into(),
        }
    }
}

/// Where numbers go.
///
/// ```
/// use std::sync::{Arc, Mutex};
/// use steadfast::metrics::{Instrument, Label, Meter, Metric};
///
/// #[derive(Clone, Default)]
/// struct Lines(Arc<Mutex<Vec<String>>>);
///
/// struct Line(Lines, Metric);
///
/// impl Meter for Lines {
///     fn instrument(&self, metric: Metric) -> Arc<dyn Instrument> {
///         Arc::new(Line(self.clone(), metric))
///     }
/// }
///
/// impl Instrument for Line {
///     fn record(&self, value: f64, labels: &[Label]) {
///         self.0.0.lock().unwrap().push(format!("{} {value} {labels:?}", self.1.name));
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let lines = Lines::default();
/// let client = steadfast::Client::embedded()?.metrics(lines.clone());
/// client.count("").await?;
/// assert!(lines.0.lock().unwrap().iter().any(|line| line.starts_with("temporal_request 1 ")));
/// # Ok(())
/// # }
/// ```
pub trait Meter: Send + Sync + 'static {
    /// What takes the values of a metric. Asked for once by each client and worker, and for a user's metric whenever it is used;
    /// equal metrics are one.
    fn instrument(&self, metric: Metric) -> Arc<dyn Instrument>;
}

/// What takes the values of a metric.
pub trait Instrument: Send + Sync {
    /// Adds the value to a counter, sets a gauge to it, puts it into a histogram.
    fn record(&self, value: f64, labels: &[Label]);
}
