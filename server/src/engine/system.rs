//! What the server says of itself.

use std::collections::BTreeMap;
use steadfast_proto::{
    operatorservice::{ClusterMetadata, ListClustersResponse},
    workflowservice::{GetClusterInfoResponse, GetSystemInfoResponse, get_system_info_response::Capabilities},
};

/// The version of the original that clients may take this server for.
const VERSION: &str = "1.32.0";
const CLUSTER_ID: &str = "5f6e7d8c-9b0a-4c1d-8e2f-3a4b5c6d7e8f";

pub(crate) fn info() -> GetSystemInfoResponse {
    GetSystemInfoResponse {
        server_version: VERSION.to_owned(),
        capabilities: Some(Capabilities {
            signal_and_query_header: true,
            internal_error_differentiation: true,
            activity_failure_include_heartbeat: true,
            supports_schedules: true,
            encoded_failure_attributes: true,
            build_id_based_versioning: true,
            upsert_memo: true,
            eager_workflow_start: true,
            sdk_metadata: true,
            count_group_by_execution_status: true,
            nexus: true,
            ..Default::default()
        }),
    }
}

pub(crate) fn cluster() -> GetClusterInfoResponse {
    let supported = [
        ("temporal-cli", "<2.0.0"),
        ("temporal-go", "<2.0.0"),
        ("temporal-java", "<2.0.0"),
        ("temporal-server", "<2.0.0"),
        ("temporal-ui", "<3.0.0"),
    ];
    GetClusterInfoResponse {
        supported_clients: supported
            .map(|(name, versions)| (name.to_owned(), versions.to_owned()))
            .into_iter()
            .collect::<BTreeMap<_, _>>(),
        server_version: VERSION.to_owned(),
        cluster_id: CLUSTER_ID.to_owned(),
        cluster_name: "active".to_owned(),
        history_shard_count: 1,
        persistence_store: "memory".to_owned(),
        visibility_store: "memory".to_owned(),
        initial_failover_version: 1,
        failover_version_increment: 10,
        ..Default::default()
    }
}

pub(crate) fn clusters() -> ListClustersResponse {
    let cluster = ClusterMetadata {
        cluster_name: "active".to_owned(),
        cluster_id: CLUSTER_ID.to_owned(),
        history_shard_count: 1,
        initial_failover_version: 1,
        is_connection_enabled: true,
        ..Default::default()
    };
    ListClustersResponse {
        clusters: vec![cluster],
        ..Default::default()
    }
}
