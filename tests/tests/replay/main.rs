//! Histories recorded from the official Rust SDK (`tests/replay`) replay on ours.
//!
//! Each file has the workflows of the recorder's file of the same name, written with our macros.

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
mod recorded;
mod replayer;
mod reset;
mod signal;
mod timer;
mod update;
mod upsert;
mod wave;
mod workflow_cancellation;
