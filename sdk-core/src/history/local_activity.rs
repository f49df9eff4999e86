//! What the marker of a local activity says.

use std::time::{Duration, SystemTime};
use steadfast_proto::{
    common::{Payload, Payloads},
    failure::Failure,
    history::MarkerRecordedEventAttributes,
    prost_types, std_duration, system_time,
};

pub(crate) const LOCAL_ACTIVITY_MARKER: &str = "core_local_activity";
const DATA: &str = "data";
const RESULT: &str = "result";
const INPUT: &str = "input";

/// A local activity's end, as history has it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct LocalActivityMarker {
    pub(crate) event_id: i64,
    pub(crate) data: MarkerData,
    pub(crate) result: Result<Option<Payloads>, Box<Failure>>,
}

/// The marker's data, in the official core's names and order, so that histories and tools fit.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub(crate) struct MarkerData {
    pub(crate) seq: u32,
    pub(crate) attempt: u32,
    pub(crate) activity_id: String,
    pub(crate) activity_type: String,
    complete_time: Option<Time>,
    backoff: Option<Time>,
    original_schedule_time: Option<Time>,
    /// In which of the code's runs within the task it was delivered, counted from zero; older cores don't say.
    pub(crate) activation_index: Option<u64>,
}

/// A point in time or a length of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
struct Time {
    seconds: i64,
    nanos: i32,
}

impl MarkerData {
    pub(crate) fn new(seq: u32, attempt: u32, activity_id: String, activity_type: String) -> Self {
        Self {
            seq,
            attempt,
            activity_id,
            activity_type,
            ..Self::default()
        }
    }

    /// The workflow's time when it ended; none if nobody waited for that.
    pub(crate) fn complete_time(&self) -> Option<SystemTime> {
        self.complete_time.and_then(Time::system_time)
    }

    /// How long to wait before the next attempt, if there is to be one.
    pub(crate) fn backoff(&self) -> Option<Duration> {
        let Time { seconds, nanos } = self.backoff?;
        std_duration(&prost_types::Duration { seconds, nanos })
    }

    /// The worker's time when the first attempt was asked for.
    pub(crate) fn original_schedule_time(&self) -> Option<SystemTime> {
        self.original_schedule_time.and_then(Time::system_time)
    }

    pub(crate) fn with_times(
        mut self,
        complete: Option<SystemTime>,
        backoff: Option<Duration>,
        original: SystemTime,
    ) -> Self {
        self.complete_time = complete.map(Time::of);
        self.backoff = backoff.map(|backoff| {
            let prost_types::Duration { seconds, nanos } = steadfast_proto::duration(backoff);
            Time { seconds, nanos }
        });
        self.original_schedule_time = Some(Time::of(original));
        self
    }
}

impl Time {
    fn of(time: SystemTime) -> Self {
        let prost_types::Timestamp { seconds, nanos } = steadfast_proto::timestamp(time);
        Self { seconds, nanos }
    }

    fn system_time(self) -> Option<SystemTime> {
        let Self { seconds, nanos } = self;
        system_time(&prost_types::Timestamp { seconds, nanos })
    }
}

/// The data of a marker, if it is a local activity's.
pub(crate) fn read_data(marker: &MarkerRecordedEventAttributes) -> Option<MarkerData> {
    if marker.marker_name != LOCAL_ACTIVITY_MARKER {
        return None;
    }
    let data = &marker.details.get(DATA)?.payloads.first()?.data;
    serde_json::from_slice(data).ok()
}

/// The content of a marker, if it is a local activity's; its result is taken out.
pub(crate) fn take(event_id: i64, marker: &mut MarkerRecordedEventAttributes) -> Option<LocalActivityMarker> {
    let data = read_data(marker)?;
    let result = match marker.failure.take() {
        Some(failure) => Err(Box::new(failure)),
        None => Ok(marker.details.remove(RESULT)),
    };
    Some(LocalActivityMarker { event_id, data, result })
}

/// The details of the marker to be recorded.
pub(crate) fn details(
    data: &MarkerData,
    result: Option<Payloads>,
    input: Option<Payloads>,
) -> std::collections::BTreeMap<String, Payloads> {
    // A struct of numbers and strings always has a JSON form.
    let data = Payload::encoded("json/plain", serde_json::to_vec(data).unwrap_or_default());
    let data = Payloads { payloads: vec![data] };
    let details = [
        (DATA, Some(data)),
        (INPUT, input),
        (RESULT, result.filter(|result| !result.payloads.is_empty())),
    ];
    let set = details.into_iter();
    set.filter_map(|(key, value)| Some((key.to_owned(), value?))).collect()
}
