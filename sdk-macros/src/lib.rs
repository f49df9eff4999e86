//! Macros of Steadfast, durable workflows for Rust.
