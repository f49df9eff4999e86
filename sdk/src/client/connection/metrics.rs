//! What is measured of calls.

use crate::metrics::{Recorder, names::*};
use std::time::Duration;
use steadfast_proto::tonic::Code;

/// One attempt at a call, and the code that it failed with, if it did.
pub(super) fn attempt(recorder: &Recorder, path: &str, is_long: bool, took: Duration, failed: Option<Code>) {
    let operation = ("operation", path.rsplit('/').next().unwrap_or(path));
    let (request, failure, latency) = if is_long {
        (LONG_REQUEST, LONG_REQUEST_FAILURE, LONG_REQUEST_LATENCY)
    } else {
        (REQUEST, REQUEST_FAILURE, REQUEST_LATENCY)
    };
    recorder.count(request, &[operation]);
    recorder.latency(latency, took, &[operation]);
    if let Some(code) = failed {
        recorder.count(failure, &[operation, ("status_code", name(code))]);
    }
}

/// A code's name in the specification of gRPC.
fn name(code: Code) -> &'static str {
    match code {
        Code::Ok => "OK",
        Code::Cancelled => "CANCELLED",
        Code::Unknown => "UNKNOWN",
        Code::InvalidArgument => "INVALID_ARGUMENT",
        Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
        Code::NotFound => "NOT_FOUND",
        Code::AlreadyExists => "ALREADY_EXISTS",
        Code::PermissionDenied => "PERMISSION_DENIED",
        Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
        Code::FailedPrecondition => "FAILED_PRECONDITION",
        Code::Aborted => "ABORTED",
        Code::OutOfRange => "OUT_OF_RANGE",
        Code::Unimplemented => "UNIMPLEMENTED",
        Code::Internal => "INTERNAL",
        Code::Unavailable => "UNAVAILABLE",
        Code::DataLoss => "DATA_LOSS",
        Code::Unauthenticated => "UNAUTHENTICATED",
    }
}
