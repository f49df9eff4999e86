//! One plain enum per kind of command: a state, an input, the next state and what is to be done.

pub(crate) mod activity;
pub(crate) mod child;
pub(crate) mod external;
pub(crate) mod local_activity;
pub(crate) mod nexus;
pub(crate) mod patch;
pub(crate) mod search_attribute;
pub(crate) mod terminal;
pub(crate) mod timer;
pub(crate) mod update;

/// An input that a state has no rule for: the history can't be of this code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Unexpected;
