//! What the user wrote: options, and the methods that are activities.

use crate::errors::Errors;
use crate::options::{self, AttributeOption};
use proc_macro2::{Ident, TokenStream};
use quote::quote;
use syn::{Attribute, Expr, ImplItem, ItemImpl, Path, Signature};

/// The options of `#[activity]` on a function.
pub(super) const FUNCTION_OPTIONS: &[&str] = &[
    "name",
    "dynamic",
    "start_to_close_timeout",
    "schedule_to_close_timeout",
    "heartbeat_timeout",
    "type",
    "crate",
];

/// The options of `#[activity]` on a method.
pub(super) const METHOD_OPTIONS: &[&str] = &[
    "name",
    "dynamic",
    "start_to_close_timeout",
    "schedule_to_close_timeout",
    "heartbeat_timeout",
];

/// The parsed options of an activity.
#[derive(Default)]
pub(super) struct ActivityOptions {
    pub(super) name: Option<Expr>,
    /// It is run for the types that no other activity is named after.
    pub(super) is_dynamic: bool,
    /// Setters of the runtime's options, with milliseconds.
    pub(super) timeouts: Vec<(Ident, u64)>,
    pub(super) marker: Option<Ident>,
    pub(super) krate: Option<Path>,
}

impl ActivityOptions {
    pub(super) fn parse(tokens: TokenStream, known: &[&str], errors: &mut Errors) -> Self {
        let options = options::parse(tokens, errors);
        Self::sort(options, known, errors)
    }

    fn sort(options: Vec<AttributeOption>, known: &[&str], errors: &mut Errors) -> Self {
        let mut sorted = Self::default();
        for option in options {
            match option.name.to_string().as_str() {
                name if !known.contains(&name) => option.unknown("#[activity]", known, errors),
                "name" => sorted.name = option.name(errors),
                "dynamic" => sorted.is_dynamic = option.flag(errors),
                "type" => sorted.marker = option.ident(errors),
                "crate" => sorted.krate = option.path(errors),
                // A bad duration counts as given, so that the missing time-out is not a second mistake.
                _ => {
                    let millis = option.duration_millis(errors).unwrap_or(1_000);
                    sorted.timeouts.push((option.name, millis));
                }
            }
        }
        if sorted.is_dynamic {
            sorted.refuse_with_dynamic(errors);
        }
        sorted
    }

    /// What a caller would go by: nobody calls a dynamic activity by itself.
    fn refuse_with_dynamic(&self, errors: &mut Errors) {
        if let Some(name) = &self.name {
            errors.push(
                name,
                "a dynamic activity takes all names that no other activity has: remove `name`",
            );
        }
        if let Some((option, _)) = self.timeouts.first() {
            errors.push(
                option,
                "a dynamic activity is called by other names: its time-outs are the caller's to give, remove this",
            );
        }
    }

    /// Whether an option gives one of the two close time-outs.
    pub(super) fn has_close_timeout(&self) -> bool {
        self.timeouts
            .iter()
            .any(|(setter, _)| setter == "start_to_close_timeout" || setter == "schedule_to_close_timeout")
    }

    /// The body of `defaults`, `None` without defaults.
    pub(super) fn defaults(&self) -> Option<TokenStream> {
        let setters = self
            .timeouts
            .iter()
            .map(|(setter, millis)| quote!(.#setter(::core::time::Duration::from_millis(#millis))));
        (!self.timeouts.is_empty())
            .then(|| quote!(<__sf::ActivityOptions as ::core::default::Default>::default() #(#setters)*))
    }
}

/// An impl block of activities, its inner attributes taken off.
pub(super) struct Set {
    pub(super) block: ItemImpl,
    pub(super) krate: Option<Path>,
    pub(super) methods: Vec<Method>,
}

/// A method with `#[activity]`.
pub(super) struct Method {
    pub(super) attributes: Vec<Attribute>,
    pub(super) signature: Signature,
    pub(super) options: ActivityOptions,
}

impl Set {
    pub(super) fn parse(tokens: TokenStream, mut block: ItemImpl, errors: &mut Errors) -> Self {
        let krate = set_options(tokens, errors);
        let mut methods = Vec::new();
        for item in &mut block.items {
            let ImplItem::Fn(function) = item else { continue };
            if let Some(options) = take_activity(&mut function.attrs, errors) {
                let (attributes, signature) = (function.attrs.clone(), function.sig.clone());
                methods.push(Method {
                    attributes,
                    signature,
                    options,
                });
            }
        }
        Self { block, krate, methods }
    }
}

/// The options of `#[activities]`.
pub(super) fn set_options(tokens: TokenStream, errors: &mut Errors) -> Option<Path> {
    let mut krate = None;
    for option in options::parse(tokens, errors) {
        match option.name.to_string().as_str() {
            "crate" => krate = option.path(errors),
            _ => option.unknown("#[activities]", &["crate"], errors),
        }
    }
    krate
}

/// Takes the `#[activity]` off a method.
pub(super) fn take_activity(attributes: &mut Vec<Attribute>, errors: &mut Errors) -> Option<ActivityOptions> {
    let position = attributes
        .iter()
        .position(|attribute| attribute.path().is_ident("activity"))?;
    let attribute = attributes.remove(position);
    let options = options::parse_attribute(&attribute, errors);
    Some(ActivityOptions::sort(options, METHOD_OPTIONS, errors))
}
