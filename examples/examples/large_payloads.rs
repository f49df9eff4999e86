//! Large payloads in a directory, with references to them in the histories. A bucket in the cloud would do as well.

use examples::Outcome;
use std::{
    path::PathBuf,
    sync::atomic::{AtomicU64, Ordering},
};
use steadfast::{
    convert::{Claim, CodecFailure, ExternalStorage, PayloadContext, PayloadStore},
    prelude::*,
    proto::{common::Payload, prost::Message},
};

/// A file for each payload.
struct Directory {
    path: PathBuf,
    files: AtomicU64,
}

impl PayloadStore for Directory {
    fn name(&self) -> &str {
        "directory"
    }

    async fn store(&self, payload: &Payload, context: &PayloadContext) -> Result<Claim, CodecFailure> {
        let number = self.files.fetch_add(1, Ordering::Relaxed);
        let file = format!("{}-{}-{number}", context.workflow_id(), std::process::id());
        std::fs::write(self.path.join(&file), payload.encode_to_vec())?;
        Ok(Claim::from([("file".to_owned(), file)]))
    }

    async fn retrieve(&self, claim: &Claim) -> Result<Payload, CodecFailure> {
        let file = claim.get("file").ok_or("a claim here has a file")?;
        let path = PathBuf::from(file);
        let name = path.file_name().ok_or("which has a name")?; // and leads nowhere else
        Ok(Payload::decode(&*std::fs::read(self.path.join(name))?)?)
    }
}

#[activity(start_to_close_timeout = "10s")]
async fn render(title: String) -> Result<String, ActivityError> {
    Ok(title.repeat(200_000))
}

#[derive(Default)]
struct Report;

#[workflow]
impl Report {
    #[run]
    async fn run(ctx: WorkflowContext<Self>, title: String) -> WorkflowResult<String> {
        Ok(ctx.activity::<render>(title).await?)
    }
}

#[tokio::main]
async fn main() -> Outcome {
    run(&examples::connect().await?).await
}

pub async fn run(client: &Client) -> Outcome {
    let path = std::env::temp_dir().join(format!("large_payloads-{}", std::process::id()));
    std::fs::create_dir_all(&path)?;
    let directory = Directory {
        path: path.clone(),
        files: AtomicU64::default(),
    };
    // After codecs that compress or encrypt, if there are any.
    let client = client.with_codec(ExternalStorage::new(directory).threshold_bytes(100_000));

    let worker = Worker::new(&client, "large_payloads")
        .workflow::<Report>()
        .activity::<render>()
        .start();
    let report = client
        .execute::<Report>("a megabyte".to_owned())
        .task_queue("large_payloads")
        .await?;
    worker.shutdown().await?;
    let files = std::fs::read_dir(&path)?.count();
    println!("{} bytes, {files} files in {}", report.len(), path.display());
    assert_eq!((report.len(), files), (2_000_000, 2));
    Ok(std::fs::remove_dir_all(path)?)
}
