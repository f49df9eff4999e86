//! How generated code names things: only `::steadfast::__private` (as `__sf`) and `::core`.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote};
use syn::{Path, Type, TypePath, visit_mut::VisitMut};

/// Wraps generated items so that none of their names enters the user's module.
///
/// The lints allowed here would speak of code that the user did not write; `deprecated` would speak twice.
pub(crate) fn hidden(krate: Option<&Path>, items: &TokenStream) -> TokenStream {
    let krate = krate.map_or_else(|| quote!(::steadfast), |path| quote!(#path));
    quote! {
        #[allow(
            dead_code, deprecated, non_camel_case_types, private_bounds, private_interfaces, unreachable_pub,
            unused_qualifications, unused_variables, clippy::all, clippy::nursery, clippy::pedantic, clippy::restriction
        )]
        const _: () = {
            use #krate::__private as __sf;
            #items
        };
    }
}

/// A local variable of generated code: never seen by, nor seeing, the user's names.
pub(crate) fn local(name: &str) -> Ident {
    Ident::new(name, Span::mixed_site())
}

/// As [`local`], numbered, and reported at the user's token that it stands for.
pub(crate) fn local_at(index: usize, span: Span) -> Ident {
    format_ident!("__{}", index, span = Span::mixed_site().located_at(span))
}

/// Writes the implementing type in the place of `Self`, for types that move into another impl.
pub(crate) fn replace_self(ty: &mut Type, self_ty: &Type) {
    ReplaceSelf(self_ty).visit_type_mut(ty);
}

struct ReplaceSelf<'a>(&'a Type);

impl VisitMut for ReplaceSelf<'_> {
    fn visit_type_mut(&mut self, ty: &mut Type) {
        syn::visit_mut::visit_type_mut(self, ty);
        let Type::Path(TypePath { qself: None, path, .. }) = &*ty else {
            return;
        };
        if path.leading_colon.is_some() || path.segments.first().is_none_or(|segment| segment.ident != "Self") {
            return;
        }
        let self_ty = self.0;
        let rest = path.segments.iter().skip(1);
        *ty = match path.segments.len() {
            1 => self_ty.clone(),
            _ => syn::parse_quote!(<#self_ty> #(:: #rest)*),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use quote::ToTokens;
    use syn::parse_quote;

    #[test]
    fn self_becomes_the_implementing_type() {
        let mut ty: Type = parse_quote!(Option<(Self, Self::Item, other::Self_)>);
        replace_self(&mut ty, &parse_quote!(Fold<T>));
        let expected: Type = parse_quote!(Option<(Fold<T>, <Fold<T>>::Item, other::Self_)>);
        assert_eq!(ty.to_token_stream().to_string(), expected.to_token_stream().to_string());
    }
}
