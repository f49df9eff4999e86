//! Payloads as HTTP content, and back.

use bytes::Bytes;
use std::collections::BTreeMap;
use steadfast_proto::{
    common::Payload,
    nexus,
    prost::Message,
    tonic::codegen::http::{HeaderMap, HeaderValue, header::CONTENT_TYPE},
};

/// Content that no encoding of payloads stands for.
const FOREIGN: &str = "unknown/nexus-content";
/// Content that is a whole payload.
const WHOLE: &str = "application/x-temporal-payload";

/// A payload's type as HTTP says it, and its bytes.
pub(super) fn of_payload(payload: Option<Payload>) -> (Option<String>, Bytes) {
    let Some(payload) = payload else {
        return (None, Bytes::new());
    };
    let of = |key: &str| {
        payload
            .metadata
            .get(key)
            .and_then(|value| std::str::from_utf8(value).ok())
    };
    let message = |kind: &str| of("messageType").map(|name| format!("{kind}; message-type={name:?}"));
    let kind = match (of("encoding"), payload.metadata.len()) {
        (Some("binary/null"), 1) => return (None, Bytes::new()),
        (Some("json/plain"), 1) => Some("application/json".to_owned()),
        (Some("binary/plain"), 1) => Some("application/octet-stream".to_owned()),
        (Some("json/protobuf"), 2) => message("application/json; format=protobuf"),
        (Some("binary/protobuf"), 2) => message("application/x-protobuf"),
        (Some(FOREIGN), 2) => of("type").map(str::to_owned),
        _ => None,
    };
    match kind {
        Some(kind) => (Some(kind), payload.data),
        None => (Some(WHOLE.to_owned()), payload.encode_to_vec().into()),
    }
}

/// Content as a payload.
pub(super) fn to_payload(headers: &HeaderMap, body: Bytes) -> Result<Payload, String> {
    let whole = text(headers, CONTENT_TYPE.as_str());
    let (kind, parameters) = media_type(whole);
    let message = parameters.get("message-type").cloned();
    let more = |mut payload: Payload, key: &str, value: String| {
        payload.metadata.insert(key.to_owned(), value.into());
        payload
    };
    let is_plain = parameters.keys().all(|key| key == "charset");
    Ok(match (kind.as_str(), message) {
        ("", _) if body.is_empty() => Payload::encoded("binary/null", body),
        ("application/json", Some(name)) if parameters.get("format").is_some_and(|format| format == "protobuf") => {
            more(Payload::encoded("json/protobuf", body), "messageType", name)
        }
        ("application/json", _) if is_plain => Payload::encoded("json/plain", body),
        ("application/x-protobuf", Some(name)) => more(Payload::encoded("binary/protobuf", body), "messageType", name),
        ("application/octet-stream", _) if parameters.is_empty() => Payload::encoded("binary/plain", body),
        (WHOLE, _) => Payload::decode(body).map_err(|error| format!("malformed content of type {WHOLE}: {error}"))?,
        _ => more(Payload::encoded(FOREIGN, body), "type", whole.to_owned()),
    })
}

/// Whether the content is JSON.
pub(super) fn is_json(headers: &HeaderMap) -> bool {
    media_type(text(headers, CONTENT_TYPE.as_str())).0 == "application/json"
}

/// A header's value; empty if there is none, or none that is text.
pub(super) fn text<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers.get(name).map_or("", value)
}

fn value(value: &HeaderValue) -> &str {
    value.to_str().unwrap_or_default()
}

/// `type/subtype` and the parameters, names in small letters.
fn media_type(text: &str) -> (String, BTreeMap<String, String>) {
    let mut parts = text.split(';');
    let kind = parts.next().unwrap_or_default().trim().to_ascii_lowercase();
    let parameter = |part: &str| {
        let (key, value) = part.split_once('=')?;
        let value = value.trim().trim_matches('"').to_owned();
        Some((key.trim().to_ascii_lowercase(), value))
    };
    (kind, parts.filter_map(parameter).collect())
}

/// Links as the header has them: `<url>; type="type"`, one after the other.
pub(super) fn links(headers: &HeaderMap, name: &str) -> Vec<nexus::Link> {
    let all = headers.get_all(name).iter().flat_map(|found| value(found).split(','));
    all.filter_map(|text| {
        let (url, rest) = text.trim().strip_prefix('<')?.split_once('>')?;
        let (_, mut parameters) = media_type(rest);
        Some(nexus::Link {
            url: url.to_owned(),
            r#type: parameters.remove("type")?,
        })
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn there_and_back(payload: Payload) -> (Option<String>, Payload) {
        let (kind, body) = of_payload(Some(payload));
        let mut headers = HeaderMap::new();
        if let Some(kind) = &kind {
            headers.insert(CONTENT_TYPE, HeaderValue::from_str(kind).unwrap());
        }
        let back = to_payload(&headers, body).unwrap();
        (kind, back)
    }

    #[test]
    fn each_encoding_has_a_type_of_content_and_comes_back() {
        let mut message = Payload::encoded("json/protobuf", "{}");
        message.metadata.insert("messageType".to_owned(), "a.B".into());
        let mut bytes = message.clone();
        bytes.metadata.insert("encoding".to_owned(), "binary/protobuf".into());
        let mut foreign = Payload::encoded(FOREIGN, "text");
        foreign.metadata.insert("type".to_owned(), "text/plain".into());
        let other = Payload::encoded("binary/zlib", "z");
        let kinds = [
            (Payload::encoded("json/plain", "1"), Some("application/json")),
            (Payload::encoded("binary/plain", "1"), Some("application/octet-stream")),
            (Payload::encoded("binary/null", ""), None),
            (message, Some("application/json; format=protobuf; message-type=\"a.B\"")),
            (bytes, Some("application/x-protobuf; message-type=\"a.B\"")),
            (foreign, Some("text/plain")),
            (other, Some(WHOLE)),
        ];
        for (payload, kind) in kinds {
            let (said, back) = there_and_back(payload.clone());
            assert_eq!(said.as_deref(), kind);
            assert_eq!(back, payload);
        }
    }

    #[test]
    fn links_are_read_from_one_header_or_several() {
        let mut headers = HeaderMap::new();
        headers.append(
            LINKS,
            HeaderValue::from_static("<temporal:///a?b=c>; type=\"T\", <x>; type=\"U\""),
        );
        headers.append(LINKS, HeaderValue::from_static("<y>; type=\"V\""));
        headers.append(LINKS, HeaderValue::from_static("no link"));
        let found = links(&headers, LINKS);
        let types: Vec<&str> = found.iter().map(|link| link.r#type.as_str()).collect();
        assert_eq!(types, ["T", "U", "V"]);
        assert_eq!(found[0].url, "temporal:///a?b=c");
    }

    const LINKS: &str = super::super::LINK;
}
