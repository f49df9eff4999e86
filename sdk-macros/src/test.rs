//! `#[steadfast::test]`.

use crate::errors::Errors;
use crate::options;
use crate::path::local;
use crate::signature;
use proc_macro2::TokenStream;
use quote::quote;
use syn::visit_mut::VisitMut;
use syn::{Expr, ExprReturn, Item, ItemFn, Path, ReturnType, parse_quote};

/// An async function that is given an environment, as a plain `#[test]`.
pub(crate) fn test(options: TokenStream, item: &TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let krate = krate(options, &mut errors);
    let function: ItemFn = match syn::parse2(item.clone()) {
        Ok(function) => function,
        Err(_) => {
            let place = item
                .clone()
                .into_iter()
                .next()
                .map_or_else(proc_macro2::Span::call_site, |token| token.span());
            errors.push_at(
                place,
                "`#[steadfast::test]` goes on an async function: `async fn name(env: TestEnv)`",
            );
            let errors = errors.into_items();
            return quote!(#item #errors);
        }
    };
    check(&function, &mut errors);
    if errors.len() > 0 {
        let errors = errors.into_items();
        return quote!(#function #errors);
    }
    expand(function, krate)
}

fn krate(options: TokenStream, errors: &mut Errors) -> Option<Path> {
    let mut krate = None;
    for option in options::parse(options, errors) {
        match option.name.to_string().as_str() {
            "crate" => krate = option.path(errors),
            _ => option.unknown("#[steadfast::test]", &["crate"], errors),
        }
    }
    krate
}

fn check(function: &ItemFn, errors: &mut Errors) {
    let signature = &function.sig;
    if signature.asyncness.is_none() {
        errors.push(
            signature.fn_token,
            "a test of workflows awaits them: write `async fn`, or use a plain `#[test]`",
        );
    }
    if let Some(parameter) = signature.generics.params.first() {
        errors.push(parameter, "a test cannot be generic: the test runner calls it");
    }
    if let Some(surplus) = signature.inputs.iter().nth(1) {
        errors.push(surplus, "a test is given one thing: `env: TestEnv`");
    }
}

fn expand(mut function: ItemFn, krate: Option<Path>) -> TokenStream {
    let krate = krate.unwrap_or_else(|| parse_quote!(::steadfast));
    let attributes = std::mem::take(&mut function.attrs);
    let name = function.sig.ident.clone();
    let result: ReturnType = parse_quote!(-> #krate::__private::TestResult);
    let returns_nothing = signature::output(&function.sig, None).is_none();
    if returns_nothing {
        allow_question_mark(&mut function, &result);
    }
    let output = function.sig.output.clone();
    let environment = local("environment");
    let argument = (!function.sig.inputs.is_empty()).then_some(&environment);
    let run = quote!(#krate::__private::run_test(|#environment| #name(#argument)));
    // `#[should_panic]` is only for tests that return nothing.
    let (output, run) = match attributes
        .iter()
        .any(|attribute| attribute.path().is_ident("should_panic"))
    {
        true if returns_nothing => (quote!(), quote!(::core::result::Result::unwrap(#run))),
        _ => (quote!(#output), run),
    };
    quote! {
        #[::core::prelude::v1::test]
        #(#attributes)*
        fn #name() #output {
            #function
            #run
        }
    }
}

/// Lets a function that returns nothing use `?`: it returns a `Result`, and `Ok(())` at its end and at each `return`.
fn allow_question_mark(function: &mut ItemFn, output: &ReturnType) {
    Returns.visit_block_mut(&mut function.block);
    function.sig.output = output.clone();
    let block = &function.block;
    *function.block = parse_quote!({
        #[allow(clippy::let_unit_value)]
        let () = #block;
        #[allow(unreachable_code)]
        ::core::result::Result::Ok(())
    });
}

/// `return;` becomes `return Ok(());`, in the function itself, not in what it contains.
struct Returns;

impl VisitMut for Returns {
    fn visit_expr_mut(&mut self, expression: &mut Expr) {
        match expression {
            Expr::Closure(_) | Expr::Async(_) => {}
            Expr::Return(ExprReturn { expr: value @ None, .. }) => {
                *value = Some(parse_quote!(::core::result::Result::Ok(())));
            }
            expression => syn::visit_mut::visit_expr_mut(self, expression),
        }
    }

    fn visit_item_mut(&mut self, _: &mut Item) {}
}
