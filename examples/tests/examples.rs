//! Every example does what it says, in one process or on the server that `STEADFAST_TEST_ADDRESS` names. Their own tests
//! run here, too.

use std::{fs, future::Future, path::Path, time::Duration};
use steadfast::Client;

/// None takes as long as this.
const TIMEOUT: Duration = Duration::from_secs(120);

macro_rules! examples {
    ($($name:ident = $path:literal)*) => {
        $(
            #[path = $path]
            #[expect(dead_code, reason = "`main` is for cargo to call")]
            mod $name;
        )*

        /// The example runs to its end.
        mod runs {
            $(
                #[tokio::test(flavor = "multi_thread")]
                async fn $name() -> examples::Outcome {
                    super::in_time(async |client| super::$name::run(&client).await).await
                }
            )*
        }

        const NAMES: &[&str] = &[$(stringify!($name)),*];
    };
}

examples! {
    approval = "../examples/approval.rs"
    async_completion = "../examples/async_completion.rs"
    blocking_activity = "../examples/blocking_activity.rs"
    cancellation = "../examples/cancellation.rs"
    child_workflow = "../examples/child_workflow.rs"
    codec_server = "../examples/codec_server.rs"
    dynamic_handlers = "../examples/dynamic_handlers.rs"
    dynamic_workflow = "../examples/dynamic_workflow.rs"
    encryption = "../examples/encryption.rs"
    entity = "../examples/entity.rs"
    errors = "../examples/errors.rs"
    fan_out = "../examples/fan_out.rs"
    heartbeat = "../examples/heartbeat.rs"
    hello = "../examples/hello.rs"
    interceptors = "../examples/interceptors.rs"
    large_payloads = "../examples/large_payloads.rs"
    local_activity = "../examples/local_activity.rs"
    messages = "../examples/messages.rs"
    metrics = "../examples/metrics.rs"
    mocks_and_replay = "../examples/mocks_and_replay.rs"
    nexus = "../examples/nexus.rs"
    opentelemetry = "../examples/opentelemetry.rs"
    order = "../examples/order.rs"
    patching = "../examples/patching.rs"
    polling = "../examples/polling.rs"
    retry = "../examples/retry.rs"
    saga = "../examples/saga.rs"
    schedule = "../examples/schedule.rs"
    search_attribute = "../examples/search_attribute.rs"
    standalone_activity = "../examples/standalone_activity.rs"
    time_skipping = "../examples/time_skipping.rs"
    tls = "../examples/tls.rs"
    update_with_start = "../examples/update_with_start.rs"
}

async fn in_time<F: Future<Output = examples::Outcome>>(run: impl FnOnce(Client) -> F) -> examples::Outcome {
    let client = examples::connect_to(std::env::var("STEADFAST_TEST_ADDRESS").ok()).await?;
    tokio::time::timeout(TIMEOUT, run(client)).await?
}

#[test]
fn every_example_is_tested_and_listed() -> examples::Outcome {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let list = fs::read_to_string(folder.join("README.md"))?;
    for file in fs::read_dir(folder.join("examples"))? {
        let path = file?.path();
        let name = path.file_stem().and_then(|name| name.to_str()).unwrap_or_default();
        assert!(NAMES.contains(&name), "{name} has no test: name it in `examples!`");
        assert!(
            list.contains(&format!("(examples/{name}.rs)")),
            "{name} is not in README.md"
        );
    }
    Ok(())
}
