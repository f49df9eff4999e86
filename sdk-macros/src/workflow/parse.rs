//! What the user wrote: options, and the functions with an attribute of ours.

use crate::errors::Errors;
use crate::options::{self, AttributeOption};
use proc_macro2::{Ident, TokenStream};
use syn::{Attribute, Expr, ImplItem, ItemImpl, LitStr, Path, Signature};

/// The attributes that `#[workflow]` consumes.
const KINDS: &[&str] = &["init", "run", "signal", "query", "update", "validator"];

/// The options of `#[workflow]`.
#[derive(Default)]
pub(super) struct WorkflowOptions {
    pub(super) name: Option<Expr>,
    pub(super) krate: Option<Path>,
}

impl WorkflowOptions {
    pub(super) fn parse(tokens: TokenStream, errors: &mut Errors) -> Self {
        let mut sorted = Self::default();
        for option in options::parse(tokens, errors) {
            match option.name.to_string().as_str() {
                "name" => sorted.name = option.name(errors),
                "crate" => sorted.krate = option.path(errors),
                _ => option.unknown("#[workflow]", &["name", "crate"], errors),
            }
        }
        sorted
    }
}

/// An impl block, its inner attributes taken off.
pub(super) struct Block {
    pub(super) item: ItemImpl,
    pub(super) options: WorkflowOptions,
    pub(super) functions: Vec<Function>,
}

/// A function with an attribute of ours.
pub(super) struct Function {
    /// The word in the attribute, to report at.
    pub(super) word: Ident,
    pub(super) role: Role,
    pub(super) attributes: Vec<Attribute>,
    pub(super) signature: Signature,
}

/// What the function is for.
pub(super) enum Role {
    Init,
    Run,
    Signal {
        name: Option<LitStr>,
        is_dynamic: bool,
    },
    Query {
        name: Option<LitStr>,
    },
    Update {
        name: Option<LitStr>,
    },
    /// The update's function, `None` if it could not be read.
    Validator {
        update: Option<Ident>,
    },
}

impl Block {
    pub(super) fn parse(tokens: TokenStream, mut item: ItemImpl, errors: &mut Errors) -> Self {
        let options = WorkflowOptions::parse(tokens, errors);
        let mut functions = Vec::new();
        for member in &mut item.items {
            let ImplItem::Fn(function) = member else { continue };
            functions.extend(take_function(&mut function.attrs, &function.sig, errors));
        }
        Self {
            item,
            options,
            functions,
        }
    }
}

/// Takes our attributes off a function.
pub(super) fn take_function(
    attributes: &mut Vec<Attribute>,
    signature: &Signature,
    errors: &mut Errors,
) -> Option<Function> {
    let is_ours = |attribute: &Attribute| {
        attribute
            .path()
            .get_ident()
            .is_some_and(|word| KINDS.iter().any(|k| word == k))
    };
    let mut ours: Vec<Attribute> = attributes
        .iter()
        .filter(|attribute| is_ours(attribute))
        .cloned()
        .collect();
    attributes.retain(|attribute| !is_ours(attribute));
    for surplus in ours.iter().skip(1) {
        errors.push(surplus.path(), "a function has one role: keep one of these attributes");
    }
    let attribute = (!ours.is_empty()).then(|| ours.swap_remove(0))?;
    let word = attribute.path().get_ident()?.clone();
    let role = role(&word, &attribute, errors);
    Some(Function {
        word,
        role,
        attributes: attributes.clone(),
        signature: signature.clone(),
    })
}

fn role(word: &Ident, attribute: &Attribute, errors: &mut Errors) -> Role {
    if word == "validator" {
        return Role::Validator {
            update: validated_update(attribute, errors),
        };
    }
    let options = options::parse_attribute(attribute, errors);
    match word.to_string().as_str() {
        "init" => {
            refuse_options("#[init]", options, errors);
            Role::Init
        }
        "run" => {
            refuse_options("#[run]", options, errors);
            Role::Run
        }
        "signal" => {
            let (name, is_dynamic) = message_options("#[signal]", &["name", "dynamic"], options, errors);
            if let (Some(name), true) = (&name, is_dynamic) {
                errors.push(
                    name,
                    "a dynamic signal takes all names that no other signal has: remove `name`",
                );
            }
            Role::Signal { name, is_dynamic }
        }
        "query" => Role::Query {
            name: message_options("#[query]", &["name"], options, errors).0,
        },
        _ => Role::Update {
            name: message_options("#[update]", &["name"], options, errors).0,
        },
    }
}

fn refuse_options(attribute: &str, options: Vec<AttributeOption>, errors: &mut Errors) {
    for option in options {
        option.unknown(attribute, &[], errors);
    }
}

fn message_options(
    attribute: &str,
    known: &[&str],
    options: Vec<AttributeOption>,
    errors: &mut Errors,
) -> (Option<LitStr>, bool) {
    let (mut name, mut is_dynamic) = (None, false);
    for option in options {
        match option.name.to_string().as_str() {
            word if !known.contains(&word) => option.unknown(attribute, known, errors),
            "name" => name = option.literal_name(errors),
            _ => is_dynamic = option.flag(errors),
        }
    }
    (name, is_dynamic)
}

fn validated_update(attribute: &Attribute, errors: &mut Errors) -> Option<Ident> {
    let update = attribute.parse_args::<Ident>().ok();
    if update.is_none() {
        errors.push(
            attribute.path(),
            "name the update that it validates: `#[validator(amend)]`",
        );
    }
    update
}
