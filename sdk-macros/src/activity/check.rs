//! The rules of activities.

use super::parse::{ActivityOptions, Method, Set};
use crate::errors::Errors;
use crate::options::{default_name, dynamic_name};
use crate::signature::{self, Context, ContextKind, Parameter, Receiver};
use proc_macro2::{Ident, Span};
use syn::{Attribute, Expr, ItemFn, Path, Signature, Type, Visibility, parse_quote};

/// An activity that keeps the rules, or the rest of one that does not.
pub(super) struct Activity {
    /// The function's name, where it stands.
    pub(super) function: Ident,
    pub(super) attributes: Vec<Attribute>,
    pub(super) name: Expr,
    pub(super) context: Option<Context>,
    pub(super) parameters: Vec<Parameter>,
    /// `None` where the function returns nothing.
    pub(super) output: Option<Type>,
    pub(super) is_async: bool,
    pub(super) options: ActivityOptions,
    /// The signature is one that can be called; the impls can be written.
    pub(super) is_callable: bool,
}

/// A function and the type that stands for it.
pub(super) struct Function {
    pub(super) activity: Activity,
    pub(super) visibility: Visibility,
    pub(super) marker: Ident,
    /// The user named the marker, so it is no secret.
    pub(super) is_marker_public: bool,
    pub(super) krate: Option<Path>,
}

pub(super) fn function(item: &ItemFn, mut options: ActivityOptions, errors: &mut Errors) -> Function {
    let before = errors.len();
    if let Some(parameter) = item.sig.generics.params.first() {
        let cure = "make it a method in `#[activities] impl<T: ..> Type<T>`, or write one function for each type";
        errors.push(
            parameter,
            format!("an activity has one name on the wire, so it cannot be generic: {cure}"),
        );
    }
    let marker = options.marker.take();
    let krate = options.krate.take();
    let mut activity = activity(&item.sig, &item.attrs, options, None, errors);
    activity.is_callable = errors.len() == before;
    Function {
        visibility: item.vis.clone(),
        is_marker_public: marker.is_some(),
        marker: marker.unwrap_or_else(|| item.sig.ident.clone()),
        krate,
        activity,
    }
}

pub(super) fn set(set: &Set, errors: &mut Errors) -> Vec<Activity> {
    if let Some(lifetime) = set.block.generics.lifetimes().next() {
        errors.push(
            lifetime,
            "activities live as long as their worker: own what they need (`Arc<T>`), don't borrow it",
        );
    }
    if set.methods.is_empty() && errors.len() == 0 {
        errors.push_at(
            impl_span(set),
            "no activity in this impl block: put `#[activity]` on its methods",
        );
    }
    let self_ty = &set.block.self_ty;
    let activities: Vec<_> = set
        .methods
        .iter()
        .map(|method| self::method(method, self_ty, errors))
        .collect();
    check_names(&activities, errors);
    activities
}

/// A method of an impl block or of a trait.
pub(super) fn method(method: &Method, self_ty: &Type, errors: &mut Errors) -> Activity {
    let before = errors.len();
    let signature = &method.signature;
    if let Some(parameter) = signature.generics.params.first() {
        let cure = "put the type parameter on the impl block, or write one method for each type";
        errors.push(
            parameter,
            format!("an activity has one name on the wire, so it cannot be generic: {cure}"),
        );
    }
    let options = ActivityOptions {
        name: method.options.name.clone(),
        is_dynamic: method.options.is_dynamic,
        timeouts: method.options.timeouts.clone(),
        ..ActivityOptions::default()
    };
    let mut activity = activity(signature, &method.attributes, options, Some(self_ty), errors);
    match signature::inputs(signature, None, &mut Errors::default()).receiver {
        Receiver::Shared => {}
        Receiver::None => {
            let message = "a method that is an activity takes `&self`; without it, write a free function";
            errors.push(&signature.ident, message);
        }
        Receiver::Mutable | Receiver::Owned => {
            let cure = "take `&self`, and put what changes into a `Mutex` or an atomic";
            let message = format!("activities run side by side and share the value: {cure}");
            errors.push(signature.receiver(), message);
        }
    }
    activity.is_callable = errors.len() == before;
    activity
}

fn activity(
    signature: &Signature,
    attributes: &[Attribute],
    options: ActivityOptions,
    self_ty: Option<&Type>,
    errors: &mut Errors,
) -> Activity {
    signature::check_plain(signature, "an activity", errors);
    let inputs = signature::inputs(signature, self_ty, errors);
    if let Some(context) = inputs
        .context
        .as_ref()
        .filter(|context| context.kind != ContextKind::Activity)
    {
        errors.push(
            &context.ty,
            "an activity runs outside of workflows: its context is `ActivityContext`",
        );
    }
    let output = signature::output(signature, self_ty);
    if output.is_none() {
        let place = match &signature.output {
            syn::ReturnType::Default => signature.ident.span(),
            syn::ReturnType::Type(arrow, _) => arrow.spans.first().copied().unwrap_or_else(Span::call_site),
        };
        errors.push_at(
            place,
            "an activity returns a `Result`: write `-> Result<(), ActivityError>` and end with `Ok(())`",
        );
    }
    if options.is_dynamic && !signature::takes_all(&inputs.parameters) {
        let cure = "`async fn any(ctx: ActivityContext, args: RawArgs) -> Result<RawValue, ActivityError>`";
        errors.push(
            &signature.ident,
            format!("a dynamic activity gets the raw arguments, and its name from the context: {cure}"),
        );
    }
    let name = options.name.clone().unwrap_or_else(|| {
        let name = if options.is_dynamic {
            dynamic_name()
        } else {
            default_name(&signature.ident)
        };
        parse_quote!(#name)
    });
    Activity {
        function: signature.ident.clone(),
        attributes: attributes.to_vec(),
        name,
        context: inputs.context,
        parameters: inputs.parameters,
        output,
        is_async: signature.asyncness.is_some(),
        options,
        is_callable: true,
    }
}

/// Two activities of a set under one name: the worker could not tell them apart.
pub(super) fn check_names(activities: &[Activity], errors: &mut Errors) {
    for (index, activity) in activities.iter().enumerate() {
        let has_same_name = |earlier: &&Activity| {
            earlier.name == activity.name && !signature::has_conditions(&earlier.attributes, &activity.attributes)
        };
        if let Some(earlier) = activities.iter().take(index).find(has_same_name) {
            let earlier = &earlier.function;
            if activity.options.is_dynamic {
                let message = format!("`{earlier}` is dynamic already: a worker has one such activity");
                errors.push(&activity.function, message);
            } else {
                let message = format!("`{earlier}` has this name on the wire already: choose another");
                errors.push(&activity.name, message);
            }
        }
    }
}

fn impl_span(set: &Set) -> Span {
    set.block.impl_token.span
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::activity::parse::FUNCTION_OPTIONS;
    use quote::quote;

    fn mistakes(options: proc_macro2::TokenStream, item: &ItemFn) -> Vec<String> {
        let mut errors = Errors::default();
        let options = ActivityOptions::parse(options, FUNCTION_OPTIONS, &mut errors);
        function(item, options, &mut errors);
        errors.messages()
    }

    #[test]
    fn a_dynamic_activity_has_no_name_no_time_outs_and_no_parameters_of_its_own() {
        let raw = parse_quote!(
            async fn any(ctx: ActivityContext, args: RawArgs) -> Result<(), ActivityError> {}
        );
        assert_eq!(mistakes(quote!(dynamic), &raw), Vec::<String>::new());
        let named = mistakes(quote!(dynamic, name = "any", start_to_close_timeout = "3s"), &raw);
        assert!(
            matches!(&named[..], [name, timeout] if name.contains("remove `name`") && timeout.contains("the caller's")),
            "{named:?}"
        );
        let typed = parse_quote!(
            async fn any(number: u32) -> Result<(), ActivityError> {}
        );
        let typed = mistakes(quote!(dynamic), &typed);
        assert!(
            matches!(&typed[..], [one] if one.contains("args: RawArgs")),
            "{typed:?}"
        );
    }
}
