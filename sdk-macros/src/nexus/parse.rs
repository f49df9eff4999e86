//! What the user wrote: options, operations, and the methods that cancel them.

use crate::errors::Errors;
use crate::options;
use proc_macro2::{Ident, TokenStream};
use syn::{Attribute, Expr, ImplItem, ItemImpl, ItemTrait, Path, Signature, TraitItem};

/// The attributes that `#[nexus_service]` consumes.
const KINDS: &[&str] = &["operation", "cancel"];

/// The options of `#[nexus_service]`.
#[derive(Default)]
pub(super) struct ServiceOptions {
    pub(super) name: Option<Expr>,
    pub(super) krate: Option<Path>,
}

impl ServiceOptions {
    pub(super) fn parse(tokens: TokenStream, errors: &mut Errors) -> Self {
        let mut sorted = Self::default();
        for option in options::parse(tokens, errors) {
            match option.name.to_string().as_str() {
                "name" => sorted.name = option.name(errors),
                "crate" => sorted.krate = option.path(errors),
                _ => option.unknown("#[nexus_service]", &["name", "crate"], errors),
            }
        }
        sorted
    }
}

/// A method of a service.
pub(super) struct Method {
    pub(super) role: Role,
    pub(super) attributes: Vec<Attribute>,
    pub(super) signature: Signature,
}

/// What a method is for.
pub(super) enum Role {
    Operation {
        name: Option<Expr>,
    },
    /// The operation's method, `None` if it could not be read.
    Cancel {
        operation: Option<Ident>,
    },
}

/// The methods of a trait: operations, also without an attribute.
pub(super) fn trait_methods(item: &mut ItemTrait, errors: &mut Errors) -> Vec<Method> {
    let mut methods = Vec::new();
    for member in &mut item.items {
        match member {
            TraitItem::Fn(function) => {
                let role = take_role(&mut function.attrs, errors).unwrap_or(Role::Operation { name: None });
                if let Some(body) = &function.default {
                    errors.push(
                        body,
                        "a service says what its operations are, not how they are done: end with `;`",
                    );
                }
                methods.push(Method {
                    role,
                    attributes: function.attrs.clone(),
                    signature: function.sig.clone(),
                });
            }
            other => errors.push(&*other, "a service has operations only: remove this"),
        }
    }
    methods
}

/// The methods of an impl block that have an attribute of ours.
pub(super) fn impl_methods(block: &mut ItemImpl, errors: &mut Errors) -> Vec<Method> {
    let mut methods = Vec::new();
    for member in &mut block.items {
        let ImplItem::Fn(function) = member else { continue };
        if let Some(role) = take_role(&mut function.attrs, errors) {
            methods.push(Method {
                role,
                attributes: function.attrs.clone(),
                signature: function.sig.clone(),
            });
        }
    }
    methods
}

/// The impl of an interface has no attributes of ours.
pub(super) fn refuse_attributes(block: &mut ItemImpl, errors: &mut Errors) {
    for member in &mut block.items {
        let ImplItem::Fn(function) = member else { continue };
        for attribute in function.attrs.iter().filter(|attribute| is_ours(attribute)) {
            errors.push(
                attribute.path(),
                "the interface says what its methods are: remove the attribute here",
            );
        }
        function.attrs.retain(|attribute| !is_ours(attribute));
    }
}

fn is_ours(attribute: &Attribute) -> bool {
    let word = attribute.path().get_ident();
    word.is_some_and(|word| KINDS.iter().any(|kind| word == kind))
}

/// Takes our attributes off a method.
fn take_role(attributes: &mut Vec<Attribute>, errors: &mut Errors) -> Option<Role> {
    let ours: Vec<_> = attributes
        .iter()
        .filter(|attribute| is_ours(attribute))
        .cloned()
        .collect();
    attributes.retain(|attribute| !is_ours(attribute));
    for surplus in ours.iter().skip(1) {
        errors.push(surplus.path(), "a method has one role: keep one of these attributes");
    }
    let attribute = ours.first()?;
    if attribute.path().is_ident("cancel") {
        let operation = attribute.parse_args::<Ident>().ok();
        if operation.is_none() {
            errors.push(
                attribute.path(),
                "name the operation that it cancels: `#[cancel(compose)]`",
            );
        }
        return Some(Role::Cancel { operation });
    }
    let mut name = None;
    for option in options::parse_attribute(attribute, errors) {
        match option.name.to_string().as_str() {
            "name" => name = option.name(errors),
            _ => option.unknown("#[operation]", &["name"], errors),
        }
    }
    Some(Role::Operation { name })
}
