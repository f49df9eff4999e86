//! Codecs: bytes to other bytes, for encryption and compression.

use super::PayloadContext;
use std::{any::type_name, error::Error, fmt, pin::Pin, sync::Arc};
use steadfast_proto::common::Payload;

/// Changes payloads on their way out and changes them back on their way in: encryption, compression.
///
/// Payloads are made of values first, by the [`Converter`](super::Converter), and are changed as they leave the process; the
/// server sees nothing else. A codec keeps its hands off what it has not encoded itself, so that it can be introduced while
/// workflows run: it says what it did by the [encoding](Payload::encoding) that it writes.
///
/// One call gets all payloads of a task or a request, which may be about several workflows and activities, so that a codec
/// that asks somebody else does so once. Each keeps its place.
///
/// ```
/// use steadfast::{Client, convert::{CodecFailure, CodecItem, PayloadCodec}, proto::{common::Payload, prost::Message}};
///
/// /// Not for secrets.
/// struct Turned;
///
/// impl PayloadCodec for Turned {
///     async fn encode(&self, items: &mut [CodecItem<'_>]) -> Result<(), CodecFailure> {
///         for item in items {
///             let turned: Vec<u8> = item.payload.encode_to_vec().into_iter().rev().collect();
///             *item.payload = Payload::encoded("binary/turned", turned);
///         }
///         Ok(())
///     }
///
///     async fn decode(&self, items: &mut [CodecItem<'_>]) -> Result<(), CodecFailure> {
///         for item in items.iter_mut().filter(|item| item.payload.encoding() == b"binary/turned") {
///             let turned: Vec<u8> = item.payload.data.iter().rev().copied().collect();
///             *item.payload = Payload::decode(turned.as_slice())?;
///         }
///         Ok(())
///     }
/// }
///
/// # fn example() -> steadfast::client::ClientBuilder {
/// Client::builder().codec(Turned)
/// # }
/// ```
pub trait PayloadCodec: Send + Sync + 'static {
    /// Changes payloads that leave the process.
    ///
    /// # Errors
    /// A payload cannot be encoded: nothing is sent.
    fn encode(&self, items: &mut [CodecItem<'_>]) -> impl Future<Output = Result<(), CodecFailure>> + Send;

    /// Changes payloads back that come into the process, and leaves alone what is not of this codec.
    ///
    /// # Errors
    /// A payload cannot be decoded, for there is no key, say: a workflow task or an attempt of an activity fails, and is
    /// tried again.
    fn decode(&self, items: &mut [CodecItem<'_>]) -> impl Future<Output = Result<(), CodecFailure>> + Send;
}

/// Why a codec gave up, in any error type.
pub type CodecFailure = Box<dyn Error + Send + Sync>;

/// A payload, and what it is about.
#[derive(Debug)]
pub struct CodecItem<'i> {
    /// The payload, to be changed in place.
    pub payload: &'i mut Payload,
    /// What it is about.
    pub context: &'i PayloadContext,
}

/// What codecs do with the payloads of headers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum HeaderCodec {
    /// Headers are left as they are.
    #[default]
    None,
    /// Headers are encoded and decoded like all else.
    All,
    /// Headers are encoded and decoded by workflows, and left as they are by clients and activities.
    WorkflowsOnly,
}

/// What a call of a codec comes to.
pub(super) type Change<'c> = Pin<Box<dyn Future<Output = Result<(), CodecFailure>> + Send + 'c>>;

/// A codec that can be kept beside others.
pub(super) trait AnyCodec: Send + Sync {
    fn encode<'c>(&'c self, items: &'c mut [CodecItem<'_>]) -> Change<'c>;
    fn decode<'c>(&'c self, items: &'c mut [CodecItem<'_>]) -> Change<'c>;
    fn name(&self) -> &'static str;
}

impl<C: PayloadCodec> AnyCodec for C {
    fn encode<'c>(&'c self, items: &'c mut [CodecItem<'_>]) -> Change<'c> {
        Box::pin(PayloadCodec::encode(self, items))
    }

    fn decode<'c>(&'c self, items: &'c mut [CodecItem<'_>]) -> Change<'c> {
        Box::pin(PayloadCodec::decode(self, items))
    }

    fn name(&self) -> &'static str {
        type_name::<C>()
    }
}

/// A codec gave up. It names the codec, and the encodings of what it was given.
#[derive(Clone)]
pub struct CodecError(Arc<Inner>);

struct Inner {
    codec: &'static str,
    is_decoding: bool,
    encodings: Vec<String>,
    failure: CodecFailure,
}

impl CodecError {
    pub(super) fn new(
        codec: &'static str,
        is_decoding: bool,
        mut encodings: Vec<String>,
        failure: CodecFailure,
    ) -> Self {
        encodings.sort();
        encodings.dedup();
        Self(Arc::new(Inner {
            codec,
            is_decoding,
            encodings,
            failure,
        }))
    }

    /// The codec's type.
    #[must_use]
    pub fn codec(&self) -> &str {
        self.0.codec
    }

    /// Whether something was to be decoded, rather than encoded.
    #[must_use]
    pub fn is_decoding(&self) -> bool {
        self.0.is_decoding
    }

    /// The encodings of what was to be changed, each once.
    pub fn encodings(&self) -> impl Iterator<Item = &str> {
        self.0.encodings.iter().map(String::as_str)
    }
}

impl fmt::Display for CodecError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the codec `{}` cannot {} payloads of {}: {}",
            self.0.codec,
            if self.0.is_decoding { "decode" } else { "encode" },
            self.0.encodings.join(", "),
            self.0.failure
        )
    }
}

impl fmt::Debug for CodecError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("CodecError").field(&self.to_string()).finish()
    }
}

impl Error for CodecError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.0.failure)
    }
}
