//! `#[workflow]`.

mod check;
mod dynamic;
mod expand;
mod interface;
mod parse;

use crate::errors::Errors;
use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::{Item, spanned::Spanned};

/// `#[workflow]` on an impl block or a trait.
pub(crate) fn workflow(options: TokenStream, item: &TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    match syn::parse2::<Item>(item.clone()) {
        Ok(Item::Impl(block)) if block.trait_.is_some() => interface::implementation(options, &block, errors),
        Ok(Item::Impl(block)) => {
            let block = parse::Block::parse(options, block, &mut errors);
            let workflow = check::workflow(&block, &mut errors);
            let generated = expand::implementation(&workflow, errors);
            let block = &block.item;
            quote!(#block #generated)
        }
        Ok(Item::Trait(item)) => interface::definition(options, item, errors),
        Ok(other) => {
            let place = other
                .to_token_stream()
                .into_iter()
                .find(|token| token.to_string() != "#");
            let place = place.map_or_else(|| other.span(), |token| token.span());
            let cure = "on the `impl` block that has the `#[run]` function, or on a trait that describes it";
            errors.push_at(place, format!("`#[workflow]` goes {cure}"));
            with(item, errors)
        }
        Err(error) => {
            errors.accept::<()>(Err(error));
            with(item, errors)
        }
    }
}

fn with(item: &TokenStream, errors: Errors) -> TokenStream {
    let errors = errors.into_items();
    quote!(#item #errors)
}
