//! Payloads are values or typed errors; failures are shown whatever is in them.

use prost::Message;
use std::collections::BTreeMap;
use steadfast::convert::{Converter, Data, RawValue};
use steadfast_proto::{common::Payloads, failure::Failure};

/// Values and a failure, as they come from elsewhere.
#[derive(Clone, PartialEq, Message)]
pub struct Input {
    #[prost(message, optional, tag = "1")]
    pub payloads: Option<Payloads>,
    #[prost(message, optional, tag = "2")]
    pub failure: Option<Failure>,
}

/// Decodes the values as all kinds of types.
pub fn run(data: &[u8]) {
    let Ok(input) = Input::decode(data) else { return };
    let payloads = input.payloads.as_ref();
    decode::<()>(payloads);
    decode::<bool>(payloads);
    decode::<u64>(payloads);
    decode::<i8>(payloads);
    decode::<f64>(payloads);
    decode::<String>(payloads);
    decode::<Vec<u8>>(payloads);
    decode::<Option<Vec<String>>>(payloads);
    decode::<BTreeMap<String, Option<u32>>>(payloads);
    decode::<serde_json::Value>(payloads);
    decode::<RawValue>(payloads);
    if let Some(failure) = input.failure {
        let _ = (failure.to_string(), format!("{failure:?}"));
    }
}

fn decode<T: Data>(payloads: Option<&Payloads>) {
    let converter = Converter::default();
    match converter.decode_result::<T>(payloads) {
        Ok(value) => {
            let encoded = converter.encode_result(&value).expect("what was decoded is encoded");
            let again: T = converter.decode_result(Some(&encoded)).expect("and decoded again");
            assert_eq!(converter.encode_result(&again).ok(), Some(encoded), "written twice");
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}
