//! A codec for tests: what it has sealed it unseals only with the same key and in the same context.

use serde::{Deserialize, Serialize};
use steadfast::convert::{CodecFailure, CodecItem, PayloadCodec, PayloadContext};
use steadfast_proto::{common::Payload, prost::Message};

/// The encoding that [`Sealed`] writes.
pub const SEALED: &str = "binary/sealed";

/// What it has sealed it unseals only with the same key and in the same context.
#[derive(Debug, Clone)]
pub struct Sealed(pub &'static str);

/// Not for secrets: it is enough that nobody else can read it.
#[derive(Serialize, Deserialize)]
struct Seal {
    key: String,
    context: String,
    turned: Vec<u8>,
}

fn told(context: &PayloadContext) -> String {
    format!(
        "{} {} {:?} {:?} {:?} {}",
        context.namespace(),
        context.workflow_id(),
        context.workflow_type(),
        context.activity_id(),
        context.activity_type(),
        context.is_local()
    )
}

impl PayloadCodec for Sealed {
    async fn encode(&self, items: &mut [CodecItem<'_>]) -> Result<(), CodecFailure> {
        // As of a key that somebody else has.
        tokio::task::yield_now().await;
        for item in items {
            if item.payload.encoding() == SEALED.as_bytes() {
                return Err("this is sealed already".into());
            }
            let seal = Seal {
                key: self.0.to_owned(),
                context: told(item.context),
                turned: item.payload.encode_to_vec().into_iter().rev().collect(),
            };
            *item.payload = Payload::encoded(SEALED, serde_json::to_vec(&seal)?);
        }
        Ok(())
    }

    async fn decode(&self, items: &mut [CodecItem<'_>]) -> Result<(), CodecFailure> {
        tokio::task::yield_now().await;
        for item in items {
            if item.payload.encoding() != SEALED.as_bytes() {
                continue;
            }
            let seal: Seal = serde_json::from_slice(&item.payload.data)?;
            let context = told(item.context);
            if seal.key != self.0 {
                return Err(format!("it has the key `{}`, and that is `{}`", seal.key, self.0).into());
            }
            if seal.context != context {
                return Err(format!("sealed for {}, read for {context}", seal.context).into());
            }
            let turned: Vec<u8> = seal.turned.into_iter().rev().collect();
            *item.payload = Payload::decode(turned.as_slice())?;
        }
        Ok(())
    }
}

/// As [`Sealed`], in whatever context.
#[derive(Debug, Clone)]
pub struct SealedAnywhere(pub &'static str);

impl PayloadCodec for SealedAnywhere {
    async fn encode(&self, items: &mut [CodecItem<'_>]) -> Result<(), CodecFailure> {
        Sealed(self.0)
            .encode(&mut anywhere(items, &PayloadContext::default()))
            .await
    }

    async fn decode(&self, items: &mut [CodecItem<'_>]) -> Result<(), CodecFailure> {
        Sealed(self.0)
            .decode(&mut anywhere(items, &PayloadContext::default()))
            .await
    }
}

fn anywhere<'i>(items: &'i mut [CodecItem<'_>], context: &'i PayloadContext) -> Vec<CodecItem<'i>> {
    let items = items.iter_mut().map(|item| CodecItem {
        payload: &mut *item.payload,
        context,
    });
    items.collect()
}
