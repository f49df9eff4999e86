//! Tokens: what a worker hands back to say which task it speaks of, and a caller to say where a page ends.

use super::{
    error::{Error, Result},
    id::Uuid,
};
use bytes::Bytes;
use prost::Message;
use steadfast_proto::prost;

/// Names one hand-out of one task. Nothing in it is particular to a process.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct TaskToken {
    #[prost(fixed64, tag = "1")]
    run_high: u64,
    #[prost(fixed64, tag = "2")]
    run_low: u64,
    /// The event that scheduled the task; zero for a query.
    #[prost(int64, tag = "3")]
    pub(crate) scheduled_event_id: i64,
    #[prost(uint32, tag = "4")]
    pub(crate) attempt: u32,
    /// Tells apart hand-outs that agree in all else; for a query, its number.
    #[prost(uint64, tag = "5")]
    pub(crate) stamp: u64,
}

impl TaskToken {
    pub(crate) fn new(run_id: Uuid, scheduled_event_id: i64, attempt: u32, stamp: u64) -> Self {
        let run_high = u64::try_from(run_id.0 >> 64).unwrap_or_default();
        let run_low = u64::try_from(run_id.0 & u128::from(u64::MAX)).unwrap_or_default();
        Self {
            run_high,
            run_low,
            scheduled_event_id,
            attempt,
            stamp,
        }
    }

    pub(crate) fn run_id(&self) -> Uuid {
        Uuid((u128::from(self.run_high) << 64) | u128::from(self.run_low))
    }

    pub(crate) fn bytes(&self) -> Bytes {
        self.encode_to_vec().into()
    }

    pub(crate) fn read(bytes: &Bytes) -> Result<Self> {
        if bytes.is_empty() {
            return Err(Error::invalid("Task token not set on request."));
        }
        Self::decode(&**bytes).map_err(|_| Error::invalid("Error deserializing task token."))
    }
}

/// Names the place in a run's history where the next page begins.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct HistoryToken {
    #[prost(fixed64, tag = "1")]
    run_high: u64,
    #[prost(fixed64, tag = "2")]
    run_low: u64,
    /// The first event of the next page.
    #[prost(int64, tag = "3")]
    pub(crate) next_event_id: i64,
    /// A poll's history ends at this event; zero means that it does not end before the run's.
    #[prost(int64, tag = "4")]
    pub(crate) end_event_id: i64,
}

impl HistoryToken {
    pub(crate) fn new(run_id: Uuid, next_event_id: i64, end_event_id: i64) -> Self {
        let TaskToken { run_high, run_low, .. } = TaskToken::new(run_id, 0, 0, 0);
        Self {
            run_high,
            run_low,
            next_event_id,
            end_event_id,
        }
    }

    pub(crate) fn run_id(&self) -> Uuid {
        Uuid((u128::from(self.run_high) << 64) | u128::from(self.run_low))
    }

    pub(crate) fn bytes(&self) -> Bytes {
        self.encode_to_vec().into()
    }

    pub(crate) fn read(bytes: &Bytes) -> Result<Self> {
        Self::decode(&**bytes).map_err(|_| Error::invalid("Invalid NextPageToken."))
    }
}
