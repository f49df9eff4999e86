//! What stands in the parentheses of an attribute: `name = "..", start_to_close_timeout = "30s", dynamic`.

use crate::errors::Errors;
use proc_macro2::{Ident, Span, TokenStream};
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream, Parser};
use syn::punctuated::Punctuated;
use syn::{Expr, ExprLit, Lit, LitStr, Path, Token};

/// One option: a word, alone or with a value.
pub(crate) struct AttributeOption {
    pub(crate) name: Ident,
    pub(crate) value: Option<Expr>,
}

impl Parse for AttributeOption {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let name = input.call(Ident::parse_any)?;
        let value = match input.parse::<Option<Token![=]>>()? {
            Some(_) => Some(input.parse()?),
            None => None,
        };
        Ok(Self { name, value })
    }
}

/// Parses the options of one attribute; a word given twice is a mistake.
pub(crate) fn parse(tokens: TokenStream, errors: &mut Errors) -> Vec<AttributeOption> {
    let parser = Punctuated::<AttributeOption, Token![,]>::parse_terminated;
    let Some(parsed) = errors.accept(parser.parse2(tokens)) else {
        return Vec::new();
    };
    let mut options: Vec<AttributeOption> = Vec::new();
    for option in parsed {
        if options.iter().any(|earlier| earlier.name == option.name) {
            errors.push(&option.name, format!("`{}` is given twice: keep one", option.name));
        } else {
            options.push(option);
        }
    }
    options
}

/// The parentheses' content of an inner attribute such as `#[signal(name = "..")]`; none for a bare `#[signal]`.
pub(crate) fn parse_attribute(attribute: &syn::Attribute, errors: &mut Errors) -> Vec<AttributeOption> {
    match &attribute.meta {
        syn::Meta::Path(_) => Vec::new(),
        syn::Meta::List(list) => parse(list.tokens.clone(), errors),
        syn::Meta::NameValue(pair) => {
            let word = pair
                .path
                .segments
                .last()
                .map(|segment| segment.ident.to_string())
                .unwrap_or_default();
            errors.push(
                &pair.value,
                format!("options go in parentheses: `#[{word}(name = \"...\")]`"),
            );
            Vec::new()
        }
    }
}

impl AttributeOption {
    /// A word that is no option here: says which ones are.
    pub(crate) fn unknown(&self, attribute: &str, options: &[&str], errors: &mut Errors) {
        let known = match options {
            [] => format!("`{attribute}` has none"),
            options => {
                let options: Vec<_> = options.iter().map(|option| format!("`{option}`")).collect();
                format!("`{attribute}` has {}", options.join(", "))
            }
        };
        errors.push(&self.name, format!("unknown option `{}`: {known}", self.name));
    }

    /// A word that stands alone, such as `dynamic`.
    pub(crate) fn flag(&self, errors: &mut Errors) -> bool {
        if let Some(value) = &self.value {
            errors.push(value, format!("`{}` takes no value: write it alone", self.name));
        }
        true
    }

    /// A name on the wire: a literal or a constant.
    pub(crate) fn name(&self, errors: &mut Errors) -> Option<Expr> {
        let Some(value) = &self.value else {
            errors.push(&self.name, "`name` needs a value: `name = \"...\"`");
            return None;
        };
        match value {
            Expr::Lit(ExprLit {
                lit: Lit::Str(literal), ..
            }) => check_name(literal, errors)?,
            Expr::Lit(other) => {
                errors.push(other, "a name is a string: `name = \"...\"`");
                return None;
            }
            _ => {}
        }
        Some(value.clone())
    }

    /// A name on the wire that must be a literal, because the macro compares it with others.
    pub(crate) fn literal_name(&self, errors: &mut Errors) -> Option<LitStr> {
        match self.name(errors)? {
            Expr::Lit(ExprLit {
                lit: Lit::Str(literal), ..
            }) => Some(literal),
            other => {
                errors.push(other, "the name of a message is a string literal: `name = \"...\"`");
                None
            }
        }
    }

    /// A span of time: `"500ms"`, `"30s"`, `"5m"`, `"72h"`, `"2d"`; in milliseconds.
    pub(crate) fn duration_millis(&self, errors: &mut Errors) -> Option<u64> {
        let form = "a duration is a whole number with a unit, in quotes: \"500ms\", \"30s\", \"5m\", \"72h\", \"2d\"";
        match &self.value {
            Some(Expr::Lit(ExprLit {
                lit: Lit::Str(literal), ..
            })) => {
                let millis = parse_duration(&literal.value());
                if millis.is_none() {
                    errors.push(literal, format!("\"{}\" is not a duration: {form}", literal.value()));
                }
                millis
            }
            Some(value) => {
                errors.push(value, form);
                None
            }
            None => {
                errors.push(&self.name, format!("`{}` needs a value: {form}", self.name));
                None
            }
        }
    }

    /// A plain identifier, such as the marker's in `type = SendEmail`.
    pub(crate) fn ident(&self, errors: &mut Errors) -> Option<Ident> {
        let ident = self.path_value().and_then(|path| path.get_ident().cloned());
        if ident.is_none() {
            errors.push(
                &self.name,
                format!("`{0}` needs a name of its own: `{0} = SendEmail`", self.name),
            );
        }
        ident
    }

    /// A path, such as `crate = my_steadfast`.
    pub(crate) fn path(&self, errors: &mut Errors) -> Option<Path> {
        let path = self.path_value().cloned();
        if path.is_none() {
            errors.push(
                &self.name,
                format!("`{0}` needs a path: `{0} = ::renamed_steadfast`", self.name),
            );
        }
        path
    }

    /// A string literal.
    pub(crate) fn string(&self, errors: &mut Errors) -> Option<LitStr> {
        if let Some(Expr::Lit(ExprLit {
            lit: Lit::Str(literal), ..
        })) = &self.value
        {
            return Some(literal.clone());
        }
        errors.push(&self.name, format!("`{0}` needs a string: `{0} = \"...\"`", self.name));
        None
    }

    /// The variant that one of a few strings stands for.
    pub(crate) fn variant(&self, variants: &[(&str, &str)], cure: &str, errors: &mut Errors) -> Option<Ident> {
        if let Some(Expr::Lit(ExprLit {
            lit: Lit::Str(literal), ..
        })) = &self.value
            && let Some((_, variant)) = variants.iter().find(|(text, _)| literal.value() == *text)
        {
            return Some(Ident::new(variant, literal.span()));
        }
        let message = format!("`{}` is {cure}", self.name);
        match &self.value {
            Some(value) => errors.push(value, message),
            None => errors.push(&self.name, message),
        }
        None
    }

    fn path_value(&self) -> Option<&Path> {
        match &self.value {
            Some(Expr::Path(path)) if path.qself.is_none() => Some(&path.path),
            _ => None,
        }
    }
}

/// The default name of something: what the user called it.
pub(crate) fn default_name(ident: &Ident) -> LitStr {
    LitStr::new(&ident.unraw().to_string(), Span::call_site())
}

/// The name of what takes all names that nothing else has. Nothing else can be called like this, and no caller uses it.
pub(crate) fn dynamic_name() -> LitStr {
    LitStr::new("", Span::call_site())
}

fn check_name(literal: &LitStr, errors: &mut Errors) -> Option<()> {
    let value = literal.value();
    if value.is_empty() {
        errors.push(literal, "a name on the wire cannot be empty");
    } else if value.starts_with("__temporal") || value == "__stack_trace" || value == "__enhanced_stack_trace" {
        errors.push(
            literal,
            format!("`{value}` belongs to the protocol: choose another name"),
        );
    } else {
        return Some(());
    }
    None
}

fn parse_duration(text: &str) -> Option<u64> {
    let digits = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = text.split_at(digits);
    let unit_millis: u64 = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(unit_millis)
}

#[cfg(test)]
mod tests {
    use super::*;
    use quote::quote;

    #[test]
    fn a_duration_is_a_whole_number_and_a_unit() {
        let cases = [
            ("500ms", 500),
            ("30s", 30_000),
            ("5m", 300_000),
            ("72h", 259_200_000),
            ("2d", 172_800_000),
        ];
        for (text, millis) in cases {
            assert_eq!(parse_duration(text), Some(millis), "{text}");
        }
        for text in ["", "30", "s", "3 s", "1.5s", "-1s", "30sec", "18446744073709551615d"] {
            assert_eq!(parse_duration(text), None, "{text}");
        }
    }

    #[test]
    fn an_option_given_twice_is_reported_and_the_first_one_counts() {
        let mut errors = Errors::default();
        let options = parse(quote!(name = "a", name = "b"), &mut errors);
        assert_eq!(options.len(), 1);
        assert_eq!(errors.messages(), ["`name` is given twice: keep one"]);
    }

    #[test]
    fn names_of_the_protocol_are_refused() {
        let mut errors = Errors::default();
        for option in parse(quote!(name = "__temporal_x"), &mut errors) {
            assert!(option.name(&mut errors).is_none());
        }
        assert_eq!(
            errors.messages(),
            ["`__temporal_x` belongs to the protocol: choose another name"]
        );
    }
}
