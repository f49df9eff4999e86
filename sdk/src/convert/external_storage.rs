//! Large payloads that are kept elsewhere, with a reference in their place.

use super::{CodecFailure, CodecItem, PayloadCodec, PayloadContext};
use futures_util::future::try_join_all;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, fmt, pin::Pin, sync::Arc};
use steadfast_proto::{
    common::{Payload, payload::ExternalPayloadDetails},
    prost::Message,
};

/// How large a payload is that is kept elsewhere, if nothing else is said.
const THRESHOLD_BYTES: usize = 256 * 1024;
/// How many payloads are stored or fetched at the same time.
const CONCURRENT_MAX: usize = 16;
/// How references are known, in all SDKs.
const ENCODING: &str = "json/protobuf";
const MESSAGE_TYPE: &str = "messageType";
const REFERENCE: &str = "temporal.api.sdk.v1.ExternalStorageReference";

/// By what a store finds a payload again: whatever it likes, but short, for it is in the history.
pub type Claim = BTreeMap<String, String>;

/// Where large payloads are kept: a bucket, a directory, a database.
///
/// A payload may be stored more than once, as tasks are tried again, and is never changed. It is needed as long as there is a history
/// with its reference: the namespace's retention, after the workflow's end.
pub trait PayloadStore: Send + Sync + 'static {
    /// The name by which references find the store. It must stay the same as long as they are there.
    fn name(&self) -> &str;

    /// Keeps a payload: all of it, as [encoded](Message::encode_to_vec) bytes, say.
    ///
    /// # Errors
    /// It can't be stored: nothing is sent.
    fn store(
        &self,
        payload: &Payload,
        context: &PayloadContext,
    ) -> impl Future<Output = Result<Claim, CodecFailure>> + Send;

    /// The payload that was stored under this claim.
    ///
    /// # Errors
    /// It isn't there, or can't be had now: a workflow task or an attempt of an activity fails, and is tried again.
    fn retrieve(&self, claim: &Claim) -> impl Future<Output = Result<Payload, CodecFailure>> + Send;
}

/// Keeps large payloads in a [`PayloadStore`], and sends references in their place, in the form of the other SDKs.
///
/// It is a codec: give it to a client last, so that what is stored is compressed and encrypted.
///
/// ```
/// # use steadfast::{Client, client::ClientBuilder};
/// use steadfast::convert::{ExternalStorage, PayloadStore};
///
/// fn client(store: impl PayloadStore) -> ClientBuilder {
///     Client::builder().codec(ExternalStorage::new(store).threshold_bytes(100_000))
/// }
/// ```
pub struct ExternalStorage {
    writes: Arc<dyn AnyStore>,
    reads: BTreeMap<String, Arc<dyn AnyStore>>,
    threshold_bytes: usize,
}

impl fmt::Debug for ExternalStorage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExternalStorage")
            .field("stores", &self.reads.keys())
            .field("threshold_bytes", &self.threshold_bytes)
            .finish_non_exhaustive()
    }
}

impl ExternalStorage {
    /// Payloads of 256 KiB and more are kept in this store.
    #[must_use]
    pub fn new(store: impl PayloadStore) -> Self {
        let writes: Arc<dyn AnyStore> = Arc::new(store);
        Self {
            reads: BTreeMap::from([(writes.name().to_owned(), Arc::clone(&writes))]),
            writes,
            threshold_bytes: THRESHOLD_BYTES,
        }
    }

    /// How large a payload must be to be kept elsewhere, with its metadata.
    #[must_use]
    pub fn threshold_bytes(mut self, bytes: usize) -> Self {
        self.threshold_bytes = bytes;
        self
    }

    /// Another store, from which payloads are fetched that were stored there before.
    #[must_use]
    pub fn also_from(mut self, store: impl PayloadStore) -> Self {
        self.reads.insert(store.name().to_owned(), Arc::new(store));
        self
    }

    async fn put(&self, item: &mut CodecItem<'_>) -> Result<(), CodecFailure> {
        let size = item.payload.encoded_len();
        if size < self.threshold_bytes {
            return Ok(());
        }
        let claim = self.writes.store(item.payload, item.context).await?;
        *item.payload = Reference {
            claim_data: claim,
            driver_name: self.writes.name().to_owned(),
        }
        .payload(size)?;
        Ok(())
    }

    async fn fetch(&self, item: &mut CodecItem<'_>) -> Result<(), CodecFailure> {
        let Some(reference) = Reference::of(item.payload)? else {
            return Ok(());
        };
        let missing = || {
            let known: Vec<&str> = self.reads.keys().map(String::as_str).collect();
            let name = &reference.driver_name;
            format!(
                "it is in the store `{name}`, and those known here are `{}`",
                known.join("`, `")
            )
        };
        let store = self.reads.get(&reference.driver_name).ok_or_else(missing)?;
        *item.payload = store.retrieve(&reference.claim_data).await?;
        Ok(())
    }
}

impl PayloadCodec for ExternalStorage {
    async fn encode(&self, items: &mut [CodecItem<'_>]) -> Result<(), CodecFailure> {
        for some in items.chunks_mut(CONCURRENT_MAX) {
            try_join_all(some.iter_mut().map(|item| self.put(item))).await?;
        }
        Ok(())
    }

    async fn decode(&self, items: &mut [CodecItem<'_>]) -> Result<(), CodecFailure> {
        for some in items.chunks_mut(CONCURRENT_MAX) {
            try_join_all(some.iter_mut().map(|item| self.fetch(item))).await?;
        }
        Ok(())
    }
}

/// What stands in place of a payload: a message of all SDKs, written as they write it.
#[derive(Serialize, Deserialize)]
struct Reference {
    #[serde(rename = "claimData", alias = "claim_data", default)]
    claim_data: Claim,
    #[serde(rename = "driverName", alias = "driver_name", default)]
    driver_name: String,
}

impl Reference {
    fn payload(&self, size: usize) -> Result<Payload, CodecFailure> {
        let mut payload = Payload::encoded(ENCODING, serde_json::to_vec(self)?);
        payload.metadata.insert(MESSAGE_TYPE.to_owned(), REFERENCE.into());
        payload.external_payloads.push(ExternalPayloadDetails {
            size_bytes: i64::try_from(size)?,
        });
        Ok(payload)
    }

    fn of(payload: &Payload) -> Result<Option<Self>, CodecFailure> {
        let names = payload.metadata.get(MESSAGE_TYPE);
        let is_reference =
            payload.encoding() == ENCODING.as_bytes() && names.is_some_and(|name| name == REFERENCE.as_bytes());
        Ok(is_reference
            .then(|| serde_json::from_slice(&payload.data))
            .transpose()?)
    }
}

type Answer<'s, T> = Pin<Box<dyn Future<Output = Result<T, CodecFailure>> + Send + 's>>;

/// A store that can be kept beside others.
trait AnyStore: Send + Sync {
    fn name(&self) -> &str;
    fn store<'s>(&'s self, payload: &'s Payload, context: &'s PayloadContext) -> Answer<'s, Claim>;
    fn retrieve<'s>(&'s self, claim: &'s Claim) -> Answer<'s, Payload>;
}

impl<S: PayloadStore> AnyStore for S {
    fn name(&self) -> &str {
        PayloadStore::name(self)
    }

    fn store<'s>(&'s self, payload: &'s Payload, context: &'s PayloadContext) -> Answer<'s, Claim> {
        Box::pin(PayloadStore::store(self, payload, context))
    }

    fn retrieve<'s>(&'s self, claim: &'s Claim) -> Answer<'s, Payload> {
        Box::pin(PayloadStore::retrieve(self, claim))
    }
}
