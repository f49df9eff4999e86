//! Records workflow histories with the official Rust SDK on a real Temporal server.
//!
//! `recorder [--address HOST:PORT] [--into FOLDER] [SCENARIO]...` plays each scenario (all of them if none is named), saves
//! its histories as proto JSON (by the `temporal` CLI), and replays each at once with the official replayer.

// First: the others use its macro.
#[macro_use]
mod scenario;

mod activities;
mod activity;
mod activity_cancellation;
mod child;
mod continue_as_new;
mod eviction;
mod external;
mod failure;
mod local_activity;
mod patch;
mod query;
mod random;
mod registry;
mod reset;
mod signal;
mod stage;
mod timer;
mod update;
mod upsert;
mod wave;
mod workflow_cancellation;

use anyhow::{Context, Result, bail};
use scenario::Scenario;
use std::{path::PathBuf, time::Instant};

const NOUNS: &[&[Scenario]] = &[
    activity::SCENARIOS,
    activity_cancellation::SCENARIOS,
    timer::SCENARIOS,
    signal::SCENARIOS,
    update::SCENARIOS,
    query::SCENARIOS,
    patch::SCENARIOS,
    continue_as_new::SCENARIOS,
    workflow_cancellation::SCENARIOS,
    failure::SCENARIOS,
    local_activity::SCENARIOS,
    child::SCENARIOS,
    external::SCENARIOS,
    upsert::SCENARIOS,
    random::SCENARIOS,
    wave::SCENARIOS,
    eviction::SCENARIOS,
    reset::SCENARIOS,
];

struct Arguments {
    address: String,
    into: PathBuf,
    names: Vec<String>,
}

fn arguments() -> Result<Arguments> {
    let histories = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../histories");
    let mut parsed = Arguments {
        address: "127.0.0.1:17233".into(),
        into: histories,
        names: Vec::new(),
    };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        match word.as_str() {
            "--address" => parsed.address = words.next().context("--address needs HOST:PORT")?,
            "--into" => parsed.into = words.next().context("--into needs a folder")?.into(),
            option if option.starts_with("--") => bail!("unknown option {option}"),
            name => parsed.names.push(name.into()),
        }
    }
    Ok(parsed)
}

#[tokio::main]
async fn main() -> Result<()> {
    let arguments = arguments()?;
    let all: Vec<&Scenario> = NOUNS.iter().copied().flatten().collect();
    for name in &arguments.names {
        if !all.iter().any(|scenario| scenario.name == name) {
            bail!(
                "no scenario {name}; there are {:?}",
                all.iter().map(|scenario| scenario.name).collect::<Vec<_>>()
            );
        }
    }
    let mut failed = Vec::new();
    for scenario in all
        .into_iter()
        .filter(|s| arguments.names.is_empty() || arguments.names.iter().any(|n| n == s.name))
    {
        let began = Instant::now();
        match scenario.record(&arguments.address, &arguments.into).await {
            Ok(files) => println!(
                "{:<36} {:>6.1} s  {files}",
                scenario.name,
                began.elapsed().as_secs_f32()
            ),
            Err(error) => {
                println!("{:<36} FAILED: {error:#}", scenario.name);
                failed.push(scenario.name);
            }
        }
    }
    if !failed.is_empty() {
        bail!("failed: {failed:?}");
    }
    Ok(())
}
