//! What the user wrote: `#[error("text {field}", option, ..)]` on variants or on a struct.

use crate::errors::Errors;
use crate::options::AttributeOption;
use proc_macro2::Ident;
use syn::parse::{Parse, ParseStream};
use syn::{Attribute, Data, DeriveInput, Fields, Generics, LitStr, Path, Token};

/// The type, with its attribute and its variants'.
pub(super) struct Input<'a> {
    pub(super) ident: &'a Ident,
    pub(super) generics: &'a Generics,
    pub(super) shape: Shape<'a>,
    /// Of the type itself.
    pub(super) attribute: ErrorAttribute,
}

/// An enum or a struct.
pub(super) enum Shape<'a> {
    Enum(Vec<Variant<'a>>),
    Struct(&'a Fields),
    /// Reported.
    Union,
}

/// A variant of an enum.
pub(super) struct Variant<'a> {
    pub(super) ident: &'a Ident,
    pub(super) fields: &'a Fields,
    pub(super) attribute: ErrorAttribute,
}

/// `#[error(..)]`.
#[derive(Default)]
pub(super) struct ErrorAttribute {
    pub(super) is_present: bool,
    /// Something in it could not be understood, which has been reported.
    pub(super) is_unreadable: bool,
    pub(super) text: Option<LitStr>,
    pub(super) non_retryable: bool,
    pub(super) benign: bool,
    pub(super) next_retry_delay: Option<(Ident, u64)>,
    pub(super) type_name: Option<(Ident, Option<LitStr>)>,
    pub(super) krate: Option<Path>,
}

impl<'a> Input<'a> {
    pub(super) fn parse(input: &'a DeriveInput, errors: &mut Errors) -> Self {
        let attribute = ErrorAttribute::parse(&input.attrs, errors);
        let shape = match &input.data {
            Data::Enum(data) => {
                let variant = |variant: &'a syn::Variant| Variant {
                    ident: &variant.ident,
                    fields: &variant.fields,
                    attribute: ErrorAttribute::parse(&variant.attrs, errors),
                };
                Shape::Enum(data.variants.iter().map(variant).collect())
            }
            Data::Struct(data) => Shape::Struct(&data.fields),
            Data::Union(data) => {
                errors.push(data.union_token, "an application error is an enum or a struct");
                Shape::Union
            }
        };
        Self {
            ident: &input.ident,
            generics: &input.generics,
            shape,
            attribute,
        }
    }
}

/// The text, if it comes first, and the options.
struct Content {
    text: Option<LitStr>,
    options: Vec<AttributeOption>,
}

impl Parse for Content {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let text = if input.peek(LitStr) { Some(input.parse()?) } else { None };
        if text.is_some() && !input.is_empty() {
            input.parse::<Token![,]>()?;
        }
        let options = input
            .parse_terminated(AttributeOption::parse, Token![,])?
            .into_iter()
            .collect();
        Ok(Self { text, options })
    }
}

impl ErrorAttribute {
    fn parse(attributes: &[Attribute], errors: &mut Errors) -> Self {
        let mut sorted = Self::default();
        for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("error")) {
            if sorted.is_present {
                errors.push(attribute.path(), "`#[error(..)]` is given twice: join the two");
                continue;
            }
            sorted.is_present = true;
            match errors.accept(attribute.parse_args::<Content>()) {
                Some(content) => {
                    sorted.text = content.text;
                    content
                        .options
                        .into_iter()
                        .for_each(|option| sorted.take(&option, errors));
                }
                None => sorted.is_unreadable = true,
            }
        }
        sorted
    }

    fn take(&mut self, option: &AttributeOption, errors: &mut Errors) {
        match option.name.to_string().as_str() {
            "non_retryable" => self.non_retryable = option.flag(errors),
            "benign" => self.benign = option.flag(errors),
            "next_retry_delay" => {
                self.next_retry_delay = option
                    .duration_millis(errors)
                    .map(|millis| (option.name.clone(), millis));
            }
            "type" => self.type_name = Some((option.name.clone(), option.string(errors))),
            "crate" => self.krate = option.path(errors),
            _ => {
                let known = [
                    "\"the text\"",
                    "non_retryable",
                    "benign",
                    "next_retry_delay",
                    "type",
                    "crate",
                ];
                option.unknown("#[error]", &known, errors);
                self.is_unreadable = true;
            }
        }
    }
}
