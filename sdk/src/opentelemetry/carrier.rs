//! A trace's context in the headers, as other SDKs write it: the W3C trace context, as a JSON object.

use crate::interceptor::Headers;
use ::opentelemetry::{
    Context,
    propagation::{Extractor, Injector, TextMapPropagator, text_map_propagator::FieldIter},
    trace::{SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState},
};
use std::{collections::HashMap, str::FromStr};

/// Where all SDKs keep it.
const HEADER: &str = "_tracer-data";
const TRACE_PARENT: &str = "traceparent";
const TRACE_STATE: &str = "tracestate";
const VERSION: &str = "00";

/// Writes and reads `traceparent` and `tracestate`: <https://www.w3.org/TR/trace-context/>.
#[derive(Debug)]
pub(super) struct W3c {
    fields: [String; 2],
}

impl W3c {
    pub(super) fn new() -> Self {
        Self {
            fields: [TRACE_PARENT.to_owned(), TRACE_STATE.to_owned()],
        }
    }
}

impl TextMapPropagator for W3c {
    fn inject_context(&self, context: &Context, injector: &mut dyn Injector) {
        let span = context.span();
        let span = span.span_context();
        if !span.is_valid() {
            return;
        }
        let flags = span.trace_flags() & TraceFlags::SAMPLED;
        injector.set(
            TRACE_PARENT,
            format!("{VERSION}-{}-{}-{:02x}", span.trace_id(), span.span_id(), flags.to_u8()),
        );
        let state = span.trace_state().header();
        if !state.is_empty() {
            injector.set(TRACE_STATE, state);
        }
    }

    fn extract_with_context(&self, context: &Context, extractor: &dyn Extractor) -> Context {
        let state = extractor.get(TRACE_STATE).unwrap_or_default();
        let state = TraceState::from_str(state).unwrap_or_default();
        match extractor.get(TRACE_PARENT).and_then(|parent| span(parent, state)) {
            Some(span) => context.with_remote_span_context(span),
            None => context.clone(),
        }
    }

    fn fields(&self) -> FieldIter<'_> {
        FieldIter::new(&self.fields)
    }
}

/// `None` if it is malformed, which the specification has everybody ignore.
fn span(parent: &str, state: TraceState) -> Option<SpanContext> {
    let mut parts = parent.trim().split('-');
    let (version, trace, span, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let is_hex = |text: &str, length| {
        text.len() == length && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    };
    // Later versions may have more parts.
    if !is_hex(version, 2) || version == "ff" || (version == VERSION && parts.next().is_some()) {
        return None;
    }
    if !is_hex(trace, 32) || !is_hex(span, 16) || !is_hex(flags, 2) {
        return None;
    }
    let flags = TraceFlags::new(u8::from_str_radix(flags, 16).ok()?) & TraceFlags::SAMPLED;
    let (trace, span) = (TraceId::from_hex(trace).ok()?, SpanId::from_hex(span).ok()?);
    let context = SpanContext::new(trace, span, flags, true, state);
    context.is_valid().then_some(context)
}

/// Puts a context into headers, if there is anything in it.
pub(super) fn inject(propagator: &dyn TextMapPropagator, context: &Context, headers: &mut Headers) {
    let mut carrier = HashMap::<String, String>::new();
    propagator.inject_context(context, &mut carrier);
    // A map of texts is always JSON.
    if !carrier.is_empty()
        && let Err(error) = headers.set(HEADER, &carrier)
    {
        tracing::warn!(%error, "the trace's context is left out of the headers");
    }
}

/// The context that came in headers, as part of nothing else.
pub(super) fn extract(propagator: &dyn TextMapPropagator, headers: &Headers) -> Option<Context> {
    match headers.get::<HashMap<String, String>>(HEADER) {
        Ok(carrier) => carrier.map(|carrier| propagator.extract_with_context(&Context::new(), &carrier)),
        Err(error) => {
            tracing::debug!(%error, "the header `{HEADER}` holds no trace's context");
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    fn read(parent: &str, state: &str) -> SpanContext {
        let mut headers = Headers::default();
        let carrier = HashMap::from([("traceparent", parent.to_owned()), ("tracestate", state.to_owned())]);
        headers.set(HEADER, &carrier).unwrap();
        let context = extract(&W3c::new(), &headers).unwrap();
        context.span().span_context().clone()
    }

    #[test]
    fn a_trace_context_is_written_as_it_was_read() {
        let span = read(PARENT, "vendor=1");
        assert!(span.is_valid() && span.is_remote() && span.is_sampled());
        let mut headers = Headers::default();
        inject(
            &W3c::new(),
            &Context::new().with_remote_span_context(span),
            &mut headers,
        );
        let payload = headers.payload("_tracer-data").unwrap();
        let text: serde_json::Value = serde_json::from_slice(&payload.data).unwrap();
        assert_eq!(
            text,
            serde_json::json!({ "traceparent": PARENT, "tracestate": "vendor=1" })
        );
    }

    #[test]
    fn a_malformed_trace_context_is_none() {
        for parent in [
            "",
            "00",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
        ] {
            assert!(!read(parent, "").is_valid(), "{parent}");
        }
        assert!(read("01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more", "").is_valid());
        assert!(extract(&W3c::new(), &Headers::default()).is_none());
    }

    #[test]
    fn no_span_writes_no_header() {
        let mut headers = Headers::default();
        inject(&W3c::new(), &Context::new(), &mut headers);
        assert!(headers.is_empty());
    }
}
