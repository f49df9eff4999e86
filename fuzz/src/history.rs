//! A history and a program replay, or there is a typed error; the same one every time.

use crate::program::Spelled;
use prost::Message;
use steadfast_core::{ReplayError, replay, replay_bytes};
use steadfast_proto::{command::Command, history::History};

/// A program and a history.
#[derive(Clone, PartialEq, Message)]
pub struct Input {
    #[prost(bytes = "vec", tag = "1")]
    pub script: Vec<u8>,
    #[prost(message, optional, tag = "2")]
    pub history: Option<History>,
    /// Whether events keep the numbers that they have; otherwise they are counted anew.
    #[prost(bool, tag = "3")]
    pub is_numbered: bool,
}

/// Replays the history, whole and encoded.
pub fn run(data: &[u8]) {
    let Ok(mut input) = Input::decode(data) else { return };
    let Some(history) = &mut input.history else { return };
    if !input.is_numbered {
        renumber(history);
    }
    let programs = Spelled::new(&input.script, Some(history));
    let first = outcome(replay(history.clone(), "default", &programs));
    let again = outcome(replay_bytes(&history.encode_to_vec(), "default", &programs));
    assert_eq!(first, again, "the same history replayed twice");
}

fn outcome(replayed: Result<steadfast_core::Replayed, ReplayError>) -> Result<(u64, u64, Vec<Command>), String> {
    match replayed {
        Ok(mut replayed) => {
            let _ = replayed.query("state", None);
            Ok((replayed.events, replayed.turns, replayed.commands))
        }
        Err(error) => Err(error.to_string()),
    }
}

/// Counts the events from one on, so that taking one out leaves a history that can be replayed.
pub fn renumber(history: &mut History) {
    for (event, id) in history.events.iter_mut().zip(1..) {
        event.event_id = id;
    }
}
