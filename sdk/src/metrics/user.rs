//! What users' own code measures.

use super::{Label, Metric, MetricKind, Recorder};
use std::{borrow::Cow, fmt, sync::Arc, time::Duration};
use steadfast_core::Host;

/// Where histograms of users are parted, if they don't say.
const BUCKETS: &[f64] = &[50., 100., 500., 1_000., 2_500., 10_000.];

/// What an activity or a workflow measures, with the labels of what it is: namespace, task queue, types. In workflows it is
/// silent on replay, and in queries. Without a meter it does nothing.
///
/// ```
/// # use steadfast::prelude::*;
/// #[activity(start_to_close_timeout = "5s")]
/// async fn charge(ctx: ActivityContext, cents: u32) -> Result<(), ActivityError> {
///     ctx.metrics().counter("charges").with_label("currency", "EUR").add(1.0);
///     ctx.metrics().histogram("charge_cents").record(f64::from(cents));
///     Ok(())
/// }
/// ```
#[derive(Clone)]
#[must_use]
pub struct UserMetrics {
    recorder: Option<Recorder>,
    /// The run in whose replay nothing is measured.
    run: Option<Host>,
}

impl fmt::Debug for UserMetrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UserMetrics")
            .field("recorder", &self.recorder)
            .finish_non_exhaustive()
    }
}

impl UserMetrics {
    pub(crate) fn new(recorder: Option<Recorder>, run: Option<Host>) -> Self {
        Self { recorder, run }
    }

    /// A number that only grows.
    pub fn counter(&self, name: impl Into<Cow<'static, str>>) -> Counter {
        Counter(self.measure(name.into(), MetricKind::Counter))
    }

    /// A number that goes up and down.
    pub fn gauge(&self, name: impl Into<Cow<'static, str>>) -> Gauge {
        Gauge(self.measure(name.into(), MetricKind::Gauge))
    }

    /// How values are distributed.
    pub fn histogram(&self, name: impl Into<Cow<'static, str>>) -> Histogram {
        Histogram(self.measure(name.into(), MetricKind::Histogram))
    }

    fn measure(&self, name: Cow<'static, str>, kind: MetricKind) -> Measure {
        let is_silent = self.run.as_ref().is_some_and(Host::is_replaying);
        let recorder = self.recorder.clone().filter(|_| !is_silent);
        Measure {
            labels: recorder
                .as_ref()
                .map(|recorder| recorder.labels().to_vec())
                .unwrap_or_default(),
            recorder,
            metric: Metric {
                name,
                kind,
                unit: Cow::Borrowed(""),
                description: Cow::Borrowed(""),
                buckets: Cow::Borrowed(if kind == MetricKind::Histogram { BUCKETS } else { &[] }),
            },
        }
    }
}

struct Measure {
    recorder: Option<Recorder>,
    metric: Metric,
    labels: Vec<Label>,
}

impl Measure {
    fn record(self, value: f64) {
        if let Some(recorder) = self.recorder {
            recorder.meter().instrument(self.metric).record(value, &self.labels);
        }
    }
}

macro_rules! measures {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[must_use = "nothing is measured yet"]
        pub struct $name(Measure);

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($name)).field("metric", &self.0.metric).finish_non_exhaustive()
            }
        }

        impl $name {
            /// Tells its values apart from those with another label.
            pub fn with_label(mut self, name: impl Into<Cow<'static, str>>, value: impl Into<Arc<str>>) -> Self {
                self.0.labels.push(Label::new(name, value));
                self
            }

            /// What it is about, in one line.
            pub fn description(mut self, text: impl Into<Cow<'static, str>>) -> Self {
                self.0.metric.description = text.into();
                self
            }

            /// In what it is measured.
            pub fn unit(mut self, unit: impl Into<Cow<'static, str>>) -> Self {
                self.0.metric.unit = unit.into();
                self
            }
        }
    )*};
}

measures! {
    /// A number that only grows.
    Counter;
    /// A number that goes up and down.
    Gauge;
    /// How values are distributed.
    Histogram;
}

impl Counter {
    /// Adds to it; less than nothing is nothing.
    pub fn add(self, value: f64) {
        self.0.record(value.max(0.0));
    }
}

impl Gauge {
    /// Sets it.
    pub fn set(self, value: f64) {
        self.0.record(value);
    }
}

impl Histogram {
    /// Where values are parted, in ascending order; 50, 100, 500, 1,000, 2,500 and 10,000 if it isn't said.
    pub fn buckets(mut self, buckets: impl Into<Cow<'static, [f64]>>) -> Self {
        self.0.metric.buckets = buckets.into();
        self
    }

    /// Puts a value into it.
    pub fn record(self, value: f64) {
        self.0.record(value);
    }

    /// Puts a time into it, in milliseconds.
    pub fn record_duration(self, duration: Duration) {
        self.0.record(duration.as_secs_f64() * 1_000.0);
    }
}
