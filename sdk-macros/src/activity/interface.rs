//! `#[activities]` on a trait, which describes activities, and on the trait's impls.

use super::check::{self, Activity};
use super::expand;
use super::parse::{self, Method};
use crate::errors::Errors;
use crate::path::{hidden, local};
use proc_macro2::{Ident, TokenStream};
use quote::quote;
use syn::{Generics, ImplItem, ItemImpl, ItemTrait, TraitItem, Type, parse_quote};

/// A trait: every method is an activity, with or without `#[activity]`.
pub(super) fn definition(options: TokenStream, mut item: ItemTrait, mut errors: Errors) -> TokenStream {
    let krate = parse::set_options(options, &mut errors);
    if let Some(parameter) = item.generics.params.first() {
        errors.push(
            parameter,
            "an interface is used as `dyn Trait`, one set of activities: it cannot be generic",
        );
    }
    let mut methods = Vec::new();
    for member in &mut item.items {
        match member {
            TraitItem::Fn(function) => {
                let options = parse::take_activity(&mut function.attrs, &mut errors).unwrap_or_default();
                if options.is_dynamic {
                    errors.push(
                        &function.sig.ident,
                        "an interface is what callers know by name, a dynamic activity has none: make it a function, or a method of an impl block without a trait",
                    );
                }
                let (attributes, signature) = (function.attrs.clone(), function.sig.clone());
                methods.push(Method {
                    attributes,
                    signature,
                    options,
                });
                crate::interface::make_dyn_compatible(function);
            }
            other => errors.push(&*other, "an interface has activities only: remove this"),
        }
    }
    crate::interface::add_supertraits(&mut item);
    let ident = &item.ident;
    let self_ty: Type = parse_quote!(dyn #ident + '__a);
    let generics = crate::interface::object_generics();
    let activities: Vec<_> = methods
        .iter()
        .map(|method| check::method(method, &self_ty, &mut errors))
        .collect();
    check::check_names(&activities, &mut errors);
    let callable: Vec<_> = activities.iter().filter(|activity| activity.is_callable).collect();
    let errors = errors.into_items();
    let shared = expand::shared(
        (&self_ty, &generics),
        (&parse_quote!(dyn #ident), &Generics::default()),
        &callable,
    );
    let registration = registration(ident, &self_ty, &callable);
    let generated = hidden(krate.as_ref(), &quote!(#errors #shared #registration));
    quote!(#item #generated)
}

/// `Self` is `dyn Trait`, which is local, so the orphan rule lets `__X` be anything.
fn registration(ident: &Ident, self_ty: &Type, activities: &[&Activity]) -> TokenStream {
    let (implementation, registry) = (local("implementation"), local("registry"));
    let owner = quote!(<__X as #ident>);
    let none = quote!();
    let registrations = activities
        .iter()
        .map(|activity| expand::register(activity, &owner, &implementation, &registry, &none));
    quote! {
        #[automatically_derived]
        impl<'__a, __X: #ident> __sf::ImplementedBy<__X> for #self_ty {
            fn register(#implementation: __sf::Arc<__X>, #registry: &mut __sf::Registry) {
                #(#registrations)*
            }
        }
    }
}

/// `impl Parcels for Dhl`: the macro sees the trait's name alone, so it forwards to `dyn Parcels`.
pub(super) fn implementation(options: TokenStream, block: &ItemImpl, mut errors: Errors) -> TokenStream {
    let krate = parse::set_options(options, &mut errors);
    let Some((interface, _)) = &block.trait_ else {
        return quote!(#block);
    };
    let mut item = block.clone();
    for member in &mut item.items {
        let ImplItem::Fn(function) = member else { continue };
        let attribute = function
            .attrs
            .iter()
            .find(|attribute| attribute.path().is_ident("activity"));
        if let Some(attribute) = attribute {
            errors.push(
                attribute.path(),
                "the interface says what its methods are: remove the attribute here",
            );
        }
        parse::take_activity(&mut function.attrs, &mut Errors::default());
    }
    let (self_ty, errors) = (&item.self_ty, errors.into_items());
    let (impl_generics, _, where_clause) = item.generics.split_for_impl();
    let registry = local("registry");
    let generated = hidden(
        krate.as_ref(),
        &quote! {
            #errors
            #[automatically_derived]
            impl #impl_generics __sf::ActivitySet for #self_ty #where_clause {
                type Methods<__K: __sf::CallKind> = __sf::NoMethods<Self, __K>;
                type Mock = __sf::MockSet;
            }
            #[automatically_derived]
            impl #impl_generics __sf::ActivitySetImplementation for #self_ty #where_clause {
                fn register(self: __sf::Arc<Self>, #registry: &mut __sf::Registry) {
                    <dyn #interface as __sf::ImplementedBy<Self>>::register(self, #registry)
                }
            }
        },
    );
    quote!(#item #generated)
}
