//! JSON is a message or a typed error; what is written is read back.

use prost::{Message, Name};
use steadfast_proto::{
    command::Command, common::Payload, failure::Failure, history::History, json,
    workflowservice::PollWorkflowTaskQueueResponse,
};

/// Reads the bytes as JSON of some messages, then as the messages themselves.
pub fn run(data: &[u8]) {
    both::<History>(data);
    both::<PollWorkflowTaskQueueResponse>(data);
    both::<Failure>(data);
    both::<Payload>(data);
    both::<Command>(data);
}

fn both<M: Message + Name + Default + PartialEq + Clone>(data: &[u8]) {
    if let Ok(message) = json::from_json::<M>(data) {
        round_trip(&message);
    }
    // What encoded messages can hold and JSON can't, such as a time past the year 9999, is an error.
    if let Ok(message) = M::decode(data) {
        round_trip(&message);
    }
}

fn round_trip<M: Message + Name + Default + PartialEq>(message: &M) {
    let Ok(text) = json::to_json(message) else { return };
    let line = json::to_json_line(message).expect("what is written indented is written in a line");
    let again: M = json::from_json(text.as_bytes()).expect("what is written is read");
    let text_again = json::to_json(&again).expect("what is read is written");
    assert_eq!(text, text_again, "written twice");
    let from_line: M = json::from_json(line.as_bytes()).expect("a line is read");
    assert_eq!(json::to_json(&from_line).ok(), Some(text), "a line holds the same");
}
