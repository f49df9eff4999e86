//! Lists and counts of schedules.

use crate::support::*;
use steadfast_proto::{
    common::{Payload, SearchAttributes},
    schedule::*,
    tonic::{Request, Status as Refusal},
    workflowservice::*,
};
use steadfast_server::{SearchAttributeType, Server};

#[tokio::test]
async fn lists_and_counts_go_by_filters_and_pages() {
    let server = Server::builder()
        .search_attribute("Team", SearchAttributeType::Keyword)
        .start()
        .unwrap();
    let bench = Bench {
        service: server.workflow_service(),
        server,
    };
    for number in 0..5 {
        bench
            .try_create(|request| {
                request.schedule_id = format!("s{number}");
                let team = Payload::encoded("json/plain", if number < 2 { "\"red\"" } else { "\"blue\"" });
                request.search_attributes = Some(SearchAttributes {
                    indexed_fields: [("Team".to_owned(), team)].into(),
                });
                request.schedule.as_mut().unwrap().state = Some(ScheduleState {
                    paused: number == 4,
                    ..Default::default()
                });
            })
            .await
            .unwrap();
    }
    let list = async |query: &str, token: bytes::Bytes| {
        let request = ListSchedulesRequest {
            namespace: "default".to_owned(),
            maximum_page_size: 2,
            next_page_token: token,
            query: query.to_owned(),
        };
        let page = bench.service.list_schedules(Request::new(request)).await?.into_inner();
        let ids: Vec<String> = page.schedules.into_iter().map(|entry| entry.schedule_id).collect();
        Ok::<_, Refusal>((ids, page.next_page_token))
    };
    let (first, token) = list("", bytes::Bytes::new()).await.unwrap();
    assert_eq!(first, ["s0", "s1"]);
    let (second, token) = list("", token).await.unwrap();
    assert_eq!(second, ["s2", "s3"]);
    assert_eq!(
        list("", token).await.unwrap(),
        (vec!["s4".to_owned()], bytes::Bytes::new())
    );
    for (query, expected) in [
        ("Team = 'red'", vec!["s0", "s1"]),
        ("TemporalSchedulePaused = true", vec!["s4"]),
        ("ScheduleId = 's3' OR ScheduleId STARTS_WITH 's0'", vec!["s0", "s3"]),
    ] {
        assert_eq!(list(query, bytes::Bytes::new()).await.unwrap().0, expected, "{query}");
        let request = CountSchedulesRequest {
            namespace: "default".to_owned(),
            query: query.to_owned(),
        };
        let count = bench
            .service
            .count_schedules(Request::new(request))
            .await
            .unwrap()
            .into_inner()
            .count;
        assert_eq!(usize::try_from(count).unwrap(), expected.len(), "{query}");
    }
    let refused = list("WorkflowId = 'w'", bytes::Bytes::new()).await.unwrap_err();
    assert_eq!(
        refused.message(),
        "invalid query filter for schedules: cannot filter on \"WorkflowId\""
    );
}
