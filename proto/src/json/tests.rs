use super::{
    JsonErrorKind,
    read::{self, DEPTH_MAX},
    scan::Scanner,
    table::{EnumType, Field, Form, Kind, MESSAGES, MessageType, Shape},
    wire::{close, push_key, push_varint},
    write::{self, Layout},
};
use crate::{
    common::{Payload, Payloads},
    failure::Failure,
    history::{History, HistoryEvent, WorkflowExecutionStartedEventAttributes, history_event::Attributes},
};
use std::collections::{BTreeMap, BTreeSet};

mod carried;
mod filled;
mod inputs;

#[test]
fn every_message_of_the_table_survives_the_round_trip() {
    for message in &MESSAGES {
        for choice in 0..filled::choices(message) {
            let wire = filled::message(message, choice);
            for layout in [Layout::Indented, Layout::OneLine] {
                let json = write::write(&wire, message, layout).unwrap();
                let read = read::read(json.as_bytes(), message)
                    .unwrap_or_else(|error| panic!("{}: {error}\n{json}", message.name()));
                assert_eq!(read.unknown, Vec::<String>::new(), "{}: {json}", message.name());
                assert_eq!(read.wire, wire, "{}: {json}", message.name());
                serde_json::from_str::<serde_json::Value>(&json).unwrap();
            }
        }
    }
}

#[test]
fn every_message_is_found_by_its_name() {
    for message in &MESSAGES {
        assert!(std::ptr::eq(MessageType::named(message.name()).unwrap(), message));
    }
}

#[test]
fn a_field_is_found_wherever_the_search_begins() {
    for message in &MESSAGES {
        for (place, field) in message.fields().iter().enumerate() {
            for likely in [0, place, place + 1, message.fields().len()] {
                for name in [field.name(), field.json()] {
                    assert_eq!(
                        message.field_named(name, likely).map(|found| found.0),
                        Some(place),
                        "{}.{name}",
                        message.name()
                    );
                }
            }
        }
    }
}

#[test]
fn the_short_names_of_enum_values_are_told_apart() {
    let mut enums: BTreeMap<&str, &EnumType> = BTreeMap::new();
    for field in MESSAGES.iter().flat_map(|message| message.fields()) {
        if let Kind::Enum(place) = field.kind {
            let enumeration = EnumType::at(place);
            enums.insert(enumeration.full_name(), enumeration);
        }
    }
    assert!(enums.len() > 50);
    for enumeration in enums.values() {
        for (number, name) in enumeration.values() {
            let short = name.strip_prefix(enumeration.prefix()).unwrap();
            let words = short
                .split('_')
                .map(|word| format!("{}{}", &word[..1], word[1..].to_lowercase()));
            for spelling in [name.to_owned(), short.to_owned(), words.collect::<String>()] {
                let found = enumeration
                    .number(&spelling)
                    .and_then(|number| enumeration.name(number));
                assert_eq!(
                    found,
                    enumeration.name(number),
                    "{} {spelling}",
                    enumeration.full_name()
                );
            }
        }
    }
}

#[test]
fn failures_are_followed_as_deep_as_the_wire_allows_and_no_deeper() {
    let nested = |depth: usize| "{\"cause\":".repeat(depth) + "{}" + &"}".repeat(depth);
    let deepest: Failure = super::from_json(nested(DEPTH_MAX).as_bytes()).unwrap();
    assert_eq!(super::to_json_line(&deepest).unwrap(), nested(DEPTH_MAX));

    let error = super::from_json::<Failure>(nested(DEPTH_MAX + 1).as_bytes()).unwrap_err();
    assert_eq!(error.kind(), &JsonErrorKind::TooDeep { limit: DEPTH_MAX });
    let deeper = Failure {
        cause: Some(Box::new(deepest)),
        ..Failure::default()
    };
    let error = super::to_json(&deeper).unwrap_err();
    assert_eq!(error.kind(), &JsonErrorKind::TooDeep { limit: DEPTH_MAX });
}

#[test]
fn an_any_within_any_ends_at_the_same_depth() {
    let open = r#"{"@type":"x/google.protobuf.Any","value":"#;
    let json = open.repeat(100_000);
    let any = MessageType::named("google.protobuf.Any").unwrap();
    assert!(read::read(json.as_bytes(), any).is_err());
    let json = open.repeat(150) + "{}" + &"}".repeat(150);
    let error = read::read(json.as_bytes(), any).unwrap_err();
    assert_eq!(error.kind(), &JsonErrorKind::TooDeep { limit: DEPTH_MAX });
}

#[test]
fn unknown_values_of_any_depth_are_stepped_over() {
    let json = format!(
        r#"{{"new": {}1{}, "events": []}}"#,
        "[".repeat(100_000),
        "]".repeat(100_000)
    );
    let parsed = super::parse_history(json.as_bytes()).unwrap();
    assert_eq!(parsed.unknown_fields, ["new"]);
}

/// The scanner takes and refuses what `serde_json` does, and reads the same.
#[test]
fn the_scanner_agrees_with_serde_json() {
    for text in inputs::JSON_TEXTS {
        agree(text);
    }
    // Each text with one byte left out, put in or changed.
    for text in inputs::JSON_TEXTS.iter().filter(|text| text.len() < 80) {
        for at in 0..=text.len() {
            for byte in b"\"\\{}[]:,0-+.eEu \n\x01nta".iter().copied() {
                let mut inserted = text.as_bytes().to_vec();
                inserted.insert(at, byte);
                let mut cut = text.as_bytes()[..at].to_vec();
                cut.push(byte);
                for mutated in [inserted, cut] {
                    if let Ok(mutated) = std::str::from_utf8(&mutated) {
                        agree(mutated);
                    }
                }
            }
        }
    }
}

fn agree(text: &str) {
    let mut scanner = Scanner::new(text);
    let ours = scanner.skip().and_then(|value| scanner.end().map(|()| value));
    let theirs = serde_json::from_str::<serde_json::Value>(text);
    // A number too large for a double is JSON, which `serde_json` refuses all the same.
    let is_too_large = theirs
        .as_ref()
        .is_err_and(|error| error.to_string().contains("out of range"));
    assert!(
        ours.is_ok() == theirs.is_ok() || is_too_large,
        "{text:?}: ours {ours:?}, theirs {theirs:?}"
    );
    if let (Ok(_), Ok(serde_json::Value::String(string))) = (&ours, &theirs) {
        assert_eq!(&Scanner::new(text).string().unwrap(), string);
    }
}

/// No input makes it panic: a history with each byte changed, and cut off at each.
#[test]
fn damaged_histories_give_errors_or_histories() {
    let history = inputs::SMALL_HISTORY.as_bytes();
    super::history_from_json(history).unwrap();
    let mut kinds = BTreeSet::new();
    for at in 0..history.len() {
        for byte in b"\"{]:,0\xff".iter().copied() {
            let mut damaged = history.to_vec();
            damaged[at] = byte;
            if let Err(error) = super::history_from_json(&damaged) {
                assert!(!error.to_string().is_empty());
                kinds.insert(
                    format!("{:?}", error.kind())
                        .split([' ', '('])
                        .next()
                        .unwrap()
                        .to_owned(),
                );
            }
        }
        assert!(super::history_from_json(&history[..at]).is_err());
    }
    assert!(kinds.len() >= 4, "{kinds:?}");
}

/// No bytes within an `Any` make writing panic.
#[test]
fn damaged_bytes_within_an_any_give_errors_or_json() {
    let started = MessageType::named("temporal.api.history.v1.HistoryEvent").unwrap();
    let mut wire = filled::message(started, 0);
    wire.truncate(2_000);
    for at in 0..wire.len() {
        for byte in [0, 1, 0x7f, 0x80, 0xff] {
            let mut damaged = wire.clone();
            damaged[at] = byte;
            let _ = write::write(&damaged, started, Layout::OneLine);
        }
        let _ = write::write(&wire[..at], started, Layout::OneLine);
    }
}

#[test]
fn times_and_durations_out_of_range_are_not_written() {
    let event = |seconds, nanos| History {
        events: vec![HistoryEvent {
            event_time: Some(prost_types::Timestamp { seconds, nanos }),
            ..HistoryEvent::default()
        }],
    };
    super::history_to_json(&event(253_402_300_799, 999_999_999)).unwrap();
    for (seconds, nanos) in [
        (253_402_300_800, 0),
        (-62_135_596_801, 0),
        (0, -1),
        (0, 1_000_000_000),
        (i64::MAX, i32::MAX),
    ] {
        let error = super::history_to_json(&event(seconds, nanos)).unwrap_err();
        assert_eq!(error.path(), "events[0].eventTime");
        assert!(matches!(error.kind(), JsonErrorKind::Unwritable { .. }), "{error}");
    }
    let started = |seconds, nanos| WorkflowExecutionStartedEventAttributes {
        workflow_run_timeout: Some(prost_types::Duration { seconds, nanos }),
        ..WorkflowExecutionStartedEventAttributes::default()
    };
    super::to_json(&started(-315_576_000_000, -1)).unwrap();
    for (seconds, nanos) in [
        (315_576_000_001, 0),
        (1, -1),
        (-1, 1),
        (0, 1_000_000_000),
        (i64::MIN, i32::MIN),
    ] {
        let error = super::to_json(&started(seconds, nanos)).unwrap_err();
        assert!(matches!(error.kind(), JsonErrorKind::Unwritable { .. }), "{error}");
    }
}

#[test]
fn text_is_escaped_as_json_wants_it() {
    let text: String = (0..0x80).map(char::from).chain("\u{7f}\u{2028}ä😀".chars()).collect();
    let failure = Failure {
        message: text.clone(),
        ..Failure::default()
    };
    let json = super::to_json_line(&failure).unwrap();
    assert_eq!(
        serde_json::from_str::<serde_json::Value>(&json).unwrap()["message"],
        text
    );
    assert_eq!(super::from_json::<Failure>(json.as_bytes()).unwrap(), failure);
}

#[test]
fn a_shorthand_is_the_payload_it_stands_for() {
    let payload = |json: &str| {
        super::from_json::<Payloads>(format!("[{json}]").as_bytes())
            .unwrap()
            .payloads
            .remove(0)
    };
    for (shorthand, encoding, data) in inputs::SHORTHANDS {
        let payload = payload(shorthand);
        assert_eq!(
            (payload.encoding(), payload.data.as_ref()),
            (encoding.as_bytes(), data.as_bytes()),
            "{shorthand}"
        );
    }
    let message = payload(r#"{"a": 1, "_protoMessageType": "my.Type", "b": "x"}"#);
    assert_eq!(message.encoding(), b"json/protobuf");
    assert_eq!(message.metadata.get("messageType").unwrap(), "my.Type");
    assert_eq!(
        serde_json::from_slice::<serde_json::Value>(&message.data).unwrap(),
        serde_json::json!({"a": 1, "b": "x"})
    );
}

#[test]
fn what_is_a_payload_is_no_shorthand() {
    for payload in [
        Payload::default(),
        Payload::encoded("binary/plain", ""),
        Payload {
            data: "x".into(),
            ..Payload::default()
        },
    ] {
        let payloads = Payloads {
            payloads: vec![payload],
        };
        let json = super::to_json(&payloads).unwrap();
        assert_eq!(
            super::from_json::<Payloads>(json.as_bytes()).unwrap(),
            payloads,
            "{json}"
        );
    }
}

#[test]
fn what_comes_without_an_event_keeps_the_variant_of_its_attributes() {
    let json = r#"[{"eventType": 1, "workflowExecutionStartedEventAttributes": {}}]"#;
    let history = super::history_from_json(json.as_bytes()).unwrap();
    assert!(matches!(
        &history.events[0].attributes,
        Some(Attributes::WorkflowExecutionStartedEventAttributes(_))
    ));
}

#[test]
fn bad_json_gives_errors_that_say_where_and_what() {
    for (json, message) in inputs::BAD_HISTORIES {
        let error = super::history_from_json(json.as_bytes()).unwrap_err();
        assert_eq!(&error.to_string(), message, "{json}");
    }
    let error = super::history_from_json(b"{\"events\": \"\xff\"}").unwrap_err();
    assert_eq!(error.kind(), &JsonErrorKind::NotUtf8);
    let error =
        super::from_json::<crate::protocol::Message>(br#"{"body": {"@type": "x/no.Such", "a": 1}}"#).unwrap_err();
    assert_eq!(
        error.kind(),
        &JsonErrorKind::UnknownType {
            name: "x/no.Such".to_owned()
        }
    );
    assert_eq!(error.path(), "body");
}

#[test]
fn the_same_history_is_read_from_every_spelling() {
    let expected = super::history_from_json(inputs::SMALL_HISTORY.as_bytes()).unwrap();
    for spelling in inputs::SMALL_HISTORY_SPELLINGS {
        let parsed = super::parse_history(spelling.as_bytes()).unwrap_or_else(|error| panic!("{error}\n{spelling}"));
        assert_eq!(parsed.message, expected, "{spelling}");
        assert_eq!(parsed.unknown_fields, Vec::<String>::new());
    }
}

#[test]
fn unknown_fields_are_passed_over_and_told() {
    let json = r#"{"events": [{"eventId": "7", "brandNew": {"x": [1, {}]},
        "timerStartedEventAttributes": {"timerId": "1", "newer": null}}], "other": "x"}"#;
    let parsed = super::parse_history(json.as_bytes()).unwrap();
    assert_eq!(parsed.message.events[0].event_id, 7);
    assert_eq!(
        parsed.unknown_fields,
        [
            "events[0].brandNew",
            "events[0].timerStartedEventAttributes.newer",
            "other"
        ]
    );
}
