pub(crate) fn render(
    ctx: ActivityContext,
    title: &str,
    copies: u32,
) -> std::io::Result<Vec<u8>> {
    pdf::render(title, copies)
}
#[doc(hidden)]
#[allow(non_camel_case_types, dead_code)]
pub(crate) enum render {}
#[allow(
    dead_code,
    deprecated,
    non_camel_case_types,
    private_bounds,
    private_interfaces,
    unreachable_pub,
    unused_qualifications,
    unused_variables,
    clippy::all,
    clippy::nursery,
    clippy::pedantic,
    clippy::restriction
)]
const _: () = {
    use ::steadfast::__private as __sf;
    #[automatically_derived]
    impl __sf::Activity for render {
        const NAME: &'static str = "render-pdf";
        type Input = (__sf::String, u32);
        type Output = <<std::io::Result<
            Vec<u8>,
        > as __sf::Fallible>::Ok as __sf::Travels>::Itself;
        type Error = <std::io::Result<Vec<u8>> as __sf::Fallible>::Err;
        type Timeout = __sf::CloseTimeoutSet;
        fn defaults() -> __sf::ActivityOptions {
            <__sf::ActivityOptions as ::core::default::Default>::default()
                .start_to_close_timeout(::core::time::Duration::from_millis(30000u64))
                .heartbeat_timeout(::core::time::Duration::from_millis(500u64))
        }
        fn encode(
            input: &Self::Input,
            converter: &__sf::Converter,
        ) -> __sf::Result<__sf::Payloads, __sf::EncodeError> {
            <(
                <__sf::String as __sf::Travels>::Itself,
                <u32 as __sf::Travels>::Itself,
            ) as __sf::Args>::encode(input, converter)
        }
        fn decode(
            input: __sf::Option<&__sf::Payloads>,
            converter: &__sf::Converter,
        ) -> __sf::Result<Self::Input, __sf::DecodeError> {
            <(
                <__sf::String as __sf::Travels>::Itself,
                <u32 as __sf::Travels>::Itself,
            ) as __sf::Args>::decode(input, converter)
        }
        fn failure(
            error: <std::io::Result<Vec<u8>> as __sf::Fallible>::Err,
            converter: &__sf::Converter,
        ) -> __sf::Failure {
            use __sf::error_kind::*;
            (&&&Tag(error)).failure(converter)
        }
    }
    #[automatically_derived]
    impl __sf::ActivityImplementation for render {
        fn run(
            context: __sf::ActivityContext,
            (__0, __1): Self::Input,
        ) -> __sf::BoxFuture<
            __sf::Result<
                <<std::io::Result<
                    Vec<u8>,
                > as __sf::Fallible>::Ok as __sf::Travels>::Itself,
                __sf::Failure,
            >,
        > {
            let converter = ::core::clone::Clone::clone(context.converter());
            __sf::blocking(
                context.blocking_pool(),
                move || {
                    <std::io::Result<
                        Vec<u8>,
                    > as __sf::Fallible>::into_result(render(context, &__0, __1))
                        .map_err(|error| <Self as __sf::Activity>::failure(
                            error,
                            &converter,
                        ))
                },
            )
        }
    }
};
