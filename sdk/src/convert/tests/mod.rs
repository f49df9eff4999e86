mod coding;
mod converters;

use super::*;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, fmt};
use steadfast_proto::common::{Payload, Payloads};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Order {
    id: String,
    total_cents: u64,
    note: Option<String>,
}

fn order() -> Order {
    Order {
        id: "o1".to_owned(),
        total_cents: 5,
        note: None,
    }
}

fn encode<T: Data>(value: &T) -> Payload {
    Converter::default().encode(value).unwrap()
}

fn decode<T: Data>(payload: &Payload) -> Result<T, DecodeError> {
    Converter::default().decode(Some(payload))
}

fn text<T: Data + fmt::Debug>(payload: &Payload) -> String {
    decode::<T>(payload).unwrap_err().to_string()
}

#[test]
fn values_are_written_as_other_sdks_write_them() {
    // Encodings and data as Python's default converter gives them.
    fn check<T: Data + PartialEq + fmt::Debug>(value: T, encoding: &'static str, data: &'static [u8]) {
        let payload = encode(&value);
        assert_eq!(payload, Payload::encoded(encoding, data), "{value:?}");
        assert_eq!(decode::<T>(&payload), Ok(value));
    }
    check((), "binary/null", b"");
    check(None::<u32>, "binary/null", b"");
    check(Some(7_u32), "json/plain", b"7");
    check(vec![1_u8, 2], "binary/plain", b"\x01\x02");
    check(Bytes::from_static(b"\x01\x02"), "binary/plain", b"\x01\x02");
    check(Some(vec![1_u8, 2]), "binary/plain", b"\x01\x02");
    check(None::<Vec<u8>>, "binary/null", b"");
    check(vec![1_u32, 2], "json/plain", b"[1,2]");
    check(Vec::<u32>::new(), "json/plain", b"[]");
    check(String::new(), "json/plain", b"\"\"");
    check(-1_i64, "json/plain", b"-1");
    check(1.0_f64, "json/plain", b"1.0");
    check(true, "json/plain", b"true");
    check("a\n\"b\"".to_owned(), "json/plain", br#""a\n\"b\"""#);
    check(order(), "json/plain", br#"{"id":"o1","total_cents":5,"note":null}"#);
}

#[test]
fn what_other_sdks_write_is_read() {
    let escaped = Payload::encoded("json/plain", r#""text \u00e9""#);
    assert_eq!(decode::<String>(&escaped).unwrap(), "text é");
    let sorted = Payload::encoded("json/plain", r#"{"id":"o1","note":null,"total_cents":5}"#);
    assert_eq!(decode::<Order>(&sorted).unwrap(), order());
    let protobuf = Payload::encoded("json/protobuf", r#"{"id":"o1","total_cents":5}"#);
    assert_eq!(decode::<Order>(&protobuf).unwrap(), order());
    let numbers = Payload::encoded("json/plain", "[1,2]");
    assert_eq!(decode::<Vec<u8>>(&numbers).unwrap(), [1, 2]);
}

#[test]
fn a_payload_that_cannot_be_read_says_what_was_expected() {
    let number = encode(&7_u32);
    assert_eq!(
        text::<String>(&number),
        "a json/plain payload is not a `alloc::string::String`: invalid type: integer `7`, expected a string at line 1 column 1"
    );
    assert_eq!(
        text::<u32>(&encode(&())),
        "a binary/null payload is not a `u32`: invalid type: null, expected u32 at line 1 column 4"
    );
    assert_eq!(
        text::<u32>(&encode(&vec![1_u8])),
        "a binary/plain payload is not a `u32`: only `Vec<u8>` and `bytes::Bytes` hold plain bytes"
    );
    assert!(text::<u32>(&Payload::encoded("json/plain", "")).contains("EOF while parsing"));
    let encrypted = text::<u32>(&Payload::encoded("binary/encrypted", "x"));
    assert!(
        encrypted.starts_with("unknown encoding \"binary/encrypted\", expected a `u32`"),
        "{encrypted}"
    );
    assert!(text::<u32>(&Payload::default()).starts_with("unknown encoding \"\""));
}

#[test]
fn each_argument_is_a_payload_of_its_own() {
    let converter = Converter::default();
    let arguments = ("x".to_owned(), 2_u32, None::<bool>);
    let payloads = arguments.encode(&converter).unwrap();
    assert_eq!(payloads.payloads.len(), 3);
    assert_eq!(Args::decode(Some(&payloads), &converter), Ok(arguments));
    assert_eq!(().encode(&converter).unwrap(), Payloads::default());
    assert_eq!(encode_one(&7_u32, &converter), (7_u32,).encode(&converter));
}

#[test]
fn missing_arguments_are_null_and_surplus_ones_ignored() {
    let converter = Converter::default();
    let one = ("x".to_owned(),).encode(&converter).unwrap();
    let read: (String, Option<u32>, ()) = Args::decode(Some(&one), &converter).unwrap();
    assert_eq!(read, ("x".to_owned(), None, ()));
    assert_eq!(Args::decode(Some(&one), &converter), Ok(()));
    assert_eq!(Args::decode(None, &converter), Ok((None::<u32>,)));
    assert_eq!(converter.decode_result::<()>(None), Ok(()));
}

#[test]
fn an_argument_that_cannot_be_read_says_which_one() {
    let converter = Converter::default();
    let payloads = (1_u32, "two".to_owned()).encode(&converter).unwrap();
    let wrong = <(u32, u32)>::decode(Some(&payloads), &converter)
        .unwrap_err()
        .to_string();
    assert!(
        wrong.starts_with("argument 2 of 2: a json/plain payload is not a `u32`"),
        "{wrong}"
    );
    let missing = <(u32, String, u32)>::decode(Some(&payloads), &converter)
        .unwrap_err()
        .to_string();
    assert!(
        missing.starts_with("argument 3 of 3: missing; expected a `u32`"),
        "{missing}"
    );
}

#[test]
fn an_argument_that_cannot_be_written_says_which_one() {
    let unprintable = BTreeMap::from([((1, 2), 3)]);
    let error = (1_u32, unprintable)
        .encode(&Converter::default())
        .unwrap_err()
        .to_string();
    assert!(
        error.starts_with("argument 2 of 2: `alloc::collections::btree::map::BTreeMap"),
        "{error}"
    );
    assert!(error.ends_with("cannot be encoded: key must be a string"), "{error}");
}

#[test]
fn a_raw_value_is_passed_on_as_it_is_but_is_no_part_of_another() {
    let secret = Payload::encoded("binary/encrypted", "x");
    let raw: RawValue = decode(&secret).unwrap();
    assert_eq!(encode(&raw), secret);
    let part = Converter::default().encode(&vec![raw]).unwrap_err().to_string();
    assert!(part.contains("cannot be part of another type"), "{part}");
}

#[test]
fn errors_are_one_pointer_wide() {
    assert_eq!(size_of::<DecodeError>(), size_of::<usize>());
    assert_eq!(size_of::<EncodeError>(), size_of::<usize>());
}
