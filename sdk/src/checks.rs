//! What generated code asks of users' types, so that each mistake is one error, on the user's token, that says the cure.

use crate::convert::Data;

/// A type, if it can travel as a payload.
///
/// Generated code writes `<T as Travels>::Itself` where it sends or reads a `T`. For a type that can't travel this is the error
/// type of rustc, so that nothing else is reported about it; and wherever it stands, the report is the same.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot travel as a payload",
    label = "must implement `Serialize + DeserializeOwned + Send + 'static`",
    note = "parameters, results and errors of activities, workflows and messages are sent over the network: add `#[derive(Serialize, Deserialize)]`"
)]
pub trait Travels {
    /// The type.
    type Itself;
}

#[diagnostic::do_not_recommend]
impl<T: Data> Travels for T {
    type Itself = T;
}

/// The name of something that is called by its type.
///
/// # Panics
/// It has none: it is dynamic. Where this is a constant the program isn't built then.
pub(crate) const fn called(name: &'static str) -> &'static str {
    assert!(
        !name.is_empty(),
        "what is dynamic has no name to be called by: call it `untyped`, by one of the names it is to run for"
    );
    name
}

/// `#[init]` and `#[run]` get the same input.
#[diagnostic::on_unimplemented(
    message = "`#[init]` takes `{Self}` where `#[run]` takes `{Run}`",
    label = "both get the workflow's input: write `{Run}`, or let `#[run]` take no input"
)]
pub trait SameInput<Run> {}

#[diagnostic::do_not_recommend]
impl<T> SameInput<T> for T {}

/// Compiles if the parameter of `#[init]` has the type of that of `#[run]`.
pub const fn same_input<Init: SameInput<Run>, Run>() {}
