//! What is sent and read, as types and code of generated impls, each reported where the user wrote the type.

use crate::path;
use crate::signature::{Parameter, takes_all, tuple_type};
use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::{PathArguments, Type};

/// `encode` and `decode` of `Activity` and `Workflow`.
pub(crate) fn codec(parameters: &[Parameter]) -> TokenStream {
    let (input, converter) = (path::local("input"), path::local("converter"));
    let tuple = tuple_type(parameters);
    let (encode, decode) = match parameters {
        [one] if !takes_all(parameters) => {
            let payload = payload(&one.ty);
            let decode = quote! {
                let (#input,) = <#tuple as __sf::Args>::decode(#input, #converter)?;
                __sf::Result::Ok(#input)
            };
            (quote!(__sf::encode_one::<#payload>(#input, #converter)), decode)
        }
        _ => {
            let decode = quote!(<#tuple as __sf::Args>::decode(#input, #converter));
            (quote!(<#tuple as __sf::Args>::encode(#input, #converter)), decode)
        }
    };
    quote! {
        fn encode(
            #input: &Self::Input,
            #converter: &__sf::Converter,
        ) -> __sf::Result<__sf::Payloads, __sf::EncodeError> {
            #encode
        }
        fn decode(
            #input: __sf::Option<&__sf::Payloads>,
            #converter: &__sf::Converter,
        ) -> __sf::Result<Self::Input, __sf::DecodeError> {
            #decode
        }
    }
}

/// A type that is sent or read: the error type of rustc if it can't travel, reported on the user's tokens.
pub(crate) fn payload(ty: &impl ToTokens) -> TokenStream {
    let (start, end) = ends(ty);
    let head = quote_spanned!(start=> <#ty as __sf::Travels>);
    let tail = quote_spanned!(end=> ::Itself);
    quote!(#head #tail)
}

/// What a `Result` holds if all went well, as a type that is sent.
pub(crate) fn fallible_ok(ty: &Type) -> TokenStream {
    payload(&fallible(ty, "Ok"))
}

/// The `Result` of a call, written so that what is none is reported as that alone.
pub(crate) fn into_result(ty: &Type, call: &TokenStream) -> TokenStream {
    let path = fallible(ty, "into_result");
    let argument = group(Delimiter::Parenthesis, call.clone(), ends(ty).1);
    quote!(#path #argument)
}

/// A `fn run` whose signature names the return type.
///
/// rustc reports a mistake in that type for the whole head again, and for the whole of what is returned. It is the same report,
/// which is shown once, if they are at the same place; so the first and the last token of each are there.
pub(crate) fn run_function(
    output: Option<&Type>,
    inputs: &TokenStream,
    result: &TokenStream,
    body: TokenStream,
) -> TokenStream {
    let (start, end) = output.map_or_else(|| (Span::call_site(), Span::call_site()), ends);
    let (head, close) = (quote_spanned!(start=> fn run), quote_spanned!(end=> >));
    let open = quote_spanned!(start=> -> __sf::BoxFuture<);
    let body = group(Delimiter::Brace, body, end);
    quote!(#head(#inputs) #open #result #close #body)
}

/// The call of [`failure_function`], reported on the return type.
pub(crate) fn failure_call(output: &Type, marker: &TokenStream, arguments: TokenStream) -> TokenStream {
    let (start, end) = ends(output);
    let head = quote_spanned!(start=> <#marker as __sf::Activity>);
    let arguments = group(Delimiter::Parenthesis, arguments, end);
    let method = quote_spanned!(end=> ::failure);
    quote!(#head #method #arguments)
}

/// The call of a function that asks for the type of an activity, reported on its return type.
pub(crate) fn typed_call(
    output: Option<&Type>,
    function: TokenStream,
    marker: &TokenStream,
    arguments: TokenStream,
) -> TokenStream {
    let (start, end) = output.map_or_else(|| (Span::call_site(), Span::call_site()), ends);
    let function = at(function, start);
    let head = quote_spanned!(start=> #function::<#marker);
    let close = quote_spanned!(end=> >);
    let arguments = group(Delimiter::Parenthesis, arguments, end);
    quote!(#head #close #arguments)
}

/// `type Output = ..;`, reported on the return type.
pub(crate) fn output_item(output: &Type) -> TokenStream {
    let (start, end) = ends(output);
    let (head, name, ok) = (
        quote_spanned!(start=> type),
        quote_spanned!(end=> Output =),
        fallible_ok(output),
    );
    let semicolon = quote_spanned!(end=> ;);
    quote!(#head #name #ok #semicolon)
}

/// The function that turns the error of an activity into a failure, reported on the return type.
pub(crate) fn failure_function(output: &Type) -> TokenStream {
    let (start, end) = ends(output);
    let (error, converter) = (path::local("error"), path::local("converter"));
    let (error_type, method) = (fallible(output, "Err"), failure_method(output));
    let (head, result) = (
        quote_spanned!(start=> fn failure),
        quote_spanned!(end=> -> __sf::Failure),
    );
    let body = quote! {
        use __sf::error_kind::*;
        (&&&Tag(#error)).#method(#converter)
    };
    let body = group(Delimiter::Brace, body, end);
    quote!(#head(#error: #error_type, #converter: &__sf::Converter) #result #body)
}

/// `Call<Output>`, reported on the return type that the output is of.
pub(crate) fn call_type(call: TokenStream, written: Option<&Type>, arguments: &TokenStream) -> TokenStream {
    let (start, end) = written.map_or_else(|| (Span::call_site(), Span::call_site()), ends);
    let call = at(call, start);
    let (open, close) = (quote_spanned!(start=> #call<), quote_spanned!(end=> >));
    quote!(#open #arguments #close)
}

/// A method whose bounds are about the return type, reported there.
pub(crate) fn method_at(name: &str, written: Option<&Type>) -> Ident {
    Ident::new(name, written.map_or_else(Span::call_site, |written| ends(written).0))
}

/// The tokens, all at one place.
fn at(tokens: TokenStream, place: Span) -> TokenStream {
    let moved = tokens.into_iter().map(|mut token| {
        token.set_span(place);
        token
    });
    moved.collect()
}

fn group(delimiter: Delimiter, content: TokenStream, span: Span) -> Group {
    let mut group = Group::new(delimiter, content);
    group.set_span(span);
    group
}

/// `<T as Fallible>::Ok` and the like, reported on the return type.
pub(crate) fn fallible(ty: &Type, part: &str) -> TokenStream {
    let (start, end) = ends(ty);
    let part = Ident::new(part, end);
    let head = quote_spanned!(start=> <#ty as __sf::Fallible>);
    let tail = quote_spanned!(end=> ::#part);
    quote!(#head #tail)
}

/// What callers of a Nexus operation get, reported on the return type of its method, wherever it is written.
pub(crate) fn reply(output: &Type, private: &TokenStream) -> TokenStream {
    let (start, end) = ends(output);
    let private = at(private.clone(), start);
    let head = quote_spanned!(start=> <<#output as #private::Fallible>::Ok as #private::NexusReply>);
    let tail = quote_spanned!(end=> ::Output);
    quote!(#head #tail)
}

/// What the method of a Nexus operation returns in a trait, reported on its return type.
pub(crate) fn answer_type(output: &Type, private: &TokenStream) -> TokenStream {
    let (start, end) = ends(output);
    let result = reply(output, private);
    let private = at(private.clone(), start);
    let head = quote_spanned!(start=> impl ::core::future::Future<Output: #private::NexusAnswer<#result);
    let tail = quote_spanned!(end=> >> + ::core::marker::Send);
    quote!(#head #tail)
}

/// A call and its `.await`, reported on the return type.
pub(crate) fn awaited(output: &Type, call: TokenStream) -> TokenStream {
    let (start, end) = ends(output);
    let (call, end) = (at(call, start), quote_spanned!(end=> .await));
    quote!(#call #end)
}

/// What the method of a Nexus operation returns, as it is sent; reported on its return type.
pub(crate) fn answer(output: &Type, result: &TokenStream, call: &TokenStream, converter: &Ident) -> TokenStream {
    let (start, end) = ends(output);
    let (head, method) = (
        quote_spanned!(start=> __sf::NexusAnswer::<#result>),
        quote_spanned!(end=> ::into_answer),
    );
    let arguments = group(Delimiter::Parenthesis, quote!(#call, &#converter), end);
    quote!(#head #method #arguments)
}

/// The name of the method that turns an error into a failure, at the place of the error's type.
pub(crate) fn failure_method(output: &Type) -> Ident {
    let arguments = match output {
        Type::Path(path) => path.path.segments.last().map(|segment| &segment.arguments),
        _ => None,
    };
    let error = match arguments {
        Some(PathArguments::AngleBracketed(arguments)) if arguments.args.len() > 1 => arguments.args.last(),
        _ => None,
    };
    let span = error.map_or_else(|| ends(output).0, |error| ends(error).0);
    Ident::new("failure", span)
}

/// The places of the first and of the last token.
fn ends(tokens: &impl ToTokens) -> (Span, Span) {
    let mut tokens = tokens.to_token_stream().into_iter();
    let first = tokens.next().map_or_else(Span::call_site, |token| token.span());
    (first, tokens.last().map_or(first, |token| token.span()))
}
