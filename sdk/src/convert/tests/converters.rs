//! Encodings of users' own, and protobuf messages.

use super::{super::*, decode, encode, text};
use steadfast_proto::{
    common::{Payload, WorkflowExecution},
    prost::{Message, Name},
};

fn execution() -> WorkflowExecution {
    WorkflowExecution {
        workflow_id: "order-1".to_owned(),
        run_id: "1".to_owned(),
    }
}

/// As `pbjson` would generate it.
#[derive(Clone, PartialEq, Message, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Order {
    #[prost(string, tag = "1")]
    order_id: String,
}

impl Name for Order {
    const NAME: &'static str = "Order";
    const PACKAGE: &'static str = "shop";
}

fn order() -> Order {
    Order {
        order_id: "7".to_owned(),
    }
}

fn named(mut payload: Payload, name: &'static str) -> Payload {
    payload.metadata.insert("messageType".to_owned(), name.into());
    payload
}

#[test]
fn protobuf_messages_are_written_as_other_sdks_write_them() {
    let binary = encode(&BinaryProto(execution()));
    let expected = Payload::encoded("binary/protobuf", execution().encode_to_vec());
    assert_eq!(binary, named(expected, "temporal.api.common.v1.WorkflowExecution"));
    assert_eq!(decode(&binary), Ok(BinaryProto(execution())));

    let json = encode(&JsonProto(order()));
    assert_eq!(
        json,
        named(Payload::encoded("json/protobuf", r#"{"orderId":"7"}"#), "shop.Order")
    );
    assert_eq!(decode(&json), Ok(JsonProto(order())));
    assert_eq!(decode(&encode(&Some(JsonProto(order())))), Ok(Some(JsonProto(order()))));
    assert_eq!(encode(&None::<BinaryProto<Order>>).encoding(), b"binary/null");
}

#[test]
fn a_message_that_came_as_bytes_is_read_where_json_is_written_but_not_the_other_way_round() {
    let binary = encode(&BinaryProto(order()));
    assert_eq!(decode(&binary), Ok(JsonProto(order())));
    let json = encode(&JsonProto(order()));
    let error = text::<BinaryProto<Order>>(&json);
    assert!(
        error.contains("it came as json/protobuf, and a `BinaryProto` is read from binary/protobuf alone"),
        "{error}"
    );
    let error = text::<String>(&binary);
    assert!(
        error.contains("only `BinaryProto` and `JsonProto` hold protobuf messages"),
        "{error}"
    );
    assert_eq!(decode::<Order>(&json), Ok(order()), "its JSON is JSON all the same");
    assert!(text::<BinaryProto<Order>>(&encode(&"x".to_owned())).contains("BinaryProto"));
}

#[test]
fn within_another_type_a_message_is_json_or_nothing() {
    let list = vec![JsonProto(order())];
    assert_eq!(encode(&list), Payload::encoded("json/plain", r#"[{"orderId":"7"}]"#));
    assert_eq!(decode(&encode(&list)), Ok(list));
    let error = Converter::default().encode(&vec![BinaryProto(order())]).unwrap_err();
    assert!(error.to_string().contains("cannot be part of another type"), "{error}");
}

/// Texts in capitals.
struct Loud;

impl PayloadConverter for Loud {
    fn encoding(&self) -> &'static str {
        "text/loud"
    }

    fn encode(&self, value: &Value<'_>) -> Result<Option<Payload>, ConvertFailure> {
        let Some(text) = value.downcast_ref::<String>() else {
            return Ok(None);
        };
        if text.is_empty() {
            return Err("there is nothing to shout".into());
        }
        Ok(Some(Payload::encoded("text/loud", text.to_uppercase())))
    }

    fn decode(&self, payload: &Payload, wanted: &mut Wanted<'_>) -> Result<(), ConvertFailure> {
        let text = String::from_utf8(payload.data.to_vec())?;
        if wanted.fill(text.to_lowercase()) {
            Ok(())
        } else {
            Err("it is a text".into())
        }
    }
}

#[test]
fn an_encoding_of_ones_own_stands_before_json() {
    let converter = Converter::with(Loud);
    let payload = converter.encode(&"hello".to_owned()).unwrap();
    assert_eq!(payload, Payload::encoded("text/loud", "HELLO"));
    assert_eq!(converter.decode::<String>(Some(&payload)).unwrap(), "hello");
    let error = converter.decode::<u32>(Some(&payload)).unwrap_err().to_string();
    assert_eq!(error, "a text/loud payload is not a `u32`: it is a text");
    let error = converter.encode(&String::new()).unwrap_err().to_string();
    assert!(
        error.ends_with("cannot be encoded: there is nothing to shout"),
        "{error}"
    );
}

#[test]
fn beside_an_encoding_of_ones_own_the_standard_ones_are_as_ever() {
    fn check<T: Data + PartialEq + std::fmt::Debug>(value: &T) {
        let (standard, own) = (Converter::default(), Converter::with(Loud));
        let payload = standard.encode(value).unwrap();
        assert_eq!(own.encode(value).unwrap(), payload, "{value:?}");
        assert_eq!(&own.decode::<T>(Some(&payload)).unwrap(), value);
    }
    check(&());
    check(&None::<u32>);
    check(&Some(7_u32));
    check(&vec![1_u8, 2]);
    check(&Some(vec![1_u8]));
    check(&bytes::Bytes::from_static(b"x"));
    check(&vec![1_u32]);
    check(&JsonProto(order()));
    check(&BinaryProto(execution()));
    check(&RawValue(Payload::encoded("binary/encrypted", "x")));
    assert_eq!(Converter::with(Loud).decode::<Option<u32>>(None).unwrap(), None);
}

#[test]
fn only_the_encodings_of_a_composite_are_known_to_it() {
    let converter = Converter::composite(vec![Box::new(Loud), Box::new(NullConverter)]);
    let error = converter.encode(&7_u32).unwrap_err().to_string();
    assert!(
        error.ends_with("none of the encodings takes it: text/loud, binary/null"),
        "{error}"
    );
    let json = encode(&7_u32);
    let error = converter.decode::<u32>(Some(&json)).unwrap_err().to_string();
    assert!(
        error.starts_with("unknown encoding \"json/plain\", expected a `u32` as text/loud, binary/null"),
        "{error}"
    );
}

#[test]
fn an_unknown_encoding_says_which_codecs_there_are() {
    let mut converter = Converter::default();
    let sealed = Payload::encoded("binary/sealed", "x");
    let error = converter.decode::<u32>(Some(&sealed)).unwrap_err().to_string();
    assert!(
        error.ends_with("(does the sender use a codec, for encryption say? none is set up here)"),
        "{error}"
    );
    converter.set_codecs("my::Zip".to_owned());
    let error = converter.decode::<u32>(Some(&sealed)).unwrap_err().to_string();
    assert!(
        error.ends_with("(set up here is my::Zip, which left it as it came)"),
        "{error}"
    );
}
