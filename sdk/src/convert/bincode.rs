//! Values as bincode.

use super::{ConvertFailure, PayloadConverter, Value, Wanted};
use bincode::{
    config::{Configuration, standard},
    serde::{BorrowedSerdeDecoder, encode_to_vec},
};
use steadfast_proto::common::Payload;

const BINCODE: &str = "binary/bincode";
const CONFIGURATION: Configuration = standard();

/// `binary/bincode`: everything that serde writes, small and fast; for Rust alone.
///
/// Fields have no names and come one after the other, in bincode's standard configuration: small numbers are one byte, others
/// little-endian. So a field that is added makes old payloads unreadable, and types that want to know what comes, as those
/// with `serde(untagged)`, `flatten` or `skip_serializing_if`, can't be read. JSON, which has none of that, is what
/// the other languages and the web interface read; what was written as JSON before is still read.
///
/// ```
/// use steadfast::{Client, convert::{BincodeConverter, Converter}};
///
/// let converter = Converter::with(BincodeConverter);
/// let payload = converter.encode(&("tea".to_owned(), 300_u32))?;
/// assert_eq!(payload.encoding(), b"binary/bincode");
/// assert_eq!(payload.data.as_ref(), b"\x03tea\xfb\x2c\x01");
/// assert_eq!(converter.decode::<(String, u32)>(Some(&payload))?, ("tea".into(), 300));
///
/// # fn example(converter: Converter) -> steadfast::client::ClientBuilder {
/// Client::builder().converter(converter)
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct BincodeConverter;

impl PayloadConverter for BincodeConverter {
    fn encoding(&self) -> &'static str {
        BINCODE
    }

    fn encode(&self, value: &Value<'_>) -> Result<Option<Payload>, ConvertFailure> {
        Ok(Some(Payload::encoded(BINCODE, encode_to_vec(value, CONFIGURATION)?)))
    }

    fn decode(&self, payload: &Payload, wanted: &mut Wanted<'_>) -> Result<(), ConvertFailure> {
        let mut decoder = BorrowedSerdeDecoder::from_slice(&payload.data, CONFIGURATION, ());
        wanted.read(decoder.as_deserializer())
    }
}

#[cfg(test)]
mod tests {
    use super::super::*;
    use serde::{Deserialize, Serialize};

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    enum Shape {
        Round { radius: f64 },
        Flat(Vec<u16>, Option<String>),
        None,
    }

    #[test]
    fn values_are_written_as_bincode_and_read_again() {
        fn check<T: Data + PartialEq + std::fmt::Debug>(value: &T, encoding: &[u8]) {
            let converter = Converter::with(BincodeConverter);
            let payload = converter.encode(value).unwrap();
            assert_eq!(payload.encoding(), encoding, "{value:?}");
            assert_eq!(&converter.decode::<T>(Some(&payload)).unwrap(), value);
        }
        check(&Shape::Round { radius: 0.5 }, b"binary/bincode");
        check(&Shape::Flat(vec![1, 70], Some("x".to_owned())), b"binary/bincode");
        check(&Shape::None, b"binary/bincode");
        check(&-1_i128, b"binary/bincode");
        check(&vec![1_u8], b"binary/plain");
        check(&(), b"binary/null");
    }

    #[test]
    fn json_is_still_read_and_what_is_cut_off_is_an_error() {
        let converter = Converter::with(BincodeConverter);
        let json = Converter::default().encode(&7_u32).unwrap();
        assert_eq!(converter.decode::<u32>(Some(&json)).unwrap(), 7);
        let mut payload = converter.encode(&"seven".to_owned()).unwrap();
        payload.data = payload.data.slice(..3);
        let error = converter.decode::<String>(Some(&payload)).unwrap_err().to_string();
        assert!(
            error.starts_with("a binary/bincode payload is not a `alloc::string::String`"),
            "{error}"
        );
    }
}
