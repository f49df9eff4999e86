//! Everything compressed and encrypted; messages in both protobuf encodings.

use crate::{Failure, expect};
use steadfast::{
    client::ClientBuilder,
    convert::{BinaryProto, JsonProto},
    prelude::*,
    proto::prost::{Message, Name},
};

#[path = "../../../../examples/examples/encryption.rs"]
#[allow(dead_code)] // its workflow
mod encryption;

/// A client that compresses and encrypts everything.
pub fn sealed(address: &str) -> ClientBuilder {
    let builder = Client::builder().address(address).encode_failures(true);
    let encryption = encryption::Encryption::new("house", &[7; 32]);
    builder.codec(encryption::Zlib).codec(encryption)
}

/// A message that the other SDK knows as well.
#[derive(Clone, PartialEq, Message, Serialize, Deserialize)]
#[prost(prost_path = "steadfast::proto::prost")]
#[serde(rename_all = "camelCase", default)]
pub struct Execution {
    #[prost(string, tag = "1")]
    workflow_id: String,
    #[prost(string, tag = "2")]
    run_id: String,
}

impl Name for Execution {
    const NAME: &'static str = "WorkflowExecution";
    const PACKAGE: &'static str = "temporal.api.common.v1";
}

/// Of a protobuf message: it comes as JSON, and goes as bytes.
#[derive(Default)]
pub struct Copies;

#[workflow]
impl Copies {
    #[run]
    async fn run(
        ctx: WorkflowContext<Self>,
        execution: JsonProto<Execution>,
    ) -> WorkflowResult<BinaryProto<Execution>> {
        let _ = ctx;
        Ok(BinaryProto(execution.0))
    }
}

pub async fn copy(client: &Client, queue: &str) -> Result<(), Failure> {
    let execution = Execution {
        workflow_id: "order-1".to_owned(),
        run_id: "1".to_owned(),
    };
    let json = client.start_untyped("Copies", (JsonProto(execution.clone()),));
    let got: JsonProto<Execution> = json.task_queue(queue).await?.result_untyped().await?;
    expect("protobuf as JSON", &got.0, &execution)?;
    let binary = client.start_untyped("Copies", (BinaryProto(execution.clone()),));
    let got: JsonProto<Execution> = binary.task_queue(queue).await?.result_untyped().await?;
    expect("protobuf as bytes", &got.0, &execution)
}
