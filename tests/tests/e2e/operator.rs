//! What operators do: namespaces, search attributes, Nexus endpoints, task queues.

use steadfast::{
    client::{IndexedValueType, NamespaceState, NexusTarget, OperatorError, SearchAttributeKind, TaskQueueType},
    prelude::*,
};
use tests::{Environment, Outcome, RunningWorker};

#[activity(start_to_close_timeout = "30s")]
async fn nothing() -> Result<(), ActivityError> {
    Ok(())
}

#[tokio::test]
async fn a_namespace_is_registered_changed_listed_and_deleted() -> Outcome {
    let environment = Environment::connect().await?;
    let client = environment.client();
    let name = environment.name("shop");
    let register = || {
        client
            .register_namespace(&name)
            .retention(days(2))
            .owner_email("ada@example.com")
    };
    register().description("orders").data("tier", "gold").await?;
    assert!(matches!(register().await, Err(OperatorError::AlreadyExists(_))));
    let description = client.describe_namespace(&name).await?;
    assert_eq!((description.name(), description.description()), (&*name, "orders"));
    assert_eq!(
        (description.state(), description.retention()),
        (NamespaceState::Registered, Some(days(2)))
    );
    assert_eq!(description.owner_email(), "ada@example.com");
    assert_eq!(description.data().get("tier").map(String::as_str), Some("gold"));
    client
        .update_namespace(&name)
        .retention(days(3))
        .data("tier", "silver")
        .await?;
    let description = client.describe_namespace(&name).await?;
    assert_eq!(description.retention(), Some(days(3)));
    assert_eq!(description.description(), "orders", "what is not set stays");
    assert_eq!(description.data().get("tier").map(String::as_str), Some("silver"));
    let mut namespaces = client.list_namespaces();
    let mut found = false;
    while let Some(namespace) = namespaces.next().await? {
        found |= namespace.id() == description.id();
    }
    assert!(found, "it is listed");
    client.delete_namespace(&name).await?;
    let gone = client.describe_namespace(&name).await;
    assert!(matches!(gone, Err(OperatorError::NotFound(_))), "{gone:?}");
    Ok(())
}

const PLACE: SearchAttributeKey<String> = SearchAttributeKey::keyword("SteadfastOperatorPlace");

#[tokio::test]
async fn search_attributes_are_added_listed_and_removed() -> Outcome {
    let environment = Environment::connect().await?;
    let client = environment.client();
    // Others may have left it there, on a server that is shared.
    let _ = client.remove_search_attributes([PLACE.name()]).await;
    let place = SearchAttributeKind::new(PLACE.name(), IndexedValueType::Keyword);
    client.add_search_attributes([PLACE.kind()]).await?;
    while !client.list_search_attributes().await?.contains(&place) {
        tokio::task::yield_now().await;
    }
    client.remove_search_attributes([PLACE.name()]).await?;
    while client.list_search_attributes().await?.contains(&place) {
        tokio::task::yield_now().await;
    }
    let own = client.remove_search_attributes(["WorkflowType"]).await;
    assert!(matches!(own, Err(OperatorError::Rpc(_))), "{own:?}");
    Ok(())
}

#[tokio::test]
async fn a_nexus_endpoint_is_created_changed_listed_and_deleted() -> Outcome {
    let environment = Environment::connect().await?;
    let client = environment.client();
    let name = environment.name("payments");
    let target = |queue| NexusTarget::task_queue(client.namespace(), queue);
    let first = client
        .create_nexus_endpoint(&name, target("one"))
        .description("charges")
        .await?;
    assert_eq!((first.name(), first.target()), (&*name, Some(target("one"))));
    assert_eq!(first.description(client)?.as_deref(), Some("charges"));
    let again = client.create_nexus_endpoint(&name, target("two")).await;
    assert!(matches!(again, Err(OperatorError::AlreadyExists(_))), "{again:?}");
    let second = client.update_nexus_endpoint(&first, target("two")).await?;
    assert_eq!((second.id(), second.target()), (first.id(), Some(target("two"))));
    assert_eq!(client.nexus_endpoint(first.id()).await?.target(), Some(target("two")));
    // Real servers forget it with an update.
    assert!(first.created_time().is_some());
    assert!(
        client.update_nexus_endpoint(&first, target("three")).await.is_err(),
        "somebody else changed it"
    );
    let mut endpoints = client.list_nexus_endpoints();
    let mut found = false;
    while let Some(endpoint) = endpoints.next().await? {
        found |= endpoint.id() == first.id();
    }
    assert!(found, "it is listed");
    client.delete_nexus_endpoint(&second).await?;
    let gone = client.nexus_endpoint(first.id()).await;
    assert!(matches!(gone, Err(OperatorError::NotFound(_))), "{gone:?}");
    Ok(())
}

#[tokio::test]
async fn a_task_queue_tells_who_polls_it_and_what_waits() -> Outcome {
    let environment = Environment::connect().await?;
    let client = environment.client();
    let waiting = client
        .start_activity::<nothing>(())
        .task_queue(environment.queue())
        .await?;
    let describe = || client.describe_task_queue(environment.queue(), TaskQueueType::Activity);
    while describe().await?.backlog() == 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(describe().await?.pollers().len(), 0);
    let worker = environment.worker().identity("the worker").activity::<nothing>();
    let _worker = RunningWorker::start(worker);
    waiting.result().await?;
    let description = describe().await?;
    let pollers: Vec<_> = description.pollers().map(|poller| poller.identity()).collect();
    assert!(pollers.contains(&"the worker"), "{pollers:?}");
    assert!(description.current_version().is_none() && description.ramping_version().is_none());
    Ok(())
}
