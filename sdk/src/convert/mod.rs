//! From Rust values to payloads and back.
//!
//! The encodings are those of every other Temporal SDK, so that workflows, activities and clients of different
//! languages understand each other:
//!
//! | Rust value | encoding | data |
//! |---|---|---|
//! | `()`, `None`, anything that serialises to JSON's `null` | `binary/null` | none |
//! | `Vec<u8>`, [`bytes::Bytes`] | `binary/plain` | the bytes |
//! | [`JsonProto`] | `json/protobuf` | protobuf's own JSON, and the message's name as metadata |
//! | [`BinaryProto`] | `binary/protobuf` | the message's bytes, and its name as metadata |
//! | everything else | `json/plain` | JSON, written by serde |
//!
//! [`RawValue`] stands for a payload that is passed on as it is. Other encodings are a [`PayloadConverter`] each; what is
//! done to payloads after that, as encryption, is a [`PayloadCodec`].

mod args;
#[cfg(feature = "bincode")]
mod bincode;
mod codec;
mod coding;
mod collect;
mod context;
mod data;
mod error;
mod external_storage;
mod failure_converter;
mod failure_text;
mod look;
mod payload_converter;
mod protobuf;
mod raw;
#[cfg(test)]
mod tests;
mod value;

#[cfg(feature = "bincode")]
pub use self::bincode::BincodeConverter;
pub use args::{Args, Arguments, Fallible, encode_one};
pub use codec::{CodecError, CodecFailure, CodecItem, HeaderCodec, PayloadCodec};
pub(crate) use coding::{About, Coding};
pub use context::PayloadContext;
pub use data::{Converter, Data, data};
pub use error::{DecodeError, EncodeError};
pub use external_storage::{Claim, ExternalStorage, PayloadStore};
pub use failure_converter::FailureConverter;
pub(crate) use failure_text::restore_all;
pub use payload_converter::{
    BinaryProtoConverter, BytesConverter, ConvertFailure, JsonConverter, JsonProtoConverter, NullConverter,
    PayloadConverter,
};
pub use protobuf::{BinaryProto, JsonProto};
pub use raw::{RawArgs, RawValue};
pub use value::{Value, Wanted};
