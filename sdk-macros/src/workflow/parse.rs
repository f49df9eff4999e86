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
    /// The word, if it is run for the types that no other workflow is named after.
    pub(super) dynamic: Option<Ident>,
    pub(super) krate: Option<Path>,
    /// The variant of `VersioningBehavior`.
    pub(super) versioning: Option<Ident>,
    /// Setters of `FailurePolicy`, each with the variant of `Fails`.
    pub(super) failure_policy: Vec<(Ident, Ident)>,
}

impl WorkflowOptions {
    pub(super) fn parse(tokens: TokenStream, errors: &mut Errors) -> Self {
        let mut sorted = Self::default();
        for option in options::parse(tokens, errors) {
            match option.name.to_string().as_str() {
                "name" => sorted.name = option.name(errors),
                "dynamic" => sorted.dynamic = option.flag(errors).then_some(option.name),
                "crate" => sorted.krate = option.path(errors),
                "versioning" => sorted.versioning = versioning(&option, errors),
                "mismatch" | "panic" | "untyped_error" => {
                    let fails = fails(&option, errors);
                    sorted.failure_policy.extend(fails.map(|fails| (option.name, fails)));
                }
                _ => {
                    let known = [
                        "name",
                        "dynamic",
                        "versioning",
                        "mismatch",
                        "panic",
                        "untyped_error",
                        "crate",
                    ];
                    option.unknown("#[workflow]", &known, errors);
                }
            }
        }
        if let (Some(name), Some(_)) = (&sorted.name, &sorted.dynamic) {
            errors.push(
                name,
                "a dynamic workflow takes all names that no other workflow has: remove `name`",
            );
        }
        sorted
    }
}

fn versioning(option: &AttributeOption, errors: &mut Errors) -> Option<Ident> {
    let variants = [("pinned", "Pinned"), ("auto_upgrade", "AutoUpgrade")];
    let cure = "\"pinned\" (a run stays with its version) or \"auto_upgrade\" (it moves on to new ones)";
    option.variant(&variants, cure, errors)
}

fn fails(option: &AttributeOption, errors: &mut Errors) -> Option<Ident> {
    let variants = [("fail_workflow", "Workflow"), ("fail_task", "Task")];
    let cure = "\"fail_workflow\" (it is closed) or \"fail_task\" (its task is tried again)";
    option.variant(&variants, cure, errors)
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
    Signal(MessageOptions),
    Query(MessageOptions),
    Update(MessageOptions),
    /// The update's function, `None` if it could not be read.
    Validator {
        update: Option<Ident>,
    },
}

/// The options of a message.
#[derive(Default)]
pub(super) struct MessageOptions {
    pub(super) name: Option<LitStr>,
    /// It gets the messages that no other one is named after.
    pub(super) is_dynamic: bool,
    /// It may be left behind unfinished.
    pub(super) abandons: bool,
    description: Option<LitStr>,
}

impl MessageOptions {
    fn parse(attribute: &str, known: &[&str], options: Vec<AttributeOption>, errors: &mut Errors) -> Self {
        let mut sorted = Self::default();
        for option in options {
            match option.name.to_string().as_str() {
                word if !known.contains(&word) => option.unknown(attribute, known, errors),
                "name" => sorted.name = option.literal_name(errors),
                "dynamic" => sorted.is_dynamic = option.flag(errors),
                "unfinished" => sorted.abandons = abandons(&option, errors),
                _ => sorted.description = option.string(errors),
            }
        }
        if let (Some(name), true) = (&sorted.name, sorted.is_dynamic) {
            let kind = attribute.trim_start_matches("#[").trim_end_matches(']');
            errors.push(
                name,
                format!("a dynamic {kind} takes all names that no other {kind} has: remove `name`"),
            );
        }
        sorted
    }

    /// What people are told of the message: what the option says, or else the first paragraph of the documentation.
    pub(super) fn description(&self, attributes: &[Attribute]) -> Option<LitStr> {
        if self.description.is_some() {
            return self.description.clone();
        }
        let lines = attributes.iter().filter_map(|attribute| {
            let syn::Meta::NameValue(pair) = &attribute.meta else {
                return None;
            };
            match &pair.value {
                Expr::Lit(syn::ExprLit {
                    lit: syn::Lit::Str(text),
                    ..
                }) if pair.path.is_ident("doc") => Some(text.value().trim().to_owned()),
                _ => None,
            }
        });
        let paragraph: Vec<String> = lines
            .skip_while(String::is_empty)
            .take_while(|line| !line.is_empty())
            .collect();
        (!paragraph.is_empty()).then(|| LitStr::new(&paragraph.join(" "), proc_macro2::Span::call_site()))
    }
}

fn abandons(option: &AttributeOption, errors: &mut Errors) -> bool {
    let variants = [("warn", "WarnAndAbandon"), ("abandon", "Abandon")];
    let cure = "\"warn\" (as without it) or \"abandon\" (the workflow may end before it)";
    let variant = option.variant(&variants, cure, errors);
    variant.is_some_and(|variant| variant == "Abandon")
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
            let known = ["name", "dynamic", "unfinished", "description"];
            Role::Signal(MessageOptions::parse("#[signal]", &known, options, errors))
        }
        "query" => {
            let known = ["name", "dynamic", "description"];
            Role::Query(MessageOptions::parse("#[query]", &known, options, errors))
        }
        _ => {
            let known = ["name", "dynamic", "unfinished", "description"];
            Role::Update(MessageOptions::parse("#[update]", &known, options, errors))
        }
    }
}

fn refuse_options(attribute: &str, options: Vec<AttributeOption>, errors: &mut Errors) {
    for option in options {
        option.unknown(attribute, &[], errors);
    }
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
