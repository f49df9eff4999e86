//! Nexus endpoints: made, found, changed, deleted.

use crate::{handler::*, support::*};
use steadfast_proto::{
    nexus::{self, endpoint_target},
    operatorservice::*,
    tonic::{Code, Request},
};

#[tokio::test]
async fn an_endpoint_is_made_found_changed_and_deleted() {
    let operator = real().server.operator_service();
    let made = create(&operator, spec("one", "default", "queue")).await.unwrap();
    assert_eq!(made.version, 1);
    let taken = create(&operator, spec("one", "default", "queue")).await.unwrap_err();
    assert_eq!(taken.code(), Code::AlreadyExists);
    let update = |version| UpdateNexusEndpointRequest {
        id: made.id.clone(),
        version,
        spec: Some(spec("two", "default", "other")),
    };
    let stale = operator
        .update_nexus_endpoint(Request::new(update(7)))
        .await
        .unwrap_err();
    assert_eq!(stale.code(), Code::FailedPrecondition);
    operator.update_nexus_endpoint(Request::new(update(1))).await.unwrap();
    let get = GetNexusEndpointRequest { id: made.id.clone() };
    let got = operator
        .get_nexus_endpoint(Request::new(get.clone()))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(got.endpoint.unwrap().spec.unwrap().name, "two");
    let list = ListNexusEndpointsRequest {
        name: "two".to_owned(),
        ..Default::default()
    };
    let listed = operator
        .list_nexus_endpoints(Request::new(list))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(listed.endpoints.len(), 1);
    let delete = DeleteNexusEndpointRequest {
        id: made.id,
        version: 2,
    };
    operator.delete_nexus_endpoint(Request::new(delete)).await.unwrap();
    let gone = operator.get_nexus_endpoint(Request::new(get)).await.unwrap_err();
    assert_eq!(gone.code(), Code::NotFound);
}

#[tokio::test]
async fn endpoints_are_listed_in_pages() {
    let operator = real().server.operator_service();
    for name in ["first", "second", "third"] {
        create(&operator, spec(name, "default", "queue")).await.unwrap();
    }
    let mut seen = Vec::new();
    let mut next_page_token = bytes::Bytes::new();
    loop {
        let list = ListNexusEndpointsRequest {
            page_size: 2,
            next_page_token,
            ..Default::default()
        };
        let page = operator
            .list_nexus_endpoints(Request::new(list))
            .await
            .unwrap()
            .into_inner();
        seen.extend(page.endpoints.into_iter().map(|endpoint| endpoint.spec.unwrap().name));
        next_page_token = page.next_page_token;
        if next_page_token.is_empty() {
            break;
        }
    }
    seen.sort();
    assert_eq!(seen, ["first", "second", "third"]);
}

#[tokio::test]
async fn what_is_wrong_with_an_endpoint_is_said() {
    let operator = real().server.operator_service();
    let refused = [
        (
            spec("", "default", "queue"),
            Code::InvalidArgument,
            "endpoint name not set",
        ),
        (
            spec("-a-", "default", "queue"),
            Code::InvalidArgument,
            "must match the regex",
        ),
        (
            spec("name", "nowhere", "queue"),
            Code::FailedPrecondition,
            "Namespace nowhere is not found",
        ),
        (
            spec("name", "default", ""),
            Code::InvalidArgument,
            "invalid target task queue",
        ),
        (
            nexus::EndpointSpec::default(),
            Code::InvalidArgument,
            "empty target variant",
        ),
    ];
    for (spec, code, text) in refused {
        let status = create(&operator, spec).await.unwrap_err();
        assert_eq!(status.code(), code, "{status}");
        assert!(status.message().contains(text), "{status}");
    }
}

pub(crate) fn external(url: &str) -> nexus::EndpointSpec {
    nexus::EndpointSpec {
        name: "elsewhere".to_owned(),
        target: Some(nexus::EndpointTarget {
            variant: Some(endpoint_target::Variant::External(endpoint_target::External {
                url: url.to_owned(),
            })),
        }),
        ..Default::default()
    }
}

#[tokio::test]
async fn an_endpoint_may_have_an_address_as_its_target() {
    let operator = real().server.operator_service();
    let made = create(&operator, external("http://localhost:1/base")).await.unwrap();
    assert_eq!(made.spec, Some(external("http://localhost:1/base")));
    let refused = [
        ("", Code::InvalidArgument, "empty target URL"),
        (
            "nowhere",
            Code::InvalidArgument,
            r#"invalid target URL scheme: "", expected http or https"#,
        ),
        (
            "ftp://h/",
            Code::InvalidArgument,
            r#"invalid target URL scheme: "ftp", expected"#,
        ),
        ("http:///path", Code::InvalidArgument, "no host"),
        ("http://h ost/", Code::InvalidArgument, "invalid target URL"),
        #[cfg(not(feature = "tls"))]
        ("https://h/", Code::Unimplemented, "without the feature `tls`"),
    ];
    for (url, code, text) in refused {
        let status = create(&operator, external(url)).await.unwrap_err();
        assert_eq!(status.code(), code, "{status}");
        assert!(status.message().contains(text), "{status}");
    }
}
