//! From Rust values to payloads and back.
//!
//! The encodings are those of every other Temporal SDK, so that workflows, activities and clients of different
//! languages understand each other:
//!
//! | Rust value | encoding | data |
//! |---|---|---|
//! | `()`, `None`, anything that serialises to JSON's `null` | `binary/null` | none |
//! | `Vec<u8>`, [`bytes::Bytes`] | `binary/plain` | the bytes |
//! | everything else | `json/plain` | JSON, written by serde |
//!
//! [`RawValue`] stands for a payload that is passed on as it is.

mod args;
mod data;
mod error;
mod raw;
#[cfg(test)]
mod tests;

pub use args::{Args, Arguments, Fallible, encode_one};
pub use data::{Converter, Data, data};
pub use error::{DecodeError, EncodeError};
pub use raw::{RawArgs, RawValue};
