//! Numbers as Prometheus fetches them.

use super::{Instrument, Label, Meter, Metric, MetricKind};
use crate::http::{Answers, Request, Response, serve};
use std::{
    collections::BTreeMap,
    fmt::{self, Write as _},
    future::ready,
    io,
    net::SocketAddr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};
use steadfast_core::BoxFuture;
use tokio::{net::ToSocketAddrs, task::AbortHandle};

/// How many combinations of labels a metric may have; values with more are left out.
const SERIES_MAX: usize = 10_000;

/// Keeps the numbers, as text in Prometheus' format. Cheap to clone.
///
/// ```
/// use steadfast::{Client, metrics::PrometheusMeter};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let meter = PrometheusMeter::new();
/// let endpoint = meter.serve("127.0.0.1:0").await?;
/// println!("http://{}/metrics", endpoint.address());
///
/// let client = Client::embedded()?.metrics(meter.clone());
/// client.count("").await?;
/// let request = "temporal_request{namespace=\"default\",operation=\"CountWorkflowExecutions\"} 1";
/// assert!(meter.text().contains(request));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Default)]
pub struct PrometheusMeter(Arc<Mutex<BTreeMap<String, Arc<Family>>>>);

impl fmt::Debug for PrometheusMeter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PrometheusMeter").finish_non_exhaustive()
    }
}

/// One metric, and its values by their labels.
struct Family {
    metric: Metric,
    series: Mutex<BTreeMap<Vec<Label>, Value>>,
    is_full: AtomicBool,
}

enum Value {
    Number(f64),
    Distribution {
        /// How many were at most the bucket's bound, and more than that of the one before; the last are those above all.
        counts: Vec<u64>,
        sum: f64,
    },
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl PrometheusMeter {
    /// One without values.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// All values as they are now.
    #[must_use]
    pub fn text(&self) -> String {
        let families: Vec<_> = lock(&self.0)
            .iter()
            .map(|(name, family)| (name.clone(), Arc::clone(family)))
            .collect();
        let mut text = String::new();
        for (name, family) in families {
            // Writing to a text does not fail.
            let _ = family.write(&name, &mut text);
        }
        text
    }

    /// Answers `GET /metrics` at this address until the endpoint is dropped.
    ///
    /// # Errors
    /// The address is taken, or is none.
    pub async fn serve(&self, address: impl ToSocketAddrs) -> Result<PrometheusEndpoint, PrometheusError> {
        let meter = Arc::new(self.clone());
        let (address, serving) = serve(address, meter).await.map_err(PrometheusError)?;
        Ok(PrometheusEndpoint { address, serving })
    }
}

impl Meter for PrometheusMeter {
    /// A metric of a known name is the known one, also if it was of another kind.
    fn instrument(&self, metric: Metric) -> Arc<dyn Instrument> {
        let name = clean(&metric.name);
        let mut families = lock(&self.0);
        let family = families.entry(name).or_insert_with(|| {
            Arc::new(Family {
                metric,
                series: Mutex::default(),
                is_full: AtomicBool::new(false),
            })
        });
        let family: Arc<Family> = Arc::clone(family);
        family
    }
}

impl Instrument for Family {
    fn record(&self, value: f64, labels: &[Label]) {
        let mut series = lock(&self.series);
        if let Some(known) = series.get_mut(labels) {
            self.add(known, value);
        } else if series.len() < SERIES_MAX {
            let mut new = match self.metric.kind {
                MetricKind::Counter | MetricKind::Gauge => Value::Number(0.0),
                MetricKind::Histogram => Value::Distribution {
                    counts: vec![0; self.metric.buckets.len().saturating_add(1)],
                    sum: 0.0,
                },
            };
            self.add(&mut new, value);
            series.insert(labels.to_vec(), new);
        } else if !self.is_full.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                metric = %self.metric.name,
                "the metric has {SERIES_MAX} combinations of labels, and no more are kept: is an id among its labels?"
            );
        }
    }
}

impl Family {
    fn add(&self, to: &mut Value, value: f64) {
        match to {
            Value::Number(number) if self.metric.kind == MetricKind::Counter => *number += value,
            Value::Number(number) => *number = value,
            Value::Distribution { counts, sum } => {
                let bucket = self.metric.buckets.partition_point(|bound| *bound < value);
                if let Some(count) = counts.get_mut(bucket) {
                    *count = count.saturating_add(1);
                }
                *sum += value;
            }
        }
    }

    fn write(&self, name: &str, text: &mut String) -> fmt::Result {
        let metric = &self.metric;
        if !metric.description.is_empty() {
            let description = metric.description.replace('\\', "\\\\").replace('\n', "\\n");
            writeln!(text, "# HELP {name} {description}")?;
        }
        let kind = match metric.kind {
            MetricKind::Counter => "counter",
            MetricKind::Gauge => "gauge",
            MetricKind::Histogram => "histogram",
        };
        writeln!(text, "# TYPE {name} {kind}")?;
        for (labels, value) in lock(&self.series).iter() {
            match value {
                Value::Number(number) => writeln!(text, "{name}{} {number}", Labels(labels, None))?,
                Value::Distribution { counts, sum } => {
                    let bounds = metric
                        .buckets
                        .iter()
                        .map(ToString::to_string)
                        .chain(["+Inf".to_owned()]);
                    let mut total = 0_u64;
                    for (bound, count) in bounds.zip(counts) {
                        total = total.saturating_add(*count);
                        writeln!(text, "{name}_bucket{} {total}", Labels(labels, Some(&bound)))?;
                    }
                    writeln!(text, "{name}_sum{} {sum}", Labels(labels, None))?;
                    writeln!(text, "{name}_count{} {total}", Labels(labels, None))?;
                }
            }
        }
        Ok(())
    }
}

/// Labels as they are written, with the bound of a bucket.
struct Labels<'a>(&'a [Label], Option<&'a str>);

impl fmt::Display for Labels<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let own = self.0.iter().map(|label| (clean(&label.name), escaped(&label.value)));
        let bound = self.1.map(|bound| ("le".to_owned(), bound.to_owned()));
        let mut separator = '{';
        for (name, value) in own.chain(bound) {
            write!(f, "{separator}{name}=\"{value}\"")?;
            separator = ',';
        }
        if separator == ',' { f.write_str("}") } else { Ok(()) }
    }
}

/// A name of letters, digits and underscores, which are all that Prometheus takes.
fn clean(name: &str) -> String {
    let allowed = |character: char| character.is_ascii_alphanumeric() || character == '_' || character == ':';
    let mut clean: String = name
        .chars()
        .map(|character| if allowed(character) { character } else { '_' })
        .collect();
    if clean.starts_with(|first: char| first.is_ascii_digit()) {
        clean.insert(0, '_');
    }
    clean
}

fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

/// Where the numbers are fetched, until it is dropped.
#[derive(Debug)]
#[must_use = "dropping it closes it"]
pub struct PrometheusEndpoint {
    address: SocketAddr,
    serving: AbortHandle,
}

impl PrometheusEndpoint {
    /// Its address, with the port that was chosen if port 0 was asked for.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for PrometheusEndpoint {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// Why there is no endpoint.
#[derive(Debug)]
pub struct PrometheusError(io::Error);

impl fmt::Display for PrometheusError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the numbers cannot be served at this address: {}; name another, or port 0 for any that is free",
            self.0
        )
    }
}

impl std::error::Error for PrometheusError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.0)
    }
}

impl Answers for PrometheusMeter {
    const BODY_MAX: usize = 0;

    fn answer(self: Arc<Self>, request: Request) -> BoxFuture<Response> {
        let response = if request.method == "GET" && request.path == "/metrics" {
            Response {
                status: "200 OK",
                headers: vec![("content-type", "text/plain; version=0.0.4; charset=utf-8".to_owned())],
                body: self.text().into_bytes(),
            }
        } else {
            Response::text("404 Not Found", "the numbers are at /metrics\n")
        };
        Box::pin(ready(response))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::borrow::Cow;
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpStream,
    };

    fn metric(name: &'static str, kind: MetricKind) -> Metric {
        Metric {
            name: name.into(),
            kind,
            unit: Cow::default(),
            description: "what\nit is".into(),
            buckets: Cow::Borrowed(&[1.0, 10.0]),
        }
    }

    #[test]
    fn counters_add_up_gauges_keep_the_last_value_and_histograms_are_cumulative() {
        let meter = PrometheusMeter::new();
        let queue = [Label::new("task_queue", "a \"b\"\\\n")];
        for value in [1.0, 2.0] {
            meter
                .instrument(metric("all", MetricKind::Counter))
                .record(value, &queue);
            meter.instrument(metric("now", MetricKind::Gauge)).record(value, &[]);
        }
        let sizes = meter.instrument(metric("my-sizes", MetricKind::Histogram));
        for value in [0.5, 1.0, 1.5, 100.0] {
            sizes.record(value, &[]);
        }
        let expected = r#"# HELP all what\nit is
# TYPE all counter
all{task_queue="a \"b\"\\\n"} 3
# HELP my_sizes what\nit is
# TYPE my_sizes histogram
my_sizes_bucket{le="1"} 2
my_sizes_bucket{le="10"} 3
my_sizes_bucket{le="+Inf"} 4
my_sizes_sum 103
my_sizes_count 4
# HELP now what\nit is
# TYPE now gauge
now 2
"#;
        assert_eq!(meter.text(), expected);
    }

    #[test]
    fn a_metric_with_too_many_combinations_of_labels_keeps_those_it_has() {
        let meter = PrometheusMeter::new();
        let all = meter.instrument(metric("all", MetricKind::Counter));
        for id in 0..=SERIES_MAX {
            all.record(1.0, &[Label::new("id", id.to_string())]);
        }
        all.record(1.0, &[Label::new("id", "0")]);
        let text = meter.text();
        assert!(text.contains("all{id=\"0\"} 2\n"));
        assert!(!text.contains(&format!("id=\"{SERIES_MAX}\"")));
    }

    #[tokio::test]
    async fn numbers_are_fetched_over_http_until_the_endpoint_is_dropped() {
        let meter = PrometheusMeter::new();
        meter.instrument(metric("all", MetricKind::Counter)).record(1.0, &[]);
        let endpoint = meter.serve("127.0.0.1:0").await.unwrap();
        let fetch = async |request: &str| {
            let mut stream = TcpStream::connect(endpoint.address()).await.unwrap();
            stream.write_all(request.as_bytes()).await.unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).await.unwrap();
            answer
        };
        let answer = fetch("GET /metrics HTTP/1.1\r\nhost: me\r\n\r\n").await;
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
        assert!(
            answer.ends_with("\r\n\r\n# HELP all what\\nit is\n# TYPE all counter\nall 1\n"),
            "{answer}"
        );
        assert!(fetch("GET / HTTP/1.1\r\n\r\n").await.starts_with("HTTP/1.1 404 "));
        let taken = meter.serve(endpoint.address()).await.unwrap_err();
        assert!(taken.to_string().contains("name another"), "{taken}");
    }
}
