//! Every payload of every request and answer is shown to a visitor, but for those that the server reads.

use super::{Kind, MessageType, Shape, filled};
use crate::{
    Carrier, Visitor,
    carrier::{FailureText, Marker, Subject},
    command::Command,
    common::{Header, Payload},
    errordetails::QueryFailedFailure,
    failure::Failure,
    history::{History, HistoryEvent},
    protocol::Message as ProtocolMessage,
    schedule::Schedule,
    update,
};
use prost::{
    Message, Name,
    encoding::{DecodeContext, WireType, decode_key, decode_varint, skip_field},
};
use std::collections::BTreeSet;

/// What the visitor leaves in each payload.
const SEEN: &[u8] = b"seen";

/// Those that nobody is shown: values of search attributes.
const UNSEEN: [&str; 5] = [
    "temporal.api.common.v1.SearchAttributes.indexed_fields",
    "temporal.api.workflowservice.v1.CountActivityExecutionsResponse.AggregationGroup.group_values",
    "temporal.api.workflowservice.v1.CountNexusOperationExecutionsResponse.AggregationGroup.group_values",
    "temporal.api.workflowservice.v1.CountSchedulesResponse.AggregationGroup.group_values",
    "temporal.api.workflowservice.v1.CountWorkflowExecutionsResponse.AggregationGroup.group_values",
];

#[derive(Default)]
struct Marking {
    depth: usize,
}

impl<'a> Visitor<'a> for Marking {
    fn payload(&mut self, payload: &'a mut Payload) {
        payload.data = SEEN.into();
    }
    fn header(&mut self, header: &'a mut Header) {
        header.fields.visit(self);
    }
    fn attributes(&mut self, text: FailureText<'a>) {
        text.encoded.visit(self);
    }
    fn message(&mut self, _: &'a mut ProtocolMessage) {}
    fn marker(&mut self, marker: Marker<'a>) {
        marker.details.visit(self);
        marker.failure.visit(self);
        marker.header.visit(self);
    }
    fn enter(&mut self, _: Subject<'_>) {
        self.depth += 1;
    }
    fn leave(&mut self) {
        self.depth -= 1;
    }
}

/// The fields whose payloads were not shown.
#[derive(Default)]
struct Missed {
    fields: BTreeSet<String>,
    seen: usize,
}

impl Missed {
    fn check<M: Message + Name + Default + Carrier>(&mut self) {
        let kind = MessageType::named(&M::full_name()).unwrap();
        for choice in 0..filled::choices(kind) {
            let mut message = M::decode(filled::message(kind, choice).as_slice()).unwrap();
            let mut marking = Marking::default();
            message.visit(&mut marking);
            assert_eq!(marking.depth, 0, "{} is left as often as it is entered", kind.name());
            self.scan(&message.encode_to_vec(), kind);
        }
    }

    /// Looks for payloads in an encoded message.
    fn scan(&mut self, mut wire: &[u8], kind: &'static MessageType) {
        while !wire.is_empty() {
            let (number, wire_type) = decode_key(&mut wire).unwrap();
            let (_, field) = kind.field_numbered(u64::from(number)).unwrap();
            let Kind::Message(inner) = field.kind else {
                skip_field(wire_type, number, &mut wire, DecodeContext::default()).unwrap();
                continue;
            };
            let inner = MessageType::at(inner);
            let mut value = delimited(&mut wire, wire_type);
            if let Shape::Map(_) = field.shape {
                value = value_of(value);
            }
            if inner.name() == "temporal.api.common.v1.Payload" {
                if Payload::decode(value).unwrap().data.as_ref() == SEEN {
                    self.seen += 1;
                } else {
                    self.fields.insert(format!("{}.{}", kind.name(), field.name()));
                }
            } else if !matches!(inner.form, super::Form::Any) {
                self.scan(value, inner);
            }
        }
    }
}

fn delimited<'w>(wire: &mut &'w [u8], wire_type: WireType) -> &'w [u8] {
    assert_eq!(wire_type, WireType::LengthDelimited);
    let length = usize::try_from(decode_varint(wire).unwrap()).unwrap();
    let (value, rest) = wire.split_at(length);
    *wire = rest;
    value
}

/// The value of a map's entry.
fn value_of(mut entry: &[u8]) -> &[u8] {
    while !entry.is_empty() {
        let (number, wire_type) = decode_key(&mut entry).unwrap();
        if number == 2 {
            return delimited(&mut entry, wire_type);
        }
        skip_field(wire_type, number, &mut entry, DecodeContext::default()).unwrap();
    }
    entry
}

#[allow(deprecated, reason = "all calls are listed, those that are going out of use, too")]
mod all {
    use super::Missed;

    macro_rules! calls {
        ($service:ident $prefix:literal $($request:ident => $response:ident = $rpc:ident $name:literal;)*) => {
            pub(super) fn $service(missed: &mut Missed) {
                $(
                    missed.check::<crate::$service::$request>();
                    missed.check::<crate::$service::$response>();
                )*
            }
        };
    }

    include!("../../generated/calls.rs");
}

#[test]
fn all_payloads_are_shown_but_for_those_that_the_server_reads() {
    let mut missed = Missed::default();
    all::workflowservice(&mut missed);
    all::operatorservice(&mut missed);
    // What is too deep within requests to be filled there.
    missed.check::<HistoryEvent>();
    missed.check::<History>();
    missed.check::<Command>();
    missed.check::<Failure>();
    missed.check::<Schedule>();
    missed.check::<QueryFailedFailure>();
    missed.check::<update::Request>();
    missed.check::<update::Response>();
    missed.check::<update::Acceptance>();
    missed.check::<update::Rejection>();
    assert_eq!(missed.fields.iter().map(String::as_str).collect::<Vec<_>>(), UNSEEN);
    assert!(missed.seen > 900, "{}", missed.seen);
}
