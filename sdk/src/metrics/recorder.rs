//! Records what clients and workers measure, if they do.

use super::{Instrument, Label, Meter, Metric, MetricKind, names};
use std::{
    borrow::Cow,
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

/// A meter, and the labels that all values have. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Recorder(Arc<Inner>);

struct Inner {
    meter: Arc<dyn Meter>,
    labels: Vec<Label>,
    /// Those that were used, so that the meter is asked once.
    instruments: Mutex<BTreeMap<&'static str, Arc<dyn Instrument>>>,
}

impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recorder")
            .field("labels", &self.0.labels)
            .finish_non_exhaustive()
    }
}

impl Recorder {
    pub(crate) fn new(meter: Arc<dyn Meter>, labels: Vec<Label>) -> Self {
        Self(Arc::new(Inner {
            meter,
            labels,
            instruments: Mutex::default(),
        }))
    }

    /// The same meter, with more labels on all values.
    pub(crate) fn with_labels(&self, labels: impl IntoIterator<Item = Label>) -> Self {
        let all = self.0.labels.iter().cloned().chain(labels).collect();
        Self::new(Arc::clone(&self.0.meter), all)
    }

    pub(super) fn meter(&self) -> &Arc<dyn Meter> {
        &self.0.meter
    }

    pub(super) fn labels(&self) -> &[Label] {
        &self.0.labels
    }

    /// One more.
    pub(crate) fn count(&self, name: &'static str, labels: &[(&'static str, &str)]) {
        self.record(name, MetricKind::Counter, 1.0, labels);
    }

    pub(crate) fn gauge(&self, name: &'static str, value: usize, labels: &[(&'static str, &str)]) {
        #[allow(clippy::cast_precision_loss)] // no such number is as large
        self.record(name, MetricKind::Gauge, value as f64, labels);
    }

    pub(crate) fn latency(&self, name: &'static str, latency: Duration, labels: &[(&'static str, &str)]) {
        self.record(name, MetricKind::Histogram, latency.as_secs_f64() * 1_000.0, labels);
    }

    fn record(&self, name: &'static str, kind: MetricKind, value: f64, labels: &[(&'static str, &str)]) {
        let instrument = self.instrument(name, kind);
        let own = labels.iter().map(|(name, value)| Label::new(*name, *value));
        let labels: Vec<Label> = self.0.labels.iter().cloned().chain(own).collect();
        instrument.record(value, &labels);
    }

    fn instrument(&self, name: &'static str, kind: MetricKind) -> Arc<dyn Instrument> {
        let known = {
            let instruments = self.0.instruments.lock().unwrap_or_else(PoisonError::into_inner);
            instruments.get(name).cloned()
        };
        known.unwrap_or_else(|| {
            let is_latency = kind == MetricKind::Histogram;
            // The meter is the user's: nothing is locked while it works.
            let instrument = self.0.meter.instrument(Metric {
                name: Cow::Borrowed(name),
                kind,
                unit: Cow::Borrowed(if is_latency { "ms" } else { "" }),
                description: Cow::Borrowed(""),
                buckets: Cow::Borrowed(if is_latency { names::buckets(name) } else { &[] }),
            });
            let mut instruments = self.0.instruments.lock().unwrap_or_else(PoisonError::into_inner);
            instruments.insert(name, Arc::clone(&instrument));
            instrument
        })
    }
}
