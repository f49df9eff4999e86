//! Replaying what a server has.

use steadfast::{
    convert::{CodecFailure, CodecItem, PayloadCodec},
    prelude::*,
    replay::{ReplayError, Replayer},
};
use steadfast_proto::common::Payload;
use tests::{Environment, Outcome, RunningWorker, codec::Sealed};

/// Inverts bytes, at once.
#[derive(Debug, Clone)]
struct Inverted;

fn inverted(payload: &Payload) -> Payload {
    let data: Vec<u8> = payload.data.iter().map(|byte| !byte).collect();
    Payload {
        data: data.into(),
        ..payload.clone()
    }
}

impl PayloadCodec for Inverted {
    async fn encode(&self, items: &mut [CodecItem<'_>]) -> Result<(), CodecFailure> {
        for item in items {
            *item.payload = inverted(item.payload);
        }
        Ok(())
    }

    async fn decode(&self, items: &mut [CodecItem<'_>]) -> Result<(), CodecFailure> {
        self.encode(items).await
    }
}

#[derive(Default)]
struct Echo;

#[workflow]
impl Echo {
    #[run]
    async fn run(_ctx: WorkflowContext<Self>, text: String) -> WorkflowResult<String> {
        Ok(text)
    }
}

#[tokio::test]
async fn an_encoded_history_is_replayed_with_the_codec() -> Outcome {
    let environment = Environment::connect().await?;
    let plain = environment.client().clone();
    let environment = environment.with_client(Client::builder().codec(Inverted)).await?;
    let _worker = RunningWorker::start(environment.worker().workflow::<Echo>());
    let echo = environment.start::<Echo>("abc".to_owned()).await?;
    assert_eq!(echo.result().await?, "abc");
    let encoded = plain.workflow::<Echo>(echo.id()).fetch_history().await?;

    let replayer = || Replayer::new().workflow::<Echo>();
    replayer().codec(Inverted).replay(encoded.clone())?;
    let without = replayer().replay(encoded.clone());
    assert!(without.is_err(), "its input is no text: {without:?}");
    match replayer().codec(Sealed("key 1")).replay(encoded) {
        Err(ReplayError::CodecWaits) => Ok(()),
        other => panic!("that codec waits, and replaying doesn't: {other:?}"),
    }
}
