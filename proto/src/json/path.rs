//! Where in a message one is.

use super::table::Name;
use std::{borrow::Cow, fmt::Write as _};

/// The way from the whole to a value within.
#[derive(Debug, Default)]
pub(super) struct Path<'a>(Vec<Step<'a>>);

#[derive(Debug)]
pub(super) enum Step<'a> {
    Field(Name),
    /// A member that is no field.
    Member(&'static str),
    Element(usize),
    Key(Cow<'a, str>),
}

impl<'a> Path<'a> {
    pub(super) fn push(&mut self, step: Step<'a>) {
        self.0.push(step);
    }

    pub(super) fn pop(&mut self) {
        self.0.pop();
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn truncate(&mut self, len: usize) {
        self.0.truncate(len);
    }

    /// `events[3].memo.fields["key"]`.
    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        for step in &self.0 {
            // Writing to a string does not fail.
            let _ = match step {
                Step::Field(field) => member(&mut text, field.text()),
                Step::Member(name) => member(&mut text, name),
                Step::Element(place) => write!(text, "[{place}]"),
                Step::Key(key) => write!(text, "[{key:?}]"),
            };
        }
        text
    }
}

fn member(text: &mut String, name: &str) -> std::fmt::Result {
    let point = if text.is_empty() { "" } else { "." };
    write!(text, "{point}{name}")
}
