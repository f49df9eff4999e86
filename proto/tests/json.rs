//! Histories that real tools wrote are read and written as they do it.
//!
//! `tests/histories/` was recorded by this project from a Temporal server 1.32.0: `command_line.json` by
//! `temporal workflow show --output json`, `http_api.json` is the same run by the HTTP API, the rest were written by
//! the Python SDK's `WorkflowHistory.to_json`.

use serde_json::Value;
use std::{collections::BTreeSet, error::Error, fs, path::Path};
use steadfast_proto::{
    common::{Payload, Payloads},
    history::{History, history_event::Attributes},
    json,
    protocol::Message,
    update,
};

type Failure = Box<dyn Error>;

#[test]
fn recorded_histories_are_written_as_they_were_read() -> Result<(), Failure> {
    let mut event_types = BTreeSet::new();
    for entry in fs::read_dir(folder())? {
        let path = entry?.path();
        if path.ends_with("http_api.json") {
            continue;
        }
        let text = fs::read(&path)?;
        let parsed = json::parse_history(&text).map_err(|error| format!("{}: {error}", path.display()))?;
        assert_eq!(parsed.unknown_fields, Vec::<String>::new(), "{}", path.display());
        let written = json::history_to_json(&parsed.message)?;
        assert_eq!(
            json::history_from_json(written.as_bytes())?,
            parsed.message,
            "{}",
            path.display()
        );
        let (mut written, mut text): (Value, Value) = (serde_json::from_str(&written)?, serde_json::from_slice(&text)?);
        write_numbers_alike(&mut written);
        write_numbers_alike(&mut text);
        assert!(written == text, "{}", path.display());
        event_types.extend(parsed.message.events.iter().map(|event| event.event_type));
    }
    assert!(
        event_types.len() >= 30,
        "only {} types of events are recorded",
        event_types.len()
    );
    Ok(())
}

#[test]
fn event_types_are_read_in_both_spellings() -> Result<(), Failure> {
    for entry in fs::read_dir(folder())? {
        let path = entry?.path();
        let text = fs::read_to_string(&path)?;
        let long = json::history_from_json(text.as_bytes())?;
        let mut value: Value = serde_json::from_str(&text)?;
        // The HTTP API puts the history into an answer.
        let history = match value.get("history") {
            Some(_) => &mut value["history"],
            None => &mut value,
        };
        let Some(events) = history["events"].as_array_mut() else {
            panic!("{} has no events", path.display());
        };
        for event in events {
            let spelled = event["eventType"].as_str().unwrap_or_default();
            let words = spelled.trim_start_matches("EVENT_TYPE_").split('_');
            // `WORKFLOW_TASK_STARTED` is `WorkflowTaskStarted` to older tools.
            let short: String = words
                .flat_map(|word| {
                    let (first, rest) = word.split_at(1);
                    [first.to_owned(), rest.to_lowercase()]
                })
                .collect();
            event["eventType"] = short.into();
        }
        let short = json::history_from_json(value.to_string().as_bytes())?;
        // serde_json may write numbers in other digits, so only what was spelled anew is compared.
        let types = |history: &History| history.events.iter().map(|event| event.event_type).collect::<Vec<_>>();
        assert_eq!(types(&short), types(&long), "{}", path.display());
        assert!(!types(&short).contains(&0), "{}", path.display());
    }
    Ok(())
}

#[test]
fn a_history_is_written_as_the_command_line_does_it_to_the_byte() -> Result<(), Failure> {
    let text = fs::read_to_string(folder().join("command_line.json"))?;
    let history = json::history_from_json(text.as_bytes())?;
    assert_eq!(json::history_to_json(&history)?, text.trim_end());
    Ok(())
}

#[test]
fn the_http_api_and_the_command_line_tell_the_same_history() -> Result<(), Failure> {
    let mut command_line = json::history_from_json(&fs::read(folder().join("command_line.json"))?)?;
    let mut http_api = json::history_from_json(&fs::read(folder().join("http_api.json"))?)?;
    for history in [&mut command_line, &mut http_api] {
        // The HTTP API writes the JSON of payloads anew, with other escapes.
        spell_payloads_alike(history)?;
    }
    assert_eq!(http_api, command_line);
    Ok(())
}

#[test]
fn an_any_says_its_type() -> Result<(), Failure> {
    let request = update::Request {
        input: Some(update::Input {
            name: "amend".to_owned(),
            args: Some(Payloads::from(vec![Payload::encoded("json/plain", "1")])),
            ..update::Input::default()
        }),
        ..update::Request::default()
    };
    let message = Message {
        id: "m".to_owned(),
        body: Some(prost_types::Any {
            type_url: "type.googleapis.com/temporal.api.update.v1.Request".to_owned(),
            value: prost::Message::encode_to_vec(&request),
        }),
        ..Message::default()
    };
    let written = json::to_json_line(&message)?;
    assert_eq!(
        written,
        concat!(
            r#"{"id":"m","body":{"@type":"type.googleapis.com/temporal.api.update.v1.Request","input":{"name":"amend","#,
            r#""args":{"payloads":[{"metadata":{"encoding":"anNvbi9wbGFpbg=="},"data":"MQ=="}]}}}}"#
        )
    );
    let parsed = json::parse::<Message>(written.as_bytes())?;
    assert_eq!(parsed.message, message);
    assert_eq!(parsed.unknown_fields, Vec::<String>::new());
    Ok(())
}

#[test]
fn a_message_of_no_known_type_is_an_error_both_ways() {
    let message = Message {
        body: Some(prost_types::Any {
            type_url: "type.googleapis.com/my.Own".to_owned(),
            value: vec![1, 2],
        }),
        ..Message::default()
    };
    let error = json::to_json(&message).unwrap_err();
    assert_eq!(error.path(), "body");
    assert_eq!(error.position(), None);
    let error = json::from_json::<Message>(br#"{"body": {"a": 1}}"#).unwrap_err();
    assert_eq!(
        error.to_string(),
        "body: expected an object whose @type names a message of the Temporal API, found no @type (line 1, column 10)"
    );
}

fn folder() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/histories")
}

/// The Python package writes a double of 2 as `2.0`, the command line and we as `2`.
fn write_numbers_alike(value: &mut Value) {
    match value {
        Value::Number(number) => *value = number.as_f64().into(),
        Value::Array(elements) => elements.iter_mut().for_each(write_numbers_alike),
        Value::Object(members) => members.values_mut().for_each(write_numbers_alike),
        _ => {}
    }
}

fn spell_payloads_alike(history: &mut History) -> Result<(), Failure> {
    for event in &mut history.events {
        let payloads = match &mut event.attributes {
            Some(Attributes::WorkflowExecutionStartedEventAttributes(started)) => &mut started.input,
            Some(Attributes::WorkflowExecutionSignaledEventAttributes(signaled)) => &mut signaled.input,
            Some(Attributes::WorkflowExecutionTerminatedEventAttributes(terminated)) => &mut terminated.details,
            _ => continue,
        };
        for payload in payloads.iter_mut().flat_map(|payloads| &mut payloads.payloads) {
            if payload.encoding().starts_with(b"json/") {
                payload.data = serde_json::to_vec(&serde_json::from_slice::<Value>(&payload.data)?)?.into();
            }
        }
    }
    Ok(())
}
