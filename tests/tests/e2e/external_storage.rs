//! Large payloads that are kept elsewhere.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};
use steadfast::{
    client::ResultError,
    convert::{Claim, CodecFailure, ExternalStorage, PayloadContext, PayloadStore},
    prelude::*,
    workflow::Untyped,
};
use steadfast_proto::{Carrier, Visitor, carrier, common, protocol::Message};
use tests::{Environment, Failure, Outcome, RunningWorker, codec::Sealed};

/// A shelf that clients and workers share.
#[derive(Clone, Default)]
struct Shelf(Arc<Mutex<BTreeMap<String, common::Payload>>>);

impl PayloadStore for Shelf {
    fn name(&self) -> &str {
        "shelf"
    }

    async fn store(&self, payload: &common::Payload, context: &PayloadContext) -> Result<Claim, CodecFailure> {
        let mut shelf = self.0.lock().unwrap();
        let key = format!("{}/{}", context.workflow_id(), shelf.len());
        shelf.insert(key.clone(), payload.clone());
        Ok(Claim::from([("key".to_owned(), key)]))
    }

    async fn retrieve(&self, claim: &Claim) -> Result<common::Payload, CodecFailure> {
        let shelf = self.0.lock().unwrap();
        let payload = claim.get("key").and_then(|key| shelf.get(key));
        Ok(payload.cloned().ok_or("the shelf is empty there")?)
    }
}

#[activity(start_to_close_timeout = "10s")]
async fn double(text: String) -> Result<String, ActivityError> {
    Ok(text.repeat(2))
}

/// Returns twice what it gets, and how long that is.
#[derive(Default)]
struct Echo;

#[workflow]
impl Echo {
    #[run]
    async fn run(ctx: WorkflowContext<Self>, text: String) -> WorkflowResult<(String, usize)> {
        let text = ctx.activity::<double>(text).await?;
        let length = text.len();
        Ok((text, length))
    }
}

/// The payloads of a history as the server has them: what they say of their encoding, and what they are.
#[derive(Default)]
struct Seen(Vec<(BTreeMap<String, String>, String, i64)>);

impl<'a> Visitor<'a> for Seen {
    fn payload(&mut self, payload: &'a mut common::Payload) {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let metadata = payload
            .metadata
            .iter()
            .map(|(name, value)| (name.to_owned(), text(value)));
        let external = payload
            .external_payloads
            .iter()
            .map(|external| external.size_bytes)
            .sum();
        self.0.push((metadata.collect(), text(&payload.data), external));
    }
    fn header(&mut self, _: &'a mut common::Header) {}
    fn attributes(&mut self, _: carrier::FailureText<'a>) {}
    fn message(&mut self, _: &'a mut Message) {}
    fn marker(&mut self, _: carrier::Marker<'a>) {}
    fn enter(&mut self, _: carrier::Subject<'_>) {}
    fn leave(&mut self) {}
}

async fn seen(environment: &Environment, id: &str) -> Result<Vec<(BTreeMap<String, String>, String, i64)>, Failure> {
    let client = environment.another_client(Client::builder()).await?;
    let mut seen = Seen::default();
    let mut history = client.workflow::<Untyped>(id).fetch_history().await?;
    history.events.visit(&mut seen);
    Ok(seen.0)
}

#[tokio::test]
async fn large_payloads_are_kept_elsewhere_with_references_as_other_sdks_write_them() -> Outcome {
    let shelf = Shelf::default();
    let storing = Client::builder().codec(ExternalStorage::new(shelf.clone()).threshold_bytes(100));
    let environment = Environment::connect().await?.with_client(storing).await?;
    let _worker = RunningWorker::start(environment.worker().workflow::<Echo>().activity::<double>());
    let echo = environment.start::<Echo>("x".repeat(60)).await?;
    assert_eq!(echo.result().await?, ("x".repeat(120), 120));
    assert_eq!(
        shelf.0.lock().unwrap().len(),
        2,
        "what the activity and the workflow return"
    );

    let payloads = seen(&environment, echo.id()).await?;
    let (small, large): (Vec<_>, Vec<_>) = payloads.into_iter().partition(|(_, _, external)| *external == 0);
    assert!(small.iter().all(|(_, data, _)| data.len() < 100), "{small:?}");
    let [(metadata, data, size), _] = &large[..] else {
        panic!("two are references: {large:?}")
    };
    assert_eq!(metadata["encoding"], "json/protobuf");
    assert_eq!(metadata["messageType"], "temporal.api.sdk.v1.ExternalStorageReference");
    let key = format!("{}/0", echo.id());
    assert_eq!(
        *data,
        format!(r#"{{"claimData":{{"key":"{key}"}},"driverName":"shelf"}}"#)
    );
    assert!(
        (120..200).contains(size),
        "as it was stored, with what says how it is written: {size}"
    );

    let bare = environment.another_client(Client::builder()).await?;
    let unread = bare.workflow::<Echo>(echo.id()).result().await;
    assert!(matches!(unread, Err(ResultError::Decode(_))), "{unread:?}");
    Ok(())
}

#[tokio::test]
async fn what_is_stored_has_been_encoded_and_is_found_in_an_earlier_store_too() -> Outcome {
    let shelf = Shelf::default();
    let sealed = || Client::builder().codec(Sealed("key 1"));
    let storing = sealed().codec(ExternalStorage::new(shelf.clone()).threshold_bytes(0));
    let environment = Environment::connect().await?.with_client(storing).await?;
    let _worker = RunningWorker::start(environment.worker().workflow::<Echo>().activity::<double>());
    let echo = environment.start::<Echo>("x".to_owned()).await?;
    assert_eq!(echo.result().await?.1, 2);
    let stored: Vec<_> = shelf.0.lock().unwrap().values().cloned().collect();
    assert!(
        stored.iter().all(|payload| payload.encoding() == b"binary/sealed"),
        "{stored:?}"
    );

    /// The store that came after.
    struct Other(Shelf);
    impl PayloadStore for Other {
        fn name(&self) -> &str {
            "other"
        }
        async fn store(&self, payload: &common::Payload, context: &PayloadContext) -> Result<Claim, CodecFailure> {
            self.0.store(payload, context).await
        }
        async fn retrieve(&self, claim: &Claim) -> Result<common::Payload, CodecFailure> {
            self.0.retrieve(claim).await
        }
    }
    let other = || ExternalStorage::new(Other(Shelf::default()));
    let moved = environment
        .another_client(sealed().codec(other().also_from(shelf)))
        .await?;
    assert_eq!(moved.workflow::<Echo>(echo.id()).result().await?.1, 2);
    let lost = environment.another_client(sealed().codec(other())).await?;
    let lost = lost.workflow::<Echo>(echo.id()).result().await.unwrap_err();
    assert!(
        lost.to_string()
            .contains("in the store `shelf`, and those known here are `other`"),
        "{lost}"
    );
    Ok(())
}
