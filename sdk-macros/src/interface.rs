//! What becomes of a trait that describes a workflow or activities.

use quote::quote_spanned;
use syn::{Generics, ItemTrait, ReturnType, TraitItemFn, Type, parse_quote, spanned::Spanned};

/// Lets `dyn Trait` exist, and the futures of its async functions cross threads. Who implements it writes `async fn`.
pub(crate) fn make_dyn_compatible(function: &mut TraitItemFn) {
    let signature = &mut function.sig;
    if let Some(token) = signature.asyncness.take() {
        let output: Type = match &signature.output {
            ReturnType::Default => parse_quote!(()),
            ReturnType::Type(_, ty) => (**ty).clone(),
        };
        let future = quote_spanned! {output.span()=>
            impl ::core::future::Future<Output = #output> + ::core::marker::Send
        };
        signature.output = parse_quote!(-> #future);
        if let Some(body) = &mut function.default {
            *body = parse_quote!({ #token move #body });
        }
    }
    signature
        .generics
        .make_where_clause()
        .predicates
        .push(parse_quote!(Self: Sized));
}

/// What the worker needs of every implementation.
pub(crate) fn add_supertraits(item: &mut ItemTrait) {
    item.colon_token.get_or_insert_with(Default::default);
    item.supertraits.push(parse_quote!(::core::marker::Send));
    item.supertraits.push(parse_quote!(::core::marker::Sync));
    item.supertraits.push(parse_quote!('static));
}

/// The parameters of an impl for `dyn Trait + '__a`.
///
/// Not for `dyn Trait`, which is `dyn Trait + 'static`: to see whether an async function is `Send`, rustc forgets the lifetimes of
/// what it holds, and asks whether the impl is there for all of them.
pub(crate) fn object_generics() -> Generics {
    parse_quote!(<'__a>)
}
