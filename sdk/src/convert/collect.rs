//! The walk through a message that notes down what it carries, and what each payload is about.

use super::{PayloadContext, coding::About, failure_text};
use serde::Deserialize;
use std::mem;
use steadfast_proto::{
    Carrier, Visitor,
    carrier::{FailureText, Marker, Subject},
    common::{Header, Payload},
    prost::{self, Name},
    protocol::Message,
    update,
};

/// The marker of a local activity, in all SDKs on the official core.
const LOCAL_ACTIVITY_MARKER: &str = "core_local_activity";
/// The marker of a patch.
const PATCH_MARKER: &str = "core_patch";
/// The detail by which the core finds a local activity again: not a user's.
const LOCAL_ACTIVITY_DATA: &str = "data";

/// A place in a message where there is a payload.
pub(super) struct Place<'a> {
    /// Which of the contexts it has.
    pub(super) context: usize,
    at: At<'a>,
}

enum At<'a> {
    Payload(&'a mut Payload),
    Failure(FailureText<'a>),
}

impl<'a> Place<'a> {
    pub(super) fn payload(&mut self) -> Option<&mut Payload> {
        match &mut self.at {
            At::Payload(payload) => Some(payload),
            At::Failure(text) => text.encoded.as_mut(),
        }
    }

    pub(super) fn into_text(self) -> Option<FailureText<'a>> {
        match self.at {
            At::Payload(_) => None,
            At::Failure(text) => Some(text),
        }
    }
}

/// What a part of a message is about.
#[derive(Clone)]
struct Frame {
    context: usize,
    workflow_type: String,
}

/// What becomes of the text of failures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TextRule {
    /// It goes into a payload.
    Hide,
    /// It stays where it is, in the open or not.
    Leave,
    /// It comes out of its payload, if it is in one.
    Restore,
}

pub(super) struct Collector<'a> {
    takes_headers: bool,
    text: TextRule,
    places: Vec<Place<'a>>,
    messages: Vec<(Frame, &'a mut Message)>,
    contexts: Vec<PayloadContext>,
    /// Never empty; the last is that of what is shown.
    frames: Vec<Frame>,
    outermost: About,
}

impl<'a> Collector<'a> {
    pub(super) fn new(about: About, takes_headers: bool, text: TextRule) -> Self {
        let frame = Frame {
            context: 0,
            workflow_type: about.workflow_type.clone(),
        };
        Self {
            takes_headers,
            text,
            places: Vec::new(),
            messages: Vec::new(),
            contexts: vec![about.context.clone()],
            frames: vec![frame],
            outermost: about,
        }
    }

    /// The messages of the update protocol that can be decoded.
    pub(super) fn take_bodies(&mut self) -> Vec<Body<'a>> {
        let messages = mem::take(&mut self.messages);
        let bodies = messages.into_iter().filter_map(|(frame, message)| {
            let content = Content::decode(message)?;
            Some(Body {
                frame,
                message,
                content,
            })
        });
        bodies.collect()
    }

    pub(super) fn into_parts(self) -> (Vec<Place<'a>>, Vec<PayloadContext>, About) {
        (self.places, self.contexts, self.outermost)
    }

    fn context(&self) -> usize {
        self.frames.last().map_or(0, |frame| frame.context)
    }

    fn push(&mut self, at: At<'a>) {
        let context = self.context();
        self.places.push(Place { context, at });
    }

    /// What is shown next is about this, until the next `leave`.
    fn enter_context(&mut self, context: PayloadContext, workflow_type: String) {
        let mut at = self.context();
        if self.contexts.get(at) != Some(&context) {
            at = self.contexts.len();
            self.contexts.push(context);
        }
        self.frames.push(Frame {
            context: at,
            workflow_type,
        });
    }

    fn current(&self) -> (PayloadContext, String) {
        let context = self.contexts.get(self.context()).cloned().unwrap_or_default();
        let workflow_type = self.frames.last().map(|frame| frame.workflow_type.clone());
        (context, workflow_type.unwrap_or_default())
    }
}

impl<'a> Visitor<'a> for Collector<'a> {
    fn payload(&mut self, payload: &'a mut Payload) {
        self.push(At::Payload(payload));
    }

    fn header(&mut self, header: &'a mut Header) {
        if self.takes_headers {
            header.fields.visit(self);
        }
    }

    fn attributes(&mut self, mut text: FailureText<'a>) {
        match self.text {
            // What came encoded and could not be read goes on as it is.
            TextRule::Hide if text.encoded.is_none() => {
                failure_text::hide(&mut text);
                self.push(At::Failure(text));
            }
            TextRule::Restore if text.encoded.is_some() => self.push(At::Failure(text)),
            _ => {}
        }
    }

    fn message(&mut self, message: &'a mut Message) {
        if let Some(frame) = self.frames.last() {
            self.messages.push((frame.clone(), message));
        }
    }

    fn marker(&mut self, marker: Marker<'a>) {
        marker.header.visit(self);
        match marker.name {
            PATCH_MARKER => {}
            LOCAL_ACTIVITY_MARKER => {
                let (context, workflow_type) = self.current();
                let activity = marker.details.get(LOCAL_ACTIVITY_DATA).and_then(|data| {
                    let data = &data.payloads.first()?.data;
                    serde_json::from_slice::<LocalActivity>(data).ok()
                });
                let context = match activity {
                    Some(activity) => context
                        .activity(&*workflow_type, activity.activity_id, activity.activity_type)
                        .local(),
                    None => context,
                };
                self.enter_context(context, workflow_type);
                for (name, payloads) in marker.details {
                    if name != LOCAL_ACTIVITY_DATA {
                        payloads.visit(self);
                    }
                }
                marker.failure.visit(self);
                self.leave();
            }
            _ => {
                marker.details.visit(self);
                marker.failure.visit(self);
            }
        }
    }

    fn enter(&mut self, subject: Subject<'_>) {
        let (mut context, mut workflow_type) = self.current();
        if !subject.namespace.is_empty() {
            context.set_namespace(subject.namespace);
        }
        if !subject.workflow_id.is_empty() && subject.workflow_id != context.workflow_id() {
            context.set_workflow_id(subject.workflow_id);
            workflow_type.clear();
        }
        if !subject.workflow_type.is_empty() {
            subject.workflow_type.clone_into(&mut workflow_type);
        }
        let is_known = subject.activity_type.is_empty() && context.activity_id() == Some(subject.activity_id);
        if (!subject.activity_id.is_empty() || !subject.activity_type.is_empty()) && !is_known {
            context = context.activity(&*workflow_type, subject.activity_id, subject.activity_type);
        } else if let Some((id, kind)) = self.outermost.scheduled.get(&subject.scheduled_event_id) {
            context = context.activity(&*workflow_type, id, kind);
        }
        if self.frames.len() == 1 {
            self.outermost.context = context.clone();
            self.outermost.workflow_type.clone_from(&workflow_type);
        }
        self.enter_context(context, workflow_type);
    }

    fn leave(&mut self) {
        self.frames.pop();
    }
}

/// What the marker of a local activity says of it.
#[derive(Deserialize)]
struct LocalActivity {
    activity_id: String,
    activity_type: String,
}

/// A message of the update protocol, decoded.
pub(super) struct Body<'a> {
    frame: Frame,
    message: &'a mut Message,
    content: Content,
}

impl Carrier for Body<'_> {
    fn visit<'b>(&'b mut self, visitor: &mut dyn Visitor<'b>) {
        match &mut self.content {
            Content::Request(content) => content.visit(visitor),
            Content::Response(content) => content.visit(visitor),
            Content::Acceptance(content) => content.visit(visitor),
            Content::Rejection(content) => content.visit(visitor),
        }
    }
}

impl Body<'_> {
    pub(super) fn show<'b>(&'b mut self, collector: &mut Collector<'b>) {
        collector.frames.push(self.frame.clone());
        self.visit(collector);
        collector.leave();
    }

    pub(super) fn put_back(self) {
        if let Some(body) = &mut self.message.body {
            body.value = match &self.content {
                Content::Request(content) => prost::Message::encode_to_vec(content),
                Content::Response(content) => prost::Message::encode_to_vec(content),
                Content::Acceptance(content) => prost::Message::encode_to_vec(content),
                Content::Rejection(content) => prost::Message::encode_to_vec(content),
            };
        }
    }
}

#[allow(clippy::large_enum_variant, reason = "there are few, and not for long")]
enum Content {
    Request(update::Request),
    Response(update::Response),
    Acceptance(update::Acceptance),
    Rejection(update::Rejection),
}

impl Content {
    fn decode(message: &Message) -> Option<Self> {
        let body = message.body.as_ref()?;
        let name = body.type_url.rsplit('/').next().unwrap_or_default();
        let bytes = &*body.value;
        match name {
            _ if name == update::Request::full_name() => prost::Message::decode(bytes).ok().map(Self::Request),
            _ if name == update::Response::full_name() => prost::Message::decode(bytes).ok().map(Self::Response),
            _ if name == update::Acceptance::full_name() => prost::Message::decode(bytes).ok().map(Self::Acceptance),
            _ if name == update::Rejection::full_name() => prost::Message::decode(bytes).ok().map(Self::Rejection),
            _ => None,
        }
    }
}
