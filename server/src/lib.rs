//! A Temporal-compatible server as a library and a binary.
