//! Histories that were recorded from workflows of other SDKs: whatever is in them, replay ends with a typed result.

use super::*;
use crate::{ReplayError, TurnError};
use std::{fs, path::Path};
use steadfast_proto::{history::history_event::Attributes as Recorded, json};

fn recorded() -> impl Iterator<Item = (String, steadfast_proto::history::History)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../proto/tests/histories");
    fs::read_dir(folder).unwrap().map(|file| {
        let path = file.unwrap().path();
        let history = json::history_from_json(&fs::read(&path).unwrap()).unwrap();
        (path.display().to_string(), history)
    })
}

#[test]
fn a_history_of_an_unknown_type_says_what_is_known() {
    let scripts = alone(|_| async { Ok(None) });
    for (name, history) in recorded() {
        let Err(ReplayError::Unregistered { registered, .. }) = replay(history, "default", &scripts) else {
            panic!("{name}");
        };
        assert_eq!(registered, ["script"], "{name}");
    }
}

#[test]
fn a_history_of_other_code_is_a_mismatch_or_refused() {
    let mut mismatches = 0;
    for (name, history) in recorded() {
        let Some(Recorded::WorkflowExecutionStartedEventAttributes(started)) = history.events[0].attributes.clone()
        else {
            panic!("{name} doesn't begin with a start");
        };
        let last = history.events.len() as u64;
        // Code that does nothing fits histories in which nothing was done.
        let waiting = Script::<()>::new(|host, state| async move {
            crate::testing::wait_until(&host, &state, |()| false).await;
            Ok(None)
        });
        let scripts = Scripts::default().with(&started.into_inner().workflow_type.unwrap_or_default().name, waiting);
        match replay(history, "default", &scripts) {
            Ok(replayed) => assert!((1..=last).contains(&replayed.events), "{name}"),
            Err(ReplayError::Turn(TurnError::Mismatch(_))) => mismatches += 1,
            Err(ReplayError::Turn(TurnError::Task(refused))) => {
                // What isn't built, updates without a handler. The flags of these histories are all known.
                let text = refused.message;
                assert!(!text.is_empty() && !text.contains("panicked"), "{name}: {text}");
                assert!(!text.contains("flag"), "{name}: {text}");
            }
            Err(error) => panic!("{name}: {error}"),
        }
    }
    assert!(mismatches > 20, "only {mismatches} differ");
}
