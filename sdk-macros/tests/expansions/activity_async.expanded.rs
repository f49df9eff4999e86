/// Sends the mail.
pub async fn send_email(order: Order) -> Result<(), ActivityError> {
    mail::send(&order.address).await?;
    Ok(())
}
#[doc(hidden)]
#[allow(non_camel_case_types, dead_code)]
pub enum send_email {}
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
    impl __sf::Activity for send_email {
        const NAME: &'static str = "send_email";
        type Input = Order;
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
            __sf::encode_one::<<Order as __sf::Travels>::Itself>(input, converter)
        }
        fn decode(
            input: __sf::Option<&__sf::Payloads>,
            converter: &__sf::Converter,
        ) -> __sf::Result<Self::Input, __sf::DecodeError> {
            let (input,) = <(
                <Order as __sf::Travels>::Itself,
            ) as __sf::Args>::decode(input, converter)?;
            __sf::Result::Ok(input)
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
    impl __sf::ActivityImplementation for send_email {
        fn run(
            context: __sf::ActivityContext,
            __0: Self::Input,
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
                > as __sf::Fallible>::into_result(send_email(__0).await)
                    .map_err(|error| <Self as __sf::Activity>::failure(
                        error,
                        &converter,
                    ))
            })
        }
    }
};
