//! Links to events, as Nexus handlers get and send them: addresses with a type.

use crate::{
    capitals,
    common::{
        self,
        link::{
            NexusOperation, Variant, WorkflowEvent,
            workflow_event::{EventReference, Reference, RequestIdReference},
        },
    },
    enums::EventType,
    nexus,
};
use std::collections::BTreeMap;
use std::fmt::Write as _;

const NEXUS_OPERATION: &str = "temporal.api.common.v1.Link.NexusOperation";
const WORKFLOW_EVENT: &str = "temporal.api.common.v1.Link.WorkflowEvent";
const EVENT_TYPES_MAX: i32 = 100;

/// The address of an event of a run; nothing for links to other things.
#[must_use]
pub fn to_nexus(link: &common::Link) -> Option<nexus::Link> {
    let event = match &link.variant {
        Some(Variant::WorkflowEvent(event)) => event,
        Some(Variant::NexusOperation(operation)) => return Some(to_operation(operation)),
        _ => return None,
    };
    let mut url = format!(
        "temporal:///namespaces/{}/workflows/{}/{}/history",
        encoded(&event.namespace),
        encoded(&event.workflow_id),
        encoded(&event.run_id)
    );
    match &event.reference {
        Some(Reference::EventRef(reference)) => {
            let _ = write!(
                url,
                "?eventID={}&eventType={}&referenceType=EventReference",
                reference.event_id,
                name_of(reference.event_type())
            );
        }
        Some(Reference::RequestIdRef(reference)) => {
            let _ = write!(
                url,
                "?eventType={}&referenceType=RequestIdReference&requestID={}",
                name_of(reference.event_type()),
                encoded(&reference.request_id)
            );
        }
        None => {}
    }
    Some(nexus::Link {
        url,
        r#type: WORKFLOW_EVENT.to_owned(),
    })
}

fn to_operation(operation: &NexusOperation) -> nexus::Link {
    nexus::Link {
        url: format!(
            "temporal:///namespaces/{}/nexus-operations/{}/{}/details",
            encoded(&operation.namespace),
            encoded(&operation.operation_id),
            encoded(&operation.run_id)
        ),
        r#type: NEXUS_OPERATION.to_owned(),
    }
}

/// The links among those of a handler that name events; others have no place in history.
#[must_use]
pub fn from_nexus(links: &[nexus::Link]) -> Vec<common::Link> {
    links.iter().filter_map(read).collect()
}

fn read(link: &nexus::Link) -> Option<common::Link> {
    if link.r#type != WORKFLOW_EVENT {
        return None;
    }
    let rest = link.url.strip_prefix("temporal:///namespaces/")?;
    let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
    let mut parts = path.split('/');
    let namespace = decoded(parts.next()?)?;
    if parts.next()? != "workflows" {
        return None;
    }
    let workflow_id = decoded(parts.next()?)?;
    let run_id = decoded(parts.next()?)?;
    if parts.next()? != "history" {
        return None;
    }
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let query: BTreeMap<&str, &str> = pairs.collect();
    let kind = query
        .get("eventType")
        .map_or(EventType::Unspecified, |name| event_type(name));
    let reference = match query.get("referenceType").copied() {
        Some("EventReference") => Reference::EventRef(EventReference {
            event_id: query.get("eventID").and_then(|id| id.parse().ok()).unwrap_or(0),
            event_type: kind.into(),
        }),
        Some("RequestIdReference") => Reference::RequestIdRef(RequestIdReference {
            request_id: query.get("requestID").and_then(|id| decoded(id)).unwrap_or_default(),
            event_type: kind.into(),
        }),
        _ => return None,
    };
    Some(common::Link {
        variant: Some(Variant::WorkflowEvent(WorkflowEvent {
            namespace,
            workflow_id,
            run_id,
            reference: Some(reference),
        })),
    })
}

fn name_of(kind: EventType) -> String {
    capitals(kind.as_str_name(), "EVENT_TYPE_")
}

/// The type of that name, in either spelling.
fn event_type(name: &str) -> EventType {
    let known = (1..EVENT_TYPES_MAX).filter_map(|number| EventType::try_from(number).ok());
    let mut matching = known.filter(|kind| kind.as_str_name() == name || name_of(*kind) == name);
    matching.next().unwrap_or(EventType::Unspecified)
}

fn encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
                let (high, low) = (digit(rest.next())?, digit(rest.next())?);
                u8::try_from((high << 4) | low).ok()?
            }
            b'+' => b' ',
            byte => byte,
        });
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link(reference: Reference) -> common::Link {
        common::Link {
            variant: Some(Variant::WorkflowEvent(WorkflowEvent {
                namespace: "default".to_owned(),
                workflow_id: "order/1 of ü".to_owned(),
                run_id: "run".to_owned(),
                reference: Some(reference),
            })),
        }
    }

    #[test]
    fn a_link_reads_back_what_it_writes() {
        let by_event = link(Reference::EventRef(EventReference {
            event_id: 5,
            event_type: EventType::NexusOperationScheduled.into(),
        }));
        let by_request = link(Reference::RequestIdRef(RequestIdReference {
            request_id: "a b".to_owned(),
            event_type: EventType::WorkflowExecutionOptionsUpdated.into(),
        }));
        for link in [by_event, by_request] {
            let nexus = to_nexus(&link).unwrap();
            assert_eq!(from_nexus(std::slice::from_ref(&nexus)), [link], "{}", nexus.url);
        }
    }

    #[test]
    fn an_address_has_the_form_of_the_original() {
        let nexus = to_nexus(&link(Reference::EventRef(EventReference {
            event_id: 5,
            event_type: EventType::NexusOperationScheduled.into(),
        })));
        assert_eq!(
            nexus.unwrap().url,
            "temporal:///namespaces/default/workflows/order%2F1%20of%20%C3%BC/run/history\
             ?eventID=5&eventType=NexusOperationScheduled&referenceType=EventReference"
        );
    }

    #[test]
    fn links_to_other_things_are_passed_over() {
        let other = |url: &str, kind: &str| nexus::Link {
            url: url.to_owned(),
            r#type: kind.to_owned(),
        };
        let links = [
            other("https://example.org", "page"),
            other("temporal:///namespaces/default", WORKFLOW_EVENT),
            other("temporal:///namespaces/a/workflows/%zz/b/history", WORKFLOW_EVENT),
        ];
        assert_eq!(from_nexus(&links), []);
    }
}
