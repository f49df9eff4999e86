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
    impl<T> ::core::fmt::Display for OutOfStock<T> {
        fn fmt(
            &self,
            __formatter: &mut ::core::fmt::Formatter<'_>,
        ) -> ::core::fmt::Result {
            match *self {
                Self { ref sku, .. } => {
                    ::core::write!(__formatter, "{sku} is out of stock")
                }
            }
        }
    }
    #[automatically_derived]
    impl<T> ::core::error::Error for OutOfStock<T> {
        fn source(&self) -> __sf::Option<&(dyn ::core::error::Error + 'static)> {
            __sf::offer(self);
            __sf::Option::None
        }
    }
    #[automatically_derived]
    impl<T> __sf::ApplicationError for OutOfStock<T> {
        const TYPE: &'static str = "OutOfStock";
        fn encode(
            &self,
            converter: &__sf::Converter,
        ) -> __sf::Result<__sf::Payloads, __sf::EncodeError> {
            __sf::encode_one::<<OutOfStock<T> as __sf::Travels>::Itself>(self, converter)
        }
        fn decode(
            details: __sf::Option<&__sf::Payloads>,
            converter: &__sf::Converter,
        ) -> __sf::Result<Self, __sf::DecodeError> {
            let (details,) = <(
                <OutOfStock<T> as __sf::Travels>::Itself,
            ) as __sf::Args>::decode(details, converter)?;
            __sf::Result::Ok(details)
        }
        fn non_retryable(&self) -> bool {
            match *self {
                Self { .. } => true,
            }
        }
        fn next_retry_delay(&self) -> __sf::Option<::core::time::Duration> {
            match *self {
                Self { .. } => __sf::Option::None,
            }
        }
    }
};
