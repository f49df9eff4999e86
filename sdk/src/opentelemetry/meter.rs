//! Numbers, as OpenTelemetry has them.

use crate::metrics::{Instrument, Label, Meter, Metric, MetricKind};
use ::opentelemetry::{
    KeyValue, global,
    metrics::{Counter, Gauge, Histogram, Meter as Inner},
};
use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

/// Gives what clients and workers measure to OpenTelemetry: `client.metrics(OpenTelemetryMeter::new())`. Cheap to clone.
#[derive(Clone)]
pub struct OpenTelemetryMeter {
    meter: Inner,
    instruments: Arc<Mutex<BTreeMap<String, Arc<Known>>>>,
}

impl fmt::Debug for OpenTelemetryMeter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenTelemetryMeter").finish_non_exhaustive()
    }
}

impl Default for OpenTelemetryMeter {
    fn default() -> Self {
        Self::new()
    }
}

impl OpenTelemetryMeter {
    /// Of the global meter provider of this moment.
    #[must_use]
    pub fn new() -> Self {
        Self::with_meter(global::meter(crate::SDK_NAME))
    }

    /// Of another meter.
    #[must_use]
    pub fn with_meter(meter: Inner) -> Self {
        Self {
            meter,
            instruments: Arc::default(),
        }
    }
}

impl Meter for OpenTelemetryMeter {
    /// A metric of a known name is the known one, also if it was of another kind.
    fn instrument(&self, metric: Metric) -> Arc<dyn Instrument> {
        let mut instruments = self.instruments.lock().unwrap_or_else(PoisonError::into_inner);
        let name = metric.name.clone().into_owned();
        let known = instruments.entry(name).or_insert_with(|| {
            let Metric {
                name,
                kind,
                unit,
                description,
                buckets,
            } = metric;
            Arc::new(match kind {
                MetricKind::Counter => {
                    let counter = self.meter.f64_counter(name).with_unit(unit);
                    Known::Counter(counter.with_description(description).build())
                }
                MetricKind::Gauge => {
                    let gauge = self.meter.f64_gauge(name).with_unit(unit);
                    Known::Gauge(gauge.with_description(description).build())
                }
                MetricKind::Histogram => {
                    let histogram = self.meter.f64_histogram(name).with_unit(unit);
                    let histogram = histogram.with_boundaries(buckets.into_owned());
                    Known::Histogram(histogram.with_description(description).build())
                }
            })
        });
        let known: Arc<Known> = Arc::clone(known);
        known
    }
}

enum Known {
    Counter(Counter<f64>),
    Gauge(Gauge<f64>),
    Histogram(Histogram<f64>),
}

impl Instrument for Known {
    fn record(&self, value: f64, labels: &[Label]) {
        let labels: Vec<KeyValue> = labels
            .iter()
            .map(|label| KeyValue::new(label.name.clone(), label.value.clone()))
            .collect();
        match self {
            Self::Counter(counter) => counter.add(value, &labels),
            Self::Gauge(gauge) => gauge.record(value, &labels),
            Self::Histogram(histogram) => histogram.record(value, &labels),
        }
    }
}
