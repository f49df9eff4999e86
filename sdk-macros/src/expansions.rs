//! Golden expansions: what each macro makes of `tests/expansions/<name>.rs` is in `<name>.expanded.rs` beside it.
//!
//! `UPDATE_EXPANSIONS=1 cargo test -p steadfast-macros --lib` writes them anew.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use std::path::PathBuf;
use syn::{Attribute, Item};

macro_rules! golden {
    ($($name:ident)*) => {$(
        #[test]
        fn $name() {
            check(stringify!($name));
        }
    )*};
}

golden! {
    activity_async
    activity_blocking_with_defaults
    activity_dynamic
    activity_with_a_named_marker
    activities
    activities_interface
    activities_interface_implementation
    application_error
    application_error_struct
    nexus_service
    nexus_service_implementation
    nexus_service_inherent
    test_with_question_mark
    workflow
    workflow_dynamic
    workflow_generic
    workflow_interface
    workflow_interface_implementation
    workflow_minimal
}

fn check(name: &str) {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/expansions");
    let written = std::fs::read_to_string(folder.join(format!("{name}.rs"))).expect("the input is there");
    let expanded = expand(&written);
    let golden = folder.join(format!("{name}.expanded.rs"));
    if std::env::var_os("UPDATE_EXPANSIONS").is_some() {
        std::fs::write(&golden, &expanded).expect("the expansion can be written");
    }
    let expected = std::fs::read_to_string(&golden).unwrap_or_default();
    assert!(
        expanded == expected,
        "the expansion of {name} has changed; look at it with `UPDATE_EXPANSIONS=1` and `git diff`:\n{expanded}"
    );
}

/// Expands the items that have an attribute of ours, and leaves out the others.
fn expand(text: &str) -> String {
    let file = syn::parse_file(text).expect("the input is Rust");
    let expanded: TokenStream = file.items.into_iter().filter_map(expand_item).collect();
    prettyplease::unparse(&syn::parse2(expanded).expect("the expansion is Rust"))
}

fn expand_item(mut item: Item) -> Option<TokenStream> {
    if let Item::Enum(syn::ItemEnum { attrs, .. }) | Item::Struct(syn::ItemStruct { attrs, .. }) = &mut item {
        let derive = attrs.iter().position(|attribute| attribute.path().is_ident("derive"))?;
        attrs.remove(derive);
        return Some(crate::error::application_error(item.into_token_stream()));
    }
    let attributes = match &mut item {
        Item::Fn(item) => &mut item.attrs,
        Item::Impl(item) => &mut item.attrs,
        Item::Trait(item) => &mut item.attrs,
        _ => return None,
    };
    let (name, expand) = attributes.iter().find_map(|attribute| {
        let name = attribute.path().segments.last()?.ident.to_string();
        Some((name.clone(), entry(&name)?))
    })?;
    let is_ours = |attribute: &Attribute| attribute.path().segments.last().is_some_and(|last| last.ident == name);
    let position = attributes.iter().position(is_ours)?;
    let options = match attributes.remove(position).meta {
        syn::Meta::List(list) => list.tokens,
        _ => quote!(),
    };
    Some(expand(options, &item.into_token_stream()))
}

type Entry = fn(TokenStream, &TokenStream) -> TokenStream;

fn entry(name: &str) -> Option<Entry> {
    Some(match name {
        "activity" => crate::activity::function,
        "activities" => crate::activity::set,
        "nexus_service" => crate::nexus::service,
        "workflow" => crate::workflow::workflow,
        "test" => crate::test::test,
        _ => return None,
    })
}
