//! Durable workflows for Rust, compatible with Temporal.
