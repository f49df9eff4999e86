//! Encryption and compression: the server keeps payloads that it cannot read. Each tenant has a key of its own.
//!
//! The codecs write what the samples of the other SDKs write, so that they share workflows: `binary/zlib` is the compressed
//! payload, `binary/encrypted` a nonce of 12 bytes and the payload under AES-256-GCM, with the key's name beside it.

use aes_gcm::{
    Aes256Gcm, Nonce,
    aead::{Aead, AeadCore, KeyInit, OsRng},
};
use examples::Outcome;
use flate2::{Compression, read::ZlibDecoder, write::ZlibEncoder};
use std::{
    collections::BTreeMap,
    io::{Read, Write},
};
use steadfast::{
    convert::{CodecFailure, CodecItem, PayloadCodec, PayloadContext},
    prelude::*,
    proto::{common::Payload, prost::Message},
};

const ENCRYPTED: &str = "binary/encrypted";
const KEY_ID: &str = "encryption-key-id";
const NONCE_BYTES: usize = 12;
const COMPRESSED: &str = "binary/zlib";
/// Nobody sends as much, and who claims to is not believed.
const UNCOMPRESSED_MAX: u64 = 64 * 1024 * 1024;

/// Encrypts with the key of the tenant, which is what the workflow's id begins with: `acme/order-1`.
pub struct Encryption {
    keys: BTreeMap<String, Aes256Gcm>,
    default: String,
}

impl Encryption {
    /// With one key for all that have none of their own.
    pub fn new(id: &str, key: &[u8; 32]) -> Self {
        let keys = BTreeMap::from([(id.to_owned(), Aes256Gcm::new(key.into()))]);
        Self {
            keys,
            default: id.to_owned(),
        }
    }

    /// A tenant's own key.
    pub fn tenant(mut self, name: &str, key: &[u8; 32]) -> Self {
        self.keys.insert(name.to_owned(), Aes256Gcm::new(key.into()));
        self
    }

    fn key_of<'k>(&'k self, context: &'k PayloadContext) -> &'k str {
        let tenant = context.workflow_id().split_once('/').map(|(tenant, _)| tenant);
        tenant
            .filter(|tenant| self.keys.contains_key(*tenant))
            .unwrap_or(&self.default)
    }

    fn cipher(&self, id: &str) -> Result<&Aes256Gcm, CodecFailure> {
        let missing = || format!("there is no key \"{id}\" here").into();
        self.keys.get(id).ok_or_else(missing)
    }
}

impl PayloadCodec for Encryption {
    async fn encode(&self, items: &mut [CodecItem<'_>]) -> Result<(), CodecFailure> {
        for item in items {
            let id = self.key_of(item.context);
            let nonce = Aes256Gcm::generate_nonce(&mut OsRng);
            let mut data = nonce.to_vec();
            let sealed = self.cipher(id)?.encrypt(&nonce, &*item.payload.encode_to_vec());
            data.extend(sealed.map_err(|_| "it cannot be encrypted")?);
            let mut payload = Payload::encoded(ENCRYPTED, data);
            payload.metadata.insert(KEY_ID, id.to_owned().into());
            *item.payload = payload;
        }
        Ok(())
    }

    async fn decode(&self, items: &mut [CodecItem<'_>]) -> Result<(), CodecFailure> {
        for item in items {
            // What others have sent in the open is left as it is.
            if item.payload.encoding() != ENCRYPTED.as_bytes() {
                continue;
            }
            let id = item.payload.metadata.get(KEY_ID).map_or(&b""[..], |id| id);
            let cipher = self.cipher(&String::from_utf8_lossy(id))?;
            let (nonce, sealed) = item.payload.data.split_at_checked(NONCE_BYTES).ok_or("it is cut off")?;
            let plain = cipher.decrypt(Nonce::from_slice(nonce), sealed);
            *item.payload = Payload::decode(&*plain.map_err(|_| "it was changed, or the key is another")?)?;
        }
        Ok(())
    }
}

/// Compresses what gets smaller by it.
pub struct Zlib;

impl PayloadCodec for Zlib {
    async fn encode(&self, items: &mut [CodecItem<'_>]) -> Result<(), CodecFailure> {
        for item in items {
            let plain = item.payload.encode_to_vec();
            let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
            encoder.write_all(&plain)?;
            let compressed = Payload::encoded(COMPRESSED, encoder.finish()?);
            if compressed.encoded_len() < plain.len() {
                *item.payload = compressed;
            }
        }
        Ok(())
    }

    async fn decode(&self, items: &mut [CodecItem<'_>]) -> Result<(), CodecFailure> {
        for item in items {
            if item.payload.encoding() == COMPRESSED.as_bytes() {
                let mut plain = Vec::new();
                let decoder = ZlibDecoder::new(&*item.payload.data);
                decoder.take(UNCOMPRESSED_MAX).read_to_end(&mut plain)?;
                *item.payload = Payload::decode(&*plain)?;
            }
        }
        Ok(())
    }
}

#[activity(start_to_close_timeout = "10s")]
async fn diagnose(symptoms: Vec<String>) -> Result<String, ActivityError> {
    Ok(format!("{} symptoms, tea helps", symptoms.len()))
}

/// What nobody else should know.
#[derive(Default)]
pub struct Treatment;

#[workflow]
impl Treatment {
    #[run]
    async fn run(ctx: WorkflowContext<Self>, symptoms: Vec<String>) -> WorkflowResult<String> {
        Ok(ctx.activity::<diagnose>(symptoms).await?)
    }
}

/// Runs a workflow with everything in it encrypted.
pub async fn run(client: &Client) -> Outcome {
    // Compressed first: what is encrypted has no patterns any more.
    let encryption = Encryption::new("house", &[7; 32]).tenant("acme", &[8; 32]);
    let private = client.with_codec(Zlib).with_codec(encryption);

    let worker = Worker::new(&private, "treatments")
        .workflow::<Treatment>()
        .activity::<diagnose>()
        .start();
    let symptoms = vec!["cough".to_owned(); 100];
    let treatment = private
        .start::<Treatment>(symptoms)
        .id(format!("acme/{}", std::process::id()))
        .task_queue("treatments")
        .await?;
    assert_eq!(treatment.result().await?, "100 symptoms, tea helps");

    // Without the key, nothing can be read.
    let unread = client.workflow::<Treatment>(treatment.id()).result().await.unwrap_err();
    println!("without the key: {unread}");
    assert!(unread.to_string().contains("binary/encrypted"));
    worker.shutdown().await?;
    Ok(())
}

#[tokio::main]
async fn main() -> Outcome {
    run(&examples::connect().await?).await
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn there(codec: &impl PayloadCodec, payload: &Payload, tenant: &str) -> Payload {
        let (mut payload, context) = (
            payload.clone(),
            PayloadContext::workflow("default", format!("{tenant}/1")),
        );
        let item = CodecItem {
            payload: &mut payload,
            context: &context,
        };
        codec.encode(&mut [item]).await.unwrap();
        payload
    }

    async fn back(codec: &impl PayloadCodec, payload: &Payload) -> Result<Payload, CodecFailure> {
        let (mut payload, context) = (payload.clone(), PayloadContext::default());
        let item = CodecItem {
            payload: &mut payload,
            context: &context,
        };
        codec.decode(&mut [item]).await?;
        Ok(payload)
    }

    #[tokio::test]
    async fn what_is_encrypted_is_read_with_its_key_alone() {
        let plain = Payload::encoded("json/plain", "7");
        let codec = Encryption::new("house", &[1; 32]).tenant("acme", &[2; 32]);
        for (tenant, key) in [("acme", "acme"), ("other", "house")] {
            let sealed = there(&codec, &plain, tenant).await;
            assert_eq!(sealed.metadata.get(KEY_ID).unwrap(), key);
            assert_ne!(
                sealed,
                there(&codec, &plain, tenant).await,
                "each has a nonce of its own"
            );
            assert_eq!(back(&codec, &sealed).await.unwrap(), plain);
        }
        let sealed = there(&codec, &plain, "acme").await;
        let error = back(&Encryption::new("house", &[1; 32]), &sealed).await.unwrap_err();
        assert_eq!(error.to_string(), "there is no key \"acme\" here");
        let error = back(&Encryption::new("acme", &[3; 32]), &sealed).await.unwrap_err();
        assert_eq!(error.to_string(), "it was changed, or the key is another");
        assert_eq!(
            back(&codec, &plain).await.unwrap(),
            plain,
            "what came in the open is left alone"
        );
    }

    #[tokio::test]
    async fn only_what_gets_smaller_is_compressed() {
        let large = Payload::encoded("json/plain", "x".repeat(1_000));
        let compressed = there(&Zlib, &large, "").await;
        assert!(compressed.encoding() == COMPRESSED.as_bytes() && compressed.data.len() < 100);
        assert_eq!(back(&Zlib, &compressed).await.unwrap(), large);
        let small = Payload::encoded("json/plain", "7");
        assert_eq!(there(&Zlib, &small, "").await, small);
        assert!(back(&Zlib, &Payload::encoded(COMPRESSED, "no")).await.is_err());
    }
}
