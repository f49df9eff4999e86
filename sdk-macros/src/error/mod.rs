//! `#[derive(ApplicationError)]`.

mod check;
mod expand;
mod parse;

use crate::errors::Errors;
use proc_macro2::TokenStream;

/// The derive; it writes `Display` and `Error` too.
pub(crate) fn application_error(item: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let input = match syn::parse2::<syn::DeriveInput>(item) {
        Ok(input) => input,
        Err(error) => return error.to_compile_error(),
    };
    let parsed = parse::Input::parse(&input, &mut errors);
    let checked = check::error(&parsed, &mut errors);
    expand::error(&checked, errors)
}
