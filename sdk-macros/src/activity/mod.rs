//! `#[activity]` and `#[activities]`.

mod check;
mod expand;
mod interface;
mod parse;

use crate::errors::Errors;
use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::{Item, spanned::Spanned};

/// `#[activity]` on a function.
pub(crate) fn function(options: TokenStream, item: &TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let Ok(function) = syn::parse2::<syn::ItemFn>(item.clone()) else {
        let place = item
            .clone()
            .into_iter()
            .next()
            .map_or_else(proc_macro2::Span::call_site, |token| token.span());
        errors.push_at(
            place,
            "`#[activity]` goes on a function, or on a method inside `#[activities] impl ..`",
        );
        return with(item, errors);
    };
    if let Some(receiver) = function.sig.receiver() {
        errors.push(
            receiver,
            "a method becomes an activity in an impl block that has `#[activities]`: add it there",
        );
        return with(item, errors);
    }
    let options = parse::ActivityOptions::parse(options, parse::FUNCTION_OPTIONS, &mut errors);
    let activity = check::function(&function, options, &mut errors);
    let generated = expand::function(&activity, errors);
    quote!(#function #generated)
}

/// `#[activities]` on an impl block or a trait.
pub(crate) fn set(options: TokenStream, item: &TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    match syn::parse2::<Item>(item.clone()) {
        Ok(Item::Impl(block)) if block.trait_.is_some() => interface::implementation(options, &block, errors),
        Ok(Item::Impl(block)) => {
            let set = parse::Set::parse(options, block, &mut errors);
            let checked = check::set(&set, &mut errors);
            let generated = expand::set(&set, &checked, errors);
            let block = &set.block;
            quote!(#block #generated)
        }
        Ok(Item::Trait(item)) => interface::definition(options, item, errors),
        Ok(other) => {
            let place = other
                .to_token_stream()
                .into_iter()
                .find(|token| token.to_string() != "#");
            let place = place.map_or_else(|| other.span(), |token| token.span());
            errors.push_at(place, "`#[activities]` goes on an `impl` block, or on a trait");
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
