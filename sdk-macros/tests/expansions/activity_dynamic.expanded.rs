async fn any(ctx: ActivityContext, args: RawArgs) -> Result<RawValue, ActivityError> {
    args.get(0)
}
#[doc(hidden)]
#[allow(non_camel_case_types, dead_code)]
enum any {}
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
    impl __sf::Activity for any {
        const NAME: &'static str = "";
        type Input = RawArgs;
        type Output = <<Result<
            RawValue,
            ActivityError,
        > as __sf::Fallible>::Ok as __sf::Travels>::Itself;
        type Error = <Result<RawValue, ActivityError> as __sf::Fallible>::Err;
        type Timeout = __sf::CloseTimeoutMissing;
        fn encode(
            input: &Self::Input,
            converter: &__sf::Converter,
        ) -> __sf::Result<__sf::Payloads, __sf::EncodeError> {
            <RawArgs as __sf::Args>::encode(input, converter)
        }
        fn decode(
            input: __sf::Option<&__sf::Payloads>,
            converter: &__sf::Converter,
        ) -> __sf::Result<Self::Input, __sf::DecodeError> {
            <RawArgs as __sf::Args>::decode(input, converter)
        }
        fn failure(
            error: <Result<RawValue, ActivityError> as __sf::Fallible>::Err,
            converter: &__sf::Converter,
        ) -> __sf::Failure {
            use __sf::error_kind::*;
            (&&&Tag(error)).failure(converter)
        }
    }
    #[automatically_derived]
    impl __sf::ActivityImplementation for any {
        fn run(
            context: __sf::ActivityContext,
            __0: Self::Input,
        ) -> __sf::BoxFuture<
            __sf::Result<
                <<Result<
                    RawValue,
                    ActivityError,
                > as __sf::Fallible>::Ok as __sf::Travels>::Itself,
                __sf::Failure,
            >,
        > {
            let converter = ::core::clone::Clone::clone(context.converter());
            __sf::Box::pin(async move {
                <Result<
                    RawValue,
                    ActivityError,
                > as __sf::Fallible>::into_result(any(context, __0).await)
                    .map_err(|error| <Self as __sf::Activity>::failure(
                        error,
                        &converter,
                    ))
            })
        }
    }
};
