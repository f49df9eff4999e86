//! `#[nexus_service]`.

mod check;
mod expand;
mod parse;

use crate::errors::Errors;
use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::{Item, ItemImpl, ItemTrait, Type, parse_quote, spanned::Spanned};

/// `#[nexus_service]` on a trait, on its impls, or on an impl block.
pub(crate) fn service(options: TokenStream, item: &TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    match syn::parse2::<Item>(item.clone()) {
        Ok(Item::Trait(item)) => definition(options, item, errors),
        Ok(Item::Impl(block)) if block.trait_.is_some() => implementation(options, block, errors),
        Ok(Item::Impl(block)) => inherent(options, block, errors),
        Ok(other) => {
            let place = other
                .to_token_stream()
                .into_iter()
                .find(|token| token.to_string() != "#");
            let place = place.map_or_else(|| other.span(), |token| token.span());
            errors.push_at(place, "`#[nexus_service]` goes on a trait, or on an `impl` block");
            with(item, errors)
        }
        Err(error) => {
            errors.accept::<()>(Err(error));
            with(item, errors)
        }
    }
}

/// A trait: every method is an operation, unless it cancels one.
fn definition(options: TokenStream, mut item: ItemTrait, mut errors: Errors) -> TokenStream {
    let options = parse::ServiceOptions::parse(options, &mut errors);
    let methods = parse::trait_methods(&mut item, &mut errors);
    if let Some(parameter) = item.generics.params.first() {
        errors.push(
            parameter,
            "a service has one name on the wire, and is used as `dyn Trait`: it cannot be generic",
        );
        return with(&quote!(#item), errors);
    }
    let ident = item.ident.clone();
    let self_ty: Type = parse_quote!(dyn #ident + '__a);
    let service = check::service(&methods, &self_ty, ident.span(), &mut errors);
    expand::answer_freely(&mut item, &service, options.krate.as_ref());
    crate::interface::add_supertraits(&mut item);
    let generated = expand::definition(&ident, &self_ty, &options, &service, errors);
    quote!(#item #generated)
}

/// `impl Greetings for English`: the macro sees the trait's name alone, so it forwards to `dyn Greetings`.
fn implementation(options: TokenStream, mut block: ItemImpl, mut errors: Errors) -> TokenStream {
    let options = parse::ServiceOptions::parse(options, &mut errors);
    if let Some(name) = &options.name {
        errors.push(
            name,
            "the interface gives the name: put `#[nexus_service(name = \"..\")]` on the trait",
        );
    }
    parse::refuse_attributes(&mut block, &mut errors);
    let generated = expand::implementation(&block, &options, errors);
    // What a method returns may say more than the interface: that the operation takes a while.
    quote!(#[allow(refining_impl_trait)] #block #generated)
}

/// An impl block with `#[operation]` methods: a service and its handler in one.
fn inherent(options: TokenStream, mut block: ItemImpl, mut errors: Errors) -> TokenStream {
    let options = parse::ServiceOptions::parse(options, &mut errors);
    if let Some(parameter) = block.generics.params.first() {
        let cure = "describe it by a trait, and write `#[nexus_service] impl Trait for Type<T>`";
        errors.push(parameter, format!("a service has one name on the wire: {cure}"));
        parse::impl_methods(&mut block, &mut errors);
        return with(&quote!(#block), errors);
    }
    let methods = parse::impl_methods(&mut block, &mut errors);
    let self_ty = (*block.self_ty).clone();
    let service = check::service(&methods, &self_ty, block.impl_token.span, &mut errors);
    let generated = expand::inherent(&self_ty, &options, &service, errors);
    quote!(#block #generated)
}

fn with(item: &TokenStream, errors: Errors) -> TokenStream {
    let errors = errors.into_items();
    quote!(#item #errors)
}
