//! Nexus operations that no workflow calls.
//!
//! A real server has them only if it is told to: `docs/testing.md` has its command line.

use std::time::Duration;
use steadfast::{
    client::{
        NexusOperationHandle, NexusOperationIdConflictPolicy, NexusOperationResultError, NexusOperationStatus,
        NexusTarget, RequestError, StartNexusOperationError,
    },
    prelude::*,
};
use tests::{
    Environment, Failure, Outcome, RunningWorker,
    codec::{SEALED, SealedAnywhere},
};

#[derive(Debug, PartialEq, Serialize, Deserialize, ApplicationError)]
#[error("nobody lives there", non_retryable)]
struct NoSuchAddress;

#[derive(Default)]
struct Post;

#[nexus_service(name = "post")]
impl Post {
    #[operation]
    async fn send(&self, ctx: NexusContext, to: String) -> Result<String, NexusError> {
        if to.is_empty() {
            return Err(NexusError::application(&NoSuchAddress).fails_operation());
        }
        let stamp = ctx.info().headers.get("stamp").cloned().unwrap_or_default();
        Ok(format!("to {to}, {stamp}"))
    }

    #[operation]
    async fn carry(&self, to: String) -> Result<StartedOperation<String>, NexusError> {
        Ok(StartedOperation::with_token(format!("carrying to {to}")))
    }

    #[cancel(carry)]
    async fn drop(&self, _token: String) -> Result<(), NexusError> {
        Ok(())
    }
}

/// A post office behind an endpoint.
async fn post(environment: &Environment) -> Result<RunningWorker, Failure> {
    let target = NexusTarget::task_queue(environment.client().namespace(), environment.queue());
    environment
        .client()
        .create_nexus_endpoint(environment.name("post"), target)
        .await?;
    Ok(RunningWorker::start(environment.worker().nexus_service(Post)))
}

async fn start(
    environment: &Environment,
    operation: &str,
    to: &str,
) -> Result<NexusOperationHandle, StartNexusOperationError> {
    environment
        .client()
        .start_nexus_operation(environment.name("post"), "post", operation, to.to_owned())
        .id(environment.name("letter"))
        .schedule_to_close_timeout(Duration::from_secs(30))
        .header("Stamp", "paid")
        .summary("a letter")
        .await
}

#[tokio::test]
async fn an_operation_is_called_without_a_workflow() -> Outcome {
    let environment = Environment::connect().await?;
    let _worker = post(&environment).await?;
    let letter = start(&environment, "send", "Ada").await?;
    assert_eq!(letter.result::<String>().await?, "to Ada, paid");
    let description = letter.describe().await?;
    let endpoint = environment.name("post");
    assert_eq!(description.names(), [endpoint.as_str(), "post", "send"]);
    assert_eq!(
        (description.id(), Some(description.run_id())),
        (letter.id(), letter.run_id())
    );
    assert_eq!(
        (description.status(), description.attempt()),
        (NexusOperationStatus::Completed, 1)
    );
    assert_eq!(description.summary()?.as_deref(), Some("a letter"));
    assert_eq!(description.schedule_to_close_timeout(), Some(Duration::from_secs(30)));
    assert!(description.close_time() >= description.schedule_time());
    let wrong = letter.result::<u32>().await;
    assert!(matches!(wrong, Err(NexusOperationResultError::Decode(_))), "{wrong:?}");
    Ok(())
}

#[tokio::test]
async fn why_an_operation_has_no_result_is_a_typed_error() -> Outcome {
    let environment = Environment::connect().await?;
    let _worker = post(&environment).await?;
    match start(&environment, "send", "").await?.result::<String>().await {
        Err(NexusOperationResultError::Failed(failure)) => assert_eq!(failure.application(), Some(NoSuchAddress)),
        other => panic!("{other:?}"),
    }
    let nothing = environment.client().nexus_operation(environment.name("nothing"));
    let result = nothing.result::<String>().await;
    assert!(
        matches!(result, Err(NexusOperationResultError::NotFound(_))),
        "{result:?}"
    );
    assert!(matches!(nothing.describe().await, Err(RequestError::NotFound(_))));
    let nowhere = environment
        .client()
        .start_nexus_operation("nowhere", "post", "send", "Ada");
    nowhere.await.expect_err("there is no such endpoint");
    Ok(())
}

#[tokio::test]
async fn an_operation_that_takes_a_while_is_cancelled_or_terminated() -> Outcome {
    let environment = Environment::connect().await?;
    let _worker = post(&environment).await?;
    let letter = start(&environment, "carry", "Ada").await?;
    assert_eq!(letter.started().await?.as_deref(), Some("carrying to Ada"));
    match start(&environment, "carry", "Bob").await {
        Err(StartNexusOperationError::AlreadyStarted(there)) => {
            assert_eq!(
                (there.operation_id(), Some(there.run_id())),
                (letter.id(), letter.run_id())
            );
        }
        other => panic!("{other:?}"),
    }
    let same = environment
        .client()
        .start_nexus_operation(environment.name("post"), "post", "carry", "Bob")
        .id(letter.id())
        .id_conflict_policy(NexusOperationIdConflictPolicy::UseExisting);
    assert_eq!(same.await?.run_id(), letter.run_id());

    letter.cancel("a change of mind").await?;
    let description = letter.describe().await?;
    assert_eq!(description.cancel_reason(), Some("a change of mind"));
    assert_eq!(description.operation_token(), "carrying to Ada");
    assert_eq!(
        description.status(),
        NexusOperationStatus::Running,
        "its handler decides"
    );
    letter.terminate("enough").await?;
    let result = letter.result::<String>().await;
    assert!(
        matches!(result, Err(NexusOperationResultError::Terminated(_))),
        "{result:?}"
    );
    assert_eq!(letter.describe().await?.status(), NexusOperationStatus::Terminated);
    Ok(())
}

#[tokio::test]
async fn operations_are_listed_and_counted_by_a_query() -> Outcome {
    let environment = Environment::connect().await?;
    let _worker = post(&environment).await?;
    let letter = start(&environment, "send", "Ada").await?;
    letter.result::<String>().await?;
    let client = environment.client();
    let query = format!("OperationId = '{}' AND ExecutionStatus = 'Completed'", letter.id());
    while client.count_nexus_operations(&query).await? == 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(client.count_nexus_operations(&query).await?, 1);
    let groups = format!("OperationId = '{}' GROUP BY ExecutionStatus", letter.id());
    let groups = client.count_nexus_operation_groups(groups).await?;
    assert_eq!(groups.iter().map(|group| group.count()).collect::<Vec<_>>(), [1]);
    let found = client.list_nexus_operations(&query).page_size(10).all().await?;
    assert_eq!(found.len(), 1);
    let endpoint = environment.name("post");
    assert_eq!(found[0].names(), [endpoint.as_str(), "post", "send"]);
    assert_eq!(
        (found[0].id(), found[0].status()),
        (letter.id(), NexusOperationStatus::Completed)
    );
    assert_eq!(found[0].handle().result::<String>().await?, "to Ada, paid");
    letter.delete().await?;
    while client.count_nexus_operations(&query).await? > 0 {
        tokio::task::yield_now().await;
    }
    Ok(())
}

#[tokio::test]
async fn what_an_operation_takes_and_gives_is_sealed_by_a_codec() -> Outcome {
    let sealed = Client::builder().codec(SealedAnywhere("key 1"));
    let environment = Environment::connect().await?.with_client(sealed).await?;
    let _worker = post(&environment).await?;
    let letter = start(&environment, "send", "Ada").await?;
    assert_eq!(letter.result::<String>().await?, "to Ada, paid");
    assert_eq!(letter.describe().await?.summary()?.as_deref(), Some("a letter"));
    let plain = environment.another_client(Client::builder()).await?;
    let unread = plain.nexus_operation(letter.id()).result::<String>().await;
    match unread {
        Err(NexusOperationResultError::Decode(error)) => assert!(error.to_string().contains(SEALED), "{error}"),
        other => panic!("{other:?}"),
    }
    Ok(())
}
