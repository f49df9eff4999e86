#[cfg(feature = "mail")]
async fn send_email() -> Result<(), ActivityError> {
    Ok(())
}
#[cfg(feature = "mail")]
/// The activity [`send_email`](send_email()), as a type.
#[allow(dead_code)]
enum SendEmail {}
#[cfg(feature = "mail")]
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
    use crate::renamed::__private as __sf;
    #[automatically_derived]
    impl __sf::Activity for SendEmail {
        const NAME: &'static str = "send_email";
        type Input = ();
        type Output = <<Result<
            (),
            ActivityError,
        > as __sf::Fallible>::Ok as __sf::Travels>::Itself;
        type Error = <Result<(), ActivityError> as __sf::Fallible>::Err;
        type Timeout = __sf::CloseTimeoutMissing;
        fn encode(
            input: &Self::Input,
            converter: &__sf::Converter,
        ) -> __sf::Result<__sf::Payloads, __sf::EncodeError> {
            <() as __sf::Args>::encode(input, converter)
        }
        fn decode(
            input: __sf::Option<&__sf::Payloads>,
            converter: &__sf::Converter,
        ) -> __sf::Result<Self::Input, __sf::DecodeError> {
            <() as __sf::Args>::decode(input, converter)
        }
        fn failure(
            error: <Result<(), ActivityError> as __sf::Fallible>::Err,
            converter: &__sf::Converter,
        ) -> __sf::Failure {
            use __sf::error_kind::*;
            (&&&Tag(error)).failure(converter)
        }
    }
    #[automatically_derived]
    impl __sf::ActivityImplementation for SendEmail {
        fn run(
            context: __sf::ActivityContext,
            (): Self::Input,
        ) -> __sf::BoxFuture<
            __sf::Result<
                <<Result<
                    (),
                    ActivityError,
                > as __sf::Fallible>::Ok as __sf::Travels>::Itself,
                __sf::Failure,
            >,
        > {
            let converter = ::core::clone::Clone::clone(context.converter());
            __sf::Box::pin(async move {
                <Result<
                    (),
                    ActivityError,
                > as __sf::Fallible>::into_result(send_email().await)
                    .map_err(|error| <Self as __sf::Activity>::failure(
                        error,
                        &converter,
                    ))
            })
        }
    }
};
