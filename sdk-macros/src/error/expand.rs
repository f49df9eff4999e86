//! What is generated for application errors.

use super::check::{Case, ErrorType, FieldKind, FieldName};
use crate::errors::Errors;
use crate::path::{hidden, local};
use crate::payload::payload;
use proc_macro2::TokenStream;
use quote::quote;
use syn::Index;

pub(super) fn error(error: &ErrorType, errors: Errors) -> TokenStream {
    let errors = errors.into_items();
    let (ident, type_name) = (&error.ident, &error.type_name);
    let (impl_generics, type_generics, where_clause) = error.generics.split_for_impl();
    let value = payload(&quote!(#ident #type_generics));
    let (details, converter) = (local("details"), local("converter"));
    let texts = error.cases.iter().map(display_arm);
    let non_retryable = error.cases.iter().map(|case| arm(case, &case.non_retryable));
    let benign = error.cases.iter().any(|case| case.benign).then(|| {
        let benign = error.cases.iter().map(|case| arm(case, &case.benign));
        quote! {
            fn is_benign(&self) -> bool {
                match *self { #(#benign)* }
            }
        }
    });
    let delays = error.cases.iter().map(|case| {
        let delay = match case.next_retry_delay_millis {
            Some(millis) => quote!(__sf::Option::Some(::core::time::Duration::from_millis(#millis))),
            None => quote!(__sf::Option::None),
        };
        arm(case, &delay)
    });
    // `*self` of an enum without variants is matched by no arm at all.
    let items = quote! {
        #errors
        #[automatically_derived]
        impl #impl_generics ::core::fmt::Display for #ident #type_generics #where_clause {
            fn fmt(&self, __formatter: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                match *self { #(#texts)* }
            }
        }
        #[automatically_derived]
        impl #impl_generics ::core::error::Error for #ident #type_generics #where_clause {
            fn source(&self) -> __sf::Option<&(dyn ::core::error::Error + 'static)> {
                __sf::offer(self);
                __sf::Option::None
            }
        }
        #[automatically_derived]
        impl #impl_generics __sf::ApplicationError for #ident #type_generics #where_clause {
            const TYPE: &'static str = #type_name;
            fn encode(&self, #converter: &__sf::Converter) -> __sf::Result<__sf::Payloads, __sf::EncodeError> {
                __sf::encode_one::<#value>(self, #converter)
            }
            fn decode(
                #details: __sf::Option<&__sf::Payloads>,
                #converter: &__sf::Converter,
            ) -> __sf::Result<Self, __sf::DecodeError> {
                let (#details,) = <(#value,) as __sf::Args>::decode(#details, #converter)?;
                __sf::Result::Ok(#details)
            }
            fn non_retryable(&self) -> bool {
                match *self { #(#non_retryable)* }
            }
            #benign
            fn next_retry_delay(&self) -> __sf::Option<::core::time::Duration> {
                match *self { #(#delays)* }
            }
        }
    };
    hidden(error.krate.as_ref(), &items)
}

fn path(case: &Case) -> TokenStream {
    match &case.variant {
        Some(variant) => quote!(Self::#variant),
        None => quote!(Self),
    }
}

fn arm(case: &Case, value: &impl quote::ToTokens) -> TokenStream {
    let path = path(case);
    quote!(#path { .. } => #value,)
}

fn display_arm(case: &Case) -> TokenStream {
    let (path, text) = (path(case), &case.text);
    if case.bindings.is_empty() || case.fields == FieldKind::Unit {
        return quote!(#path { .. } => ::core::write!(__formatter, #text),);
    }
    let bindings = case.bindings.iter().map(|(field, ident)| match field {
        FieldName::Named(_) => quote!(ref #ident),
        FieldName::Index(index) => {
            let index = Index::from(*index as usize);
            quote!(#index: ref #ident)
        }
    });
    quote!(#path { #(#bindings,)* .. } => ::core::write!(__formatter, #text),)
}
