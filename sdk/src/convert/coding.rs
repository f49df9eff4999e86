//! The one place where payloads cross between this process and the server.
//!
//! A message is walked once, what it carries is noted down, and the codecs are called with all of it. Nobody comes here
//! while there is no codec and failures stay readable.

use super::{
    CodecError, CodecItem, FailureConverter, HeaderCodec, PayloadCodec, PayloadContext,
    codec::AnyCodec,
    collect::{Collector, Place, TextRule},
    failure_converter::Failures,
    failure_text,
};
use std::{collections::BTreeMap, fmt, pin::Pin, sync::Arc};
use steadfast_proto::{Carrier, common::Payload};

/// How payloads are changed between this process and the server.
#[derive(Clone, Default)]
pub(crate) struct Coding {
    codecs: Vec<Arc<dyn AnyCodec>>,
    encodes_failures: bool,
    headers: HeaderCodec,
    failures: Option<Arc<dyn FailureConverter>>,
}

/// What a message is about as a whole.
#[derive(Debug, Clone, Default)]
pub(crate) struct About {
    pub(crate) context: PayloadContext,
    pub(crate) workflow_type: String,
    /// It is part of a workflow task, or of the answer to one.
    pub(crate) is_workflow_task: bool,
    /// The ids and types of the workflow's activities, by the event that scheduled each.
    pub(crate) scheduled: BTreeMap<i64, (String, String)>,
}

/// Codecs at work. In a box and for any message, as they are rare: their code is there once, not with each call that may need them.
type Coded<'c, T> = Pin<Box<dyn Future<Output = T> + Send + 'c>>;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    Out,
    In,
}

impl Coding {
    pub(crate) fn add(&mut self, codec: impl PayloadCodec) {
        self.codecs.push(Arc::new(codec));
    }

    pub(crate) fn set_headers(&mut self, headers: HeaderCodec) {
        self.headers = headers;
    }

    pub(crate) fn encode_failures(&mut self, encodes: bool) {
        self.encodes_failures = encodes;
    }

    pub(crate) fn set_failure_converter(&mut self, converter: impl FailureConverter) {
        self.failures = Some(Arc::new(converter));
    }

    /// Whether there is anything to do.
    pub(crate) fn is_needed(&self) -> bool {
        self.encodes_failures || !self.codecs.is_empty() || self.failures.is_some()
    }

    /// The codecs' names, for people.
    pub(crate) fn names(&self) -> String {
        let names: Vec<&str> = self.codecs.iter().map(|codec| codec.name()).collect();
        names.join(", ")
    }

    /// Changes what a message carries on its way out, and returns what the message says that it is about.
    pub(crate) fn encode<'c>(
        &'c self,
        about: About,
        message: &'c mut (dyn Carrier + Send),
    ) -> Coded<'c, Result<About, CodecError>> {
        Box::pin(self.run(Direction::Out, about, message, true))
    }

    /// Changes what a message carries on its way in, and returns what the message says that it is about.
    pub(crate) fn decode<'c>(
        &'c self,
        about: About,
        message: &'c mut (dyn Carrier + Send),
    ) -> Coded<'c, Result<About, CodecError>> {
        Box::pin(self.run(Direction::In, about, message, true))
    }

    /// As [`decode`](Self::decode), but what cannot be decoded stays as it is: who reads it is told.
    pub(crate) fn decode_what_can_be<'c>(
        &'c self,
        about: About,
        message: &'c mut (dyn Carrier + Send),
    ) -> Coded<'c, ()> {
        Box::pin(async move {
            if let Err(error) = self.run(Direction::In, about, message, false).await {
                tracing::debug!(%error, "a payload stays encoded");
            }
        })
    }

    async fn run(
        &self,
        direction: Direction,
        about: About,
        message: &mut (dyn Carrier + Send),
        is_strict: bool,
    ) -> Result<About, CodecError> {
        let takes_headers = match self.headers {
            HeaderCodec::None => false,
            HeaderCodec::All => true,
            HeaderCodec::WorkflowsOnly => about.is_workflow_task,
        };
        let text = match direction {
            Direction::Out if self.encodes_failures => TextRule::Hide,
            Direction::Out => TextRule::Leave,
            Direction::In => TextRule::Restore,
        };
        if direction == Direction::Out {
            self.convert_failures(direction, message);
        }
        let mut collector = Collector::new(about, takes_headers, text);
        message.visit(&mut collector);
        // The bodies of these are messages of their own.
        let mut bodies = collector.take_bodies();
        #[allow(clippy::redundant_locals, reason = "this one lives no longer than the bodies")]
        let mut collector = collector;
        for body in &mut bodies {
            if direction == Direction::Out {
                self.convert_failures(direction, body);
            }
            body.show(&mut collector);
        }
        let (places, contexts, outermost) = collector.into_parts();
        self.change(direction, places, &contexts, is_strict).await?;
        for mut body in bodies {
            if direction == Direction::In {
                self.convert_failures(direction, &mut body);
            }
            body.put_back();
        }
        if direction == Direction::In {
            self.convert_failures(direction, message);
        }
        Ok(outermost)
    }

    /// They are readable here: before they are encoded, after they are decoded.
    fn convert_failures(&self, direction: Direction, message: &mut dyn Carrier) {
        let Some(converter) = &self.failures else { return };
        message.visit(&mut Failures(|failure: &mut _| match direction {
            Direction::Out => converter.outgoing(failure),
            Direction::In => converter.incoming(failure),
        }));
    }

    /// Changes payloads by themselves, which are about this.
    #[cfg(feature = "codec-server")]
    pub(crate) async fn change_payloads(
        &self,
        is_decoding: bool,
        payloads: &mut [Payload],
        context: &PayloadContext,
    ) -> Result<(), CodecError> {
        let direction = if is_decoding { Direction::In } else { Direction::Out };
        let items = payloads.iter_mut().map(|payload| CodecItem { payload, context });
        self.call(direction, &mut items.collect::<Vec<_>>()).await
    }

    async fn change(
        &self,
        direction: Direction,
        mut places: Vec<Place<'_>>,
        contexts: &[PayloadContext],
        is_strict: bool,
    ) -> Result<(), CodecError> {
        let mut items: Vec<CodecItem<'_>> = places
            .iter_mut()
            .filter_map(|place| {
                let context = contexts.get(place.context)?;
                let payload = place.payload()?;
                Some(CodecItem { payload, context })
            })
            .collect();
        if is_strict {
            self.call(direction, &mut items).await?;
        } else {
            for item in &mut items {
                let mut payload = item.payload.clone();
                let copy = CodecItem {
                    payload: &mut payload,
                    context: item.context,
                };
                match self.call(direction, &mut [copy]).await {
                    Ok(()) => *item.payload = payload,
                    Err(error) => tracing::debug!(%error, "a payload stays encoded"),
                }
            }
        }
        if direction == Direction::In {
            for place in places {
                if let Some(mut text) = place.into_text() {
                    failure_text::restore(&mut text);
                }
            }
        }
        Ok(())
    }

    async fn call(&self, direction: Direction, items: &mut [CodecItem<'_>]) -> Result<(), CodecError> {
        if items.is_empty() {
            return Ok(());
        }
        for at in 0..self.codecs.len() {
            let codec = match direction {
                Direction::Out => self.codecs.get(at),
                // What was done last is undone first.
                Direction::In => self.codecs.iter().rev().nth(at),
            };
            let Some(codec) = codec else { continue };
            let done = match direction {
                Direction::Out => codec.encode(items).await,
                Direction::In => codec.decode(items).await,
            };
            done.map_err(|failure| {
                let encodings = items.iter().map(|item| encoding(item.payload)).collect();
                CodecError::new(codec.name(), direction == Direction::In, encodings, failure)
            })?;
        }
        Ok(())
    }
}

fn encoding(payload: &Payload) -> String {
    String::from_utf8_lossy(payload.encoding()).into_owned()
}

impl fmt::Debug for Coding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Coding")
            .field("codecs", &self.names())
            .field("encodes_failures", &self.encodes_failures)
            .field("headers", &self.headers)
            .finish()
    }
}
