//! The sink of mistakes: every one found is reported, each on the user's token.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote};

/// What is wrong with one annotated item.
#[derive(Default)]
pub(crate) struct Errors {
    mistakes: Vec<syn::Error>,
}

impl Errors {
    /// Notes a mistake on the tokens that make it.
    pub(crate) fn push(&mut self, tokens: impl ToTokens, message: impl std::fmt::Display) {
        self.mistakes.push(syn::Error::new_spanned(tokens, message));
    }

    /// Notes a mistake at a place that has no token of its own.
    pub(crate) fn push_at(&mut self, span: Span, message: impl std::fmt::Display) {
        self.mistakes.push(syn::Error::new(span, message));
    }

    /// Takes over what the parser said, and goes on with `None`.
    pub(crate) fn accept<T>(&mut self, result: syn::Result<T>) -> Option<T> {
        result.map_err(|error| self.mistakes.extend(error)).ok()
    }

    pub(crate) fn len(&self) -> usize {
        self.mistakes.len()
    }

    /// One `compile_error!` for each mistake.
    pub(crate) fn into_items(self) -> TokenStream {
        self.mistakes.iter().map(syn::Error::to_compile_error).collect()
    }

    /// As [`into_items`](Self::into_items), together with a type called `__Mistake`.
    ///
    /// A `compile_error!` in the place of a type makes that type *the error type* of rustc, which agrees with everything:
    /// an impl that names `__Mistake` gives no second error where the annotated item is used.
    pub(crate) fn into_items_and_type(self) -> TokenStream {
        let mut mistakes = self.mistakes.iter().map(syn::Error::to_compile_error);
        let first = mistakes.next();
        quote! {
            #(#mistakes)*
            type __Mistake = #first;
        }
    }

    #[cfg(test)]
    pub(crate) fn messages(&self) -> Vec<String> {
        self.mistakes.iter().map(ToString::to_string).collect()
    }
}
