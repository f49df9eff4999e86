//! The rules of application errors, and the reading of their texts.

use super::parse::{ErrorAttribute, Input, Shape};
use crate::errors::Errors;
use crate::options::default_name;
use proc_macro2::{Ident, Span};
use quote::format_ident;
use syn::{Fields, Generics, LitStr, Path};

/// An error type that keeps the rules, or the rest of one that does not.
pub(super) struct ErrorType {
    pub(super) ident: Ident,
    pub(super) generics: Generics,
    pub(super) krate: Option<Path>,
    pub(super) type_name: LitStr,
    pub(super) cases: Vec<Case>,
}

/// A variant, or the struct.
pub(super) struct Case {
    /// `None` for a struct.
    pub(super) variant: Option<Ident>,
    pub(super) fields: FieldKind,
    /// The text with the names of its fields in it.
    pub(super) text: LitStr,
    /// The fields that the text names: what to match, and what to call it.
    pub(super) bindings: Vec<(FieldName, Ident)>,
    pub(super) non_retryable: bool,
    pub(super) benign: bool,
    pub(super) next_retry_delay_millis: Option<u64>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum FieldKind {
    Named,
    Tuple,
    Unit,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum FieldName {
    Named(Ident),
    Index(u32),
}

pub(super) fn error(input: &Input<'_>, errors: &mut Errors) -> ErrorType {
    let attribute = &input.attribute;
    if let Some(lifetime) = input.generics.lifetimes().next() {
        errors.push(
            lifetime,
            "an application error is read from a payload again: own what it holds, don't borrow it",
        );
    }
    let cases = match &input.shape {
        Shape::Enum(variants) => {
            if let Some(text) = &attribute.text {
                errors.push(text, "each variant has a text of its own: move this to the variants");
            }
            let case = |variant: &super::parse::Variant<'_>| {
                check_variant_options(&variant.attribute, errors);
                case(
                    variant.ident,
                    variant.fields,
                    &variant.attribute,
                    Some(attribute),
                    errors,
                )
            };
            variants.iter().map(case).collect()
        }
        Shape::Struct(fields) => vec![case(input.ident, fields, attribute, None, errors)],
        Shape::Union => Vec::new(),
    };
    let type_name = attribute.type_name.as_ref().and_then(|(_, name)| name.clone());
    ErrorType {
        ident: input.ident.clone(),
        generics: input.generics.clone(),
        krate: attribute.krate.clone(),
        type_name: type_name.unwrap_or_else(|| default_name(input.ident)),
        cases,
    }
}

fn check_variant_options(attribute: &ErrorAttribute, errors: &mut Errors) {
    if let Some((option, _)) = &attribute.type_name {
        errors.push(
            option,
            "the type is one for all variants: write `#[error(type = \"..\")]` above the enum",
        );
    }
    if let Some(path) = &attribute.krate {
        errors.push(
            path,
            "the crate is one for all variants: write `#[error(crate = ..)]` above the enum",
        );
    }
}

fn case(
    ident: &Ident,
    fields: &Fields,
    attribute: &ErrorAttribute,
    enumeration: Option<&ErrorAttribute>,
    errors: &mut Errors,
) -> Case {
    if attribute.text.is_none() && !attribute.is_unreadable {
        errors.push(ident, "every case has a text: `#[error(\"what went wrong\")]`");
    }
    let text = attribute
        .text
        .clone()
        .unwrap_or_else(|| LitStr::new("", Span::call_site()));
    let (text, bindings) = read_text(&text, fields, errors);
    let delay = |attribute: &ErrorAttribute| attribute.next_retry_delay.as_ref().map(|(_, millis)| *millis);
    let non_retryable = attribute.non_retryable || enumeration.is_some_and(|enumeration| enumeration.non_retryable);
    let benign = attribute.benign || enumeration.is_some_and(|enumeration| enumeration.benign);
    let next_retry_delay_millis = delay(attribute).or_else(|| enumeration.and_then(delay));
    if let (true, Some((option, _))) = (attribute.non_retryable, &attribute.next_retry_delay) {
        errors.push(
            option,
            "what is not retried has no delay before the next attempt: keep one of the two",
        );
    }
    Case {
        variant: enumeration.map(|_| ident.clone()),
        fields: match fields {
            Fields::Named(_) => FieldKind::Named,
            Fields::Unnamed(_) => FieldKind::Tuple,
            Fields::Unit => FieldKind::Unit,
        },
        text,
        bindings,
        non_retryable,
        benign,
        next_retry_delay_millis,
    }
}

/// Finds the fields in the text. `{0}` becomes `{_0}`, so that the text can name its fields by itself.
fn read_text(text: &LitStr, fields: &Fields, errors: &mut Errors) -> (LitStr, Vec<(FieldName, Ident)>) {
    let value = text.value();
    let (mut read, mut rest) = (String::new(), value.as_str());
    let mut bindings: Vec<(FieldName, Ident)> = Vec::new();
    while let Some(open) = rest.find('{') {
        let (before, after) = rest.split_at(open + 1);
        read.push_str(before);
        rest = after;
        if let Some(after) = rest.strip_prefix('{') {
            read.push('{');
            rest = after;
            continue;
        }
        let end = rest
            .find(|c: char| !(c.is_alphanumeric() || c == '_'))
            .unwrap_or(rest.len());
        let (name, after) = rest.split_at(end);
        rest = after;
        match field(name, fields, text.span()) {
            Ok((field, ident)) => {
                read.push_str(&ident.to_string());
                if !bindings.iter().any(|(earlier, _)| *earlier == field) {
                    bindings.push((field, ident));
                }
            }
            Err(message) => {
                errors.push(text, message);
                // A text of its own, so that `write!` does not report it again.
                return (LitStr::new("", text.span()), Vec::new());
            }
        }
    }
    read.push_str(rest);
    (LitStr::new(&read, text.span()), bindings)
}

fn field(name: &str, fields: &Fields, span: Span) -> Result<(FieldName, Ident), String> {
    let names: Vec<String> = match fields {
        Fields::Named(fields) => fields
            .named
            .iter()
            .filter_map(|field| field.ident.as_ref())
            .map(Ident::to_string)
            .collect(),
        Fields::Unnamed(fields) => (0..fields.unnamed.len()).map(|index| index.to_string()).collect(),
        Fields::Unit => Vec::new(),
    };
    if names.iter().any(|known| known == name) {
        return Ok(match name.parse::<u32>() {
            Ok(index) => (FieldName::Index(index), format_ident!("_{}", index, span = span)),
            Err(_) => (FieldName::Named(Ident::new(name, span)), Ident::new(name, span)),
        });
    }
    let known: Vec<_> = names.iter().map(|name| format!("`{{{name}}}`")).collect();
    Err(match known.as_slice() {
        [] => format!("`{{{name}}}` names a field, and there are none here; `{{{{` stands for a brace"),
        known => format!("`{{{name}}}` is no field: there are {}", known.join(", ")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use syn::parse_quote;

    fn read(text: &str, fields: &Fields) -> (String, usize, Vec<String>) {
        let mut errors = Errors::default();
        let (text, bindings) = read_text(&LitStr::new(text, Span::call_site()), fields, &mut errors);
        (text.value(), bindings.len(), errors.messages())
    }

    #[test]
    fn a_text_names_its_fields() {
        let named = Fields::Named(parse_quote!({ attempts: u32, card: String }));
        let (text, bindings, errors) = read("{{}} {attempts:>4} {card:?} {attempts}", &named);
        assert_eq!(
            (text.as_str(), bindings, errors.len()),
            ("{{}} {attempts:>4} {card:?} {attempts}", 2, 0)
        );
    }

    #[test]
    fn fields_of_a_tuple_get_a_name() {
        let tuple = Fields::Unnamed(parse_quote!((u32, String)));
        let (text, bindings, errors) = read("{1:?} of {0}", &tuple);
        assert_eq!((text.as_str(), bindings, errors.len()), ("{_1:?} of {_0}", 2, 0));
    }

    #[test]
    fn a_name_that_is_no_field_is_reported_with_those_that_are() {
        let tuple = Fields::Unnamed(parse_quote!((u32,)));
        assert_eq!(read("{}", &tuple).2, ["`{}` is no field: there are `{0}`"]);
        assert_eq!(
            read("{x}", &Fields::Unit).2,
            ["`{x}` names a field, and there are none here; `{{` stands for a brace"]
        );
    }
}
