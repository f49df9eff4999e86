//! Namespaces and task queues, as operators see them.

use crate::support::*;
use std::time::Duration;
use steadfast_proto::{
    duration,
    enums::{ArchivalState, DescribeTaskQueueMode, NamespaceState as State, TaskQueueType},
    namespace::{NamespaceConfig, NamespaceFilter, UpdateNamespaceInfo},
    operatorservice::DeleteNamespaceRequest,
    tonic::{Code, Request},
    workflowservice::*,
};

const DAY: Duration = Duration::from_secs(24 * 3600);

impl Bench {
    async fn register(&self, name: &str) {
        let request = RegisterNamespaceRequest {
            namespace: name.to_owned(),
            workflow_execution_retention_period: Some(duration(DAY)),
            owner_email: "owner".to_owned(),
            ..Default::default()
        };
        self.service.register_namespace(Request::new(request)).await.unwrap();
    }

    async fn namespace(&self, name: &str) -> Result<DescribeNamespaceResponse, Code> {
        let request = DescribeNamespaceRequest {
            namespace: name.to_owned(),
            ..Default::default()
        };
        let described = self.service.describe_namespace(Request::new(request)).await;
        described
            .map(|described| described.into_inner())
            .map_err(|refused| refused.code())
    }

    async fn namespaces(
        &self,
        page_size: i32,
        token: bytes::Bytes,
        include_deleted: bool,
    ) -> (Vec<String>, bytes::Bytes) {
        let request = ListNamespacesRequest {
            page_size,
            next_page_token: token,
            namespace_filter: Some(NamespaceFilter { include_deleted }),
        };
        let page = self
            .service
            .list_namespaces(Request::new(request))
            .await
            .unwrap()
            .into_inner();
        let names = page
            .namespaces
            .into_iter()
            .map(|namespace| namespace.namespace_info.unwrap().name);
        (names.collect(), page.next_page_token)
    }
}

#[tokio::test]
async fn an_update_changes_what_it_names() {
    let bench = real();
    bench.register("other").await;
    let update = UpdateNamespaceRequest {
        namespace: "other".to_owned(),
        update_info: Some(UpdateNamespaceInfo {
            description: "new".to_owned(),
            data: [("key".to_owned(), "value".to_owned())].into(),
            ..Default::default()
        }),
        config: Some(NamespaceConfig {
            workflow_execution_retention_ttl: Some(duration(2 * DAY)),
            ..Default::default()
        }),
        ..Default::default()
    };
    let updated = bench
        .service
        .update_namespace(Request::new(update.clone()))
        .await
        .unwrap()
        .into_inner();
    let info = updated.namespace_info.unwrap();
    assert_eq!((info.description.as_str(), info.owner_email.as_str()), ("new", "owner"));
    assert_eq!(info.data["key"], "value");
    assert_eq!(
        updated.config.unwrap().workflow_execution_retention_ttl,
        Some(duration(2 * DAY))
    );
    for (config, code) in [
        (
            NamespaceConfig {
                workflow_execution_retention_ttl: Some(duration(Duration::from_secs(1))),
                ..Default::default()
            },
            Code::InvalidArgument,
        ),
        (
            NamespaceConfig {
                history_archival_state: ArchivalState::Enabled.into(),
                ..Default::default()
            },
            Code::Unimplemented,
        ),
    ] {
        let bad = UpdateNamespaceRequest {
            config: Some(config),
            ..update.clone()
        };
        assert_eq!(
            bench
                .service
                .update_namespace(Request::new(bad))
                .await
                .unwrap_err()
                .code(),
            code
        );
    }
    let unknown = UpdateNamespaceRequest {
        namespace: "unknown".to_owned(),
        ..update
    };
    assert_eq!(
        bench
            .service
            .update_namespace(Request::new(unknown))
            .await
            .unwrap_err()
            .code(),
        Code::NotFound
    );
}

#[tokio::test]
async fn a_deprecated_namespace_still_works() {
    let bench = real();
    let request = DeprecateNamespaceRequest {
        namespace: "default".to_owned(),
        ..Default::default()
    };
    bench.service.deprecate_namespace(Request::new(request)).await.unwrap();
    let described = bench.namespace("default").await.unwrap();
    assert_eq!(described.namespace_info.unwrap().state(), State::Deprecated);
    bench.start("w").await;
}

#[tokio::test]
async fn a_deleted_namespace_takes_everything_with_it() {
    let bench = real();
    bench.register("other").await;
    let elsewhere = |id: &str| StartWorkflowExecutionRequest {
        namespace: "other".to_owned(),
        ..start(id)
    };
    bench.start_with(elsewhere("w")).await.unwrap();
    let id = bench.namespace("other").await.unwrap().namespace_info.unwrap().id;
    let delete = |namespace: &str| {
        let request = DeleteNamespaceRequest {
            namespace: namespace.to_owned(),
            ..Default::default()
        };
        let service = bench.server.operator_service();
        async move { service.delete_namespace(Request::new(request)).await }
    };
    let deleted = delete("other").await.unwrap().into_inner().deleted_namespace;
    assert_eq!(deleted, format!("other-deleted-{}", &id[..5]));
    assert_eq!(bench.namespace("other").await.unwrap_err(), Code::NotFound);
    assert_eq!(
        bench.start_with(elsewhere("w")).await.unwrap_err().code(),
        Code::NotFound
    );
    assert_eq!(
        delete("other").await.unwrap_err().message(),
        "Namespace other is not found."
    );
    let none = bytes::Bytes::new;
    assert_eq!(bench.namespaces(0, none(), false).await.0, ["default"]);
    assert_eq!(bench.namespaces(0, none(), true).await.0, ["default", &deleted]);
    bench.register("other").await;
    bench.start_with(elsewhere("w")).await.unwrap();
}

#[tokio::test]
async fn namespaces_are_listed_page_by_page() {
    let bench = real();
    bench.register("one").await;
    bench.register("two").await;
    let (first, token) = bench.namespaces(2, bytes::Bytes::new(), false).await;
    assert_eq!(first, ["default", "one"]);
    assert_eq!(
        bench.namespaces(2, token, false).await,
        (vec!["two".to_owned()], bytes::Bytes::new())
    );
}

#[tokio::test]
async fn a_queue_tells_of_its_types_and_its_one_part() {
    let bench = real();
    bench.start("w").await;
    let describe = DescribeTaskQueueRequest {
        namespace: "default".to_owned(),
        task_queue: queue(QUEUE),
        api_mode: DescribeTaskQueueMode::Enhanced.into(),
        report_stats: true,
        ..Default::default()
    };
    let described = bench
        .service
        .describe_task_queue(Request::new(describe))
        .await
        .unwrap()
        .into_inner();
    let types = &described.versions_info[""].types_info;
    let backlog = |kind: TaskQueueType| {
        types[&i32::from(kind)]
            .stats
            .as_ref()
            .unwrap()
            .approximate_backlog_count
    };
    assert_eq!(
        (backlog(TaskQueueType::Workflow), backlog(TaskQueueType::Activity)),
        (1, 0)
    );
    let list = ListTaskQueuePartitionsRequest {
        namespace: "default".to_owned(),
        task_queue: queue(QUEUE),
    };
    let parts = bench
        .service
        .list_task_queue_partitions(Request::new(list))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(parts.workflow_task_queue_partitions[0].key, QUEUE);
}
