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
    impl ::core::fmt::Display for PaymentError {
        fn fmt(
            &self,
            __formatter: &mut ::core::fmt::Formatter<'_>,
        ) -> ::core::fmt::Result {
            match *self {
                Self::InvalidCard { .. } => ::core::write!(__formatter, "card malformed"),
                Self::Busy { ref attempts, .. } => {
                    ::core::write!(__formatter, "gateway busy after {attempts} attempts")
                }
                Self::Declined { 1: ref _1, 0: ref _0, .. } => {
                    ::core::write!(__formatter, "{{declined}}: {_1:?} of {_0}")
                }
            }
        }
    }
    #[automatically_derived]
    impl ::core::error::Error for PaymentError {
        fn source(&self) -> __sf::Option<&(dyn ::core::error::Error + 'static)> {
            __sf::offer(self);
            __sf::Option::None
        }
    }
    #[automatically_derived]
    impl __sf::ApplicationError for PaymentError {
        const TYPE: &'static str = "Payment";
        fn encode(
            &self,
            converter: &__sf::Converter,
        ) -> __sf::Result<__sf::Payloads, __sf::EncodeError> {
            __sf::encode_one::<<PaymentError as __sf::Travels>::Itself>(self, converter)
        }
        fn decode(
            details: __sf::Option<&__sf::Payloads>,
            converter: &__sf::Converter,
        ) -> __sf::Result<Self, __sf::DecodeError> {
            let (details,) = <(
                <PaymentError as __sf::Travels>::Itself,
            ) as __sf::Args>::decode(details, converter)?;
            __sf::Result::Ok(details)
        }
        fn non_retryable(&self) -> bool {
            match *self {
                Self::InvalidCard { .. } => true,
                Self::Busy { .. } => false,
                Self::Declined { .. } => false,
            }
        }
        fn next_retry_delay(&self) -> __sf::Option<::core::time::Duration> {
            match *self {
                Self::InvalidCard { .. } => {
                    __sf::Option::Some(::core::time::Duration::from_millis(1000u64))
                }
                Self::Busy { .. } => {
                    __sf::Option::Some(::core::time::Duration::from_millis(3000u64))
                }
                Self::Declined { .. } => {
                    __sf::Option::Some(::core::time::Duration::from_millis(1000u64))
                }
            }
        }
    }
};
