//! Pure protocol state machines of a Temporal worker.
