//! Histories as text that is the same on every server: one event a line, defaults left out.
//!
//! What is normalised, and nothing else:
//! - times are `<time>` (an event's own time is left out), also those in the markers of local activities,
//! - run ids and other UUIDs are `<id 1>`, `<id 2>` .. in the order they first appear, so that equal ones stay equal,
//! - the part of queue names and workflow ids that makes them unique is `<unique>`,
//! - a worker's sticky queue is `<sticky>`,
//! - how long a run's first task is put off is `<backoff>`, as it is counted from when the run before it ended,
//! - the fields of `DROPPED` are left out, each for the reason given there.

use std::fmt::Write;
use steadfast_proto::history::HistoryEvent;

/// Fields that say who, when, how large or which build, never what happened.
const DROPPED: &[&str] = &[
    "event_time",
    "task_id",            // the server's own numbering of its work
    "identity",           // process id and host name
    "request_id",         // a random id of the caller
    "history_size_bytes", // differs with the length of names
    "stack_trace",        // paths and line numbers
    "worker_version",     // a build id
    "sdk_version",        // changes with each release
    "sdk_name",
    "principal",              // who is authenticated, as newer servers tell
    "prev_auto_reset_points", // a build id
    "version",                // of replicated clusters
];

/// The text of a history. `unique` is what the test added to its names.
#[must_use]
pub fn render(events: &[HistoryEvent], unique: &str) -> String {
    let mut text = String::new();
    for event in events {
        let debug = format!("{event:#?}");
        let mut lines = debug.lines().map(str::trim);
        let value = lines
            .next()
            .map_or_else(Value::default, |first| Value::parse(first, &mut lines));
        let Value::Fields(_, mut fields) = value else { continue };
        let mut take = |name: &str| {
            let at = fields.iter().position(|(key, _)| key == name)?;
            fields.remove(at).1.text()
        };
        let id = take("event_id").unwrap_or_default();
        let kind = take("event_type").unwrap_or_default();
        let attributes = take("attributes").unwrap_or_default();
        let rest = Value::Fields(String::new(), fields).text().unwrap_or_default();
        let _ = writeln!(text, "{}", [id, kind, attributes, rest].join(" ").trim_end());
    }
    number_ids(&text.replace(unique, "<unique>"))
}

/// A value as `Debug` shows it.
#[derive(Debug)]
enum Value {
    Leaf(String),
    /// The type's name, and what is between its braces.
    Fields(String, Vec<(String, Self)>),
}

impl Default for Value {
    fn default() -> Self {
        Self::Leaf(String::new())
    }
}

impl Value {
    /// Reads the value that starts with `first`, and more lines if it needs them.
    fn parse<'a>(first: &str, lines: &mut impl Iterator<Item = &'a str>) -> Self {
        let first = first.trim_end_matches(',');
        let Some(name) = first.strip_suffix(['{', '(', '[']) else {
            return Self::Leaf(first.to_owned());
        };
        let mut fields = Vec::new();
        while let Some(line) = lines.next() {
            if line.starts_with(['}', ')', ']']) {
                break;
            }
            let (key, value) = split_key(line);
            fields.push((key.to_owned(), Self::parse(value, lines)));
        }
        Self::Fields(name.trim().to_owned(), fields)
    }

    /// One line, or nothing for what has its default value.
    fn text(&self) -> Option<String> {
        match self {
            Self::Leaf(leaf) => {
                let default = matches!(
                    leaf.as_str(),
                    "" | "None" | "\"\"" | "0" | "0.0" | "false" | "b\"\"" | "[]" | "{}" | "Unspecified"
                );
                (!default).then(|| leaf.clone())
            }
            Self::Fields(name, _) if name == "Timestamp" => Some("<time>".to_owned()),
            Self::Fields(name, fields) if name == "Duration" => Some(duration(fields)),
            Self::Fields(name, fields) if name == "Payload" => Some(payload(fields)),
            Self::Fields(name, fields) if name == "TaskQueue" => task_queue(fields),
            Self::Fields(_, fields) => {
                let shown: Vec<String> = fields
                    .iter()
                    .filter(|(key, _)| !DROPPED.contains(&key.as_str()))
                    .filter_map(|(key, value)| {
                        let text = match key.as_str() {
                            "first_workflow_task_backoff" if value.text()? != "0s" => "<backoff>".to_owned(),
                            _ => value.text()?,
                        };
                        Some(if key.is_empty() { text } else { format!("{key}={text}") })
                    })
                    .collect();
                match (&shown[..], &fields[..]) {
                    ([], _) => None,
                    // `Some(..)` and the variants of a oneof.
                    ([only], [(key, _)]) if key.is_empty() => Some(only.clone()),
                    _ => Some(format!("{{{}}}", shown.join(", "))),
                }
            }
        }
    }

    fn leaf(&self) -> &str {
        match self {
            Self::Leaf(leaf) => leaf,
            Self::Fields(..) => "",
        }
    }
}

/// `key: value`, or a value alone.
fn split_key(line: &str) -> (&str, &str) {
    match line.split_once(": ") {
        Some((key, value)) if key.starts_with('"') => (key.trim_matches('"'), value),
        Some((key, value)) if key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '#') => (key, value),
        _ => ("", line),
    }
}

fn field<'a>(fields: &'a [(String, Value)], name: &str) -> Option<&'a Value> {
    fields.iter().find(|(key, _)| key == name).map(|(_, value)| value)
}

fn duration(fields: &[(String, Value)]) -> String {
    let part = |name| {
        field(fields, name)
            .and_then(|value| value.leaf().parse::<i64>().ok())
            .unwrap_or_default()
    };
    format!("{}s", part("seconds") as f64 + part("nanos") as f64 / 1e9)
}

/// The data, with the encoding where it is not JSON.
fn payload(fields: &[(String, Value)]) -> String {
    let data = field(fields, "data").map_or("", Value::leaf).trim_start_matches('b');
    let metadata = match field(fields, "metadata") {
        Some(Value::Fields(_, entries)) => entries
            .iter()
            .map(|(key, value)| format!("{key}={}", value.leaf()))
            .collect(),
        _ => Vec::new(),
    };
    match metadata.join(" ").as_str() {
        "encoding=b\"json/plain\"" => hide_times(data),
        other => format!("{data} ({other})"),
    }
}

/// The times in the marker of a local activity, which are JSON; the length of a backoff stays.
fn hide_times(data: &str) -> String {
    const START: &str = r#"{\"seconds\":"#;
    let mut out = String::with_capacity(data.len());
    let mut rest = data;
    while let Some((before, after)) = rest.split_once(START) {
        out.push_str(before);
        let digits = after.chars().take_while(char::is_ascii_digit).count();
        match after.split_once('}') {
            Some((_, after)) if digits > 9 => {
                out.push_str("<time>");
                rest = after;
            }
            _ => {
                out.push_str(START);
                rest = after;
            }
        }
    }
    out + rest
}

fn task_queue(fields: &[(String, Value)]) -> Option<String> {
    let sticky = field(fields, "kind").is_some_and(|kind| kind.leaf() == "Sticky");
    let name = field(fields, "name").and_then(Value::text)?;
    Some(if sticky { "<sticky>".to_owned() } else { name })
}

/// Gives every UUID a number.
fn number_ids(text: &str) -> String {
    const LENGTH: usize = 36;
    let is_uuid = |part: &[u8]| {
        part.iter().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => *byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
    };
    let mut seen: Vec<&str> = Vec::new();
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        match rest.as_bytes().get(..LENGTH) {
            Some(part) if is_uuid(part) => {
                let (id, after) = rest.split_at(LENGTH);
                let number = seen.iter().position(|known| *known == id).unwrap_or_else(|| {
                    seen.push(id);
                    seen.len() - 1
                });
                let _ = write!(out, "<id {}>", number + 1);
                rest = after;
            }
            _ => {
                out.push(first);
                rest = rest.get(first.len_utf8()..).unwrap_or_default();
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;
    use steadfast_proto::{
        Shared,
        common::{Payload, WorkflowType},
        duration,
        enums::EventType,
        history::{WorkflowExecutionStartedEventAttributes, history_event::Attributes},
        taskqueue::TaskQueue,
    };

    fn started(run_id: &str) -> HistoryEvent {
        HistoryEvent {
            event_id: 1,
            event_type: EventType::WorkflowExecutionStarted.into(),
            task_id: 1_048_576,
            attributes: Some(Attributes::WorkflowExecutionStartedEventAttributes(Shared::new(
                WorkflowExecutionStartedEventAttributes {
                    workflow_type: Some(WorkflowType {
                        name: "Order".to_owned(),
                    }),
                    task_queue: Some(TaskQueue {
                        name: "orders-17".to_owned(),
                        ..TaskQueue::default()
                    }),
                    input: Some(
                        vec![
                            Payload::encoded("json/plain", "{\"a\":1}"),
                            Payload::encoded("binary/null", ""),
                        ]
                        .into(),
                    ),
                    workflow_task_timeout: Some(duration(Duration::from_millis(1500))),
                    original_execution_run_id: run_id.to_owned(),
                    first_execution_run_id: run_id.to_owned(),
                    identity: "1@host".to_owned(),
                    attempt: 1,
                    ..WorkflowExecutionStartedEventAttributes::default()
                },
            ))),
            ..HistoryEvent::default()
        }
    }

    #[test]
    fn an_event_is_one_line_without_defaults_and_without_what_differs_between_servers() {
        let text = render(&[started("0192c5f1-79c5-7f00-b39b-4ef8e29c3c81")], "17");
        assert_eq!(
            text,
            "1 WorkflowExecutionStarted {workflow_type={name=\"Order\"}, task_queue=\"orders-<unique>\", \
             input={payloads={\"{\\\"a\\\":1}\", \"\" (encoding=b\"binary/null\")}}, workflow_task_timeout=1.5s, \
             original_execution_run_id=\"<id 1>\", first_execution_run_id=\"<id 1>\", attempt=1}\n"
        );
    }

    #[test]
    fn different_runs_give_the_same_text() {
        let one = render(&[started("0192c5f1-79c5-7f00-b39b-4ef8e29c3c81")], "17");
        let other = render(&[started("ffffffff-79c5-7f00-b39b-4ef8e29c3c81")], "17");
        assert_eq!(one, other);
    }
}
