impl<G: Gateway> Payments<G>
where
    G: 'static,
{
    /// Charges the card.
    async fn charge(
        &self,
        ctx: ActivityContext,
        order: Order,
    ) -> Result<Receipt, PaymentError> {
        self.gateway.pay(ctx, order).await
    }
    fn audit(&self, who: &str, cents: u64) -> Result<Self::Report, ActivityError> {
        self.report(who, cents)
    }
    fn report(&self) {}
}
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
    struct __charge<G: Gateway>(
        __sf::PhantomData<fn() -> __sf::Box<Payments<G>>>,
    )
    where
        G: 'static;
    const _: () = {
        #[automatically_derived]
        impl<G: Gateway> __sf::Activity for __charge<G>
        where
            G: 'static,
        {
            const NAME: &'static str = "charge";
            type Input = Order;
            type Output = <<Result<
                Receipt,
                PaymentError,
            > as __sf::Fallible>::Ok as __sf::Travels>::Itself;
            type Error = <Result<Receipt, PaymentError> as __sf::Fallible>::Err;
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
                error: <Result<Receipt, PaymentError> as __sf::Fallible>::Err,
                converter: &__sf::Converter,
            ) -> __sf::Failure {
                use __sf::error_kind::*;
                (&&&Tag(error)).failure(converter)
            }
        }
    };
    struct __audit<G: Gateway>(
        __sf::PhantomData<fn() -> __sf::Box<Payments<G>>>,
    )
    where
        G: 'static;
    const _: () = {
        #[automatically_derived]
        impl<G: Gateway> __sf::Activity for __audit<G>
        where
            G: 'static,
        {
            const NAME: &'static str = "payments-audit";
            type Input = (__sf::String, u64);
            type Output = <<Result<
                <Payments<G>>::Report,
                ActivityError,
            > as __sf::Fallible>::Ok as __sf::Travels>::Itself;
            type Error = <Result<
                <Payments<G>>::Report,
                ActivityError,
            > as __sf::Fallible>::Err;
            type Timeout = __sf::CloseTimeoutSet;
            fn defaults() -> __sf::ActivityOptions {
                <__sf::ActivityOptions as ::core::default::Default>::default()
                    .schedule_to_close_timeout(
                        ::core::time::Duration::from_millis(300000u64),
                    )
            }
            fn encode(
                input: &Self::Input,
                converter: &__sf::Converter,
            ) -> __sf::Result<__sf::Payloads, __sf::EncodeError> {
                <(
                    <__sf::String as __sf::Travels>::Itself,
                    <u64 as __sf::Travels>::Itself,
                ) as __sf::Args>::encode(input, converter)
            }
            fn decode(
                input: __sf::Option<&__sf::Payloads>,
                converter: &__sf::Converter,
            ) -> __sf::Result<Self::Input, __sf::DecodeError> {
                <(
                    <__sf::String as __sf::Travels>::Itself,
                    <u64 as __sf::Travels>::Itself,
                ) as __sf::Args>::decode(input, converter)
            }
            fn failure(
                error: <Result<
                    <Payments<G>>::Report,
                    ActivityError,
                > as __sf::Fallible>::Err,
                converter: &__sf::Converter,
            ) -> __sf::Failure {
                use __sf::error_kind::*;
                (&&&Tag(error)).failure(converter)
            }
        }
    };
    pub struct __Methods<__A: ?Sized, __K>(__sf::StubCore<__A, __K>);
    #[automatically_derived]
    impl<__A: ?Sized, __K> __sf::Deref for __Methods<__A, __K> {
        type Target = __sf::StubCore<__A, __K>;
        fn deref(&self) -> &Self::Target {
            &self.0
        }
    }
    #[automatically_derived]
    impl<__A: ?Sized, __K> ::core::convert::From<__sf::StubCore<__A, __K>>
    for __Methods<__A, __K> {
        fn from(core: __sf::StubCore<__A, __K>) -> Self {
            Self(core)
        }
    }
    impl<G: Gateway, __K: __sf::CallKind> __Methods<Payments<G>, __K>
    where
        G: 'static,
    {
        /// Charges the card.
        pub fn charge(
            &self,
            order: <Order as __sf::Travels>::Itself,
        ) -> __K::Call<
            <<Result<
                Receipt,
                PaymentError,
            > as __sf::Fallible>::Ok as __sf::Travels>::Itself,
            __sf::CloseTimeoutMissing,
        > {
            let input = <(
                <Order as __sf::Travels>::Itself,
            ) as __sf::Args>::encode(&(order,), __sf::CallKind::converter(&self.0.kind));
            self.0
                .kind
                .call::<
                    <<Result<
                        Receipt,
                        PaymentError,
                    > as __sf::Fallible>::Ok as __sf::Travels>::Itself,
                    __sf::CloseTimeoutMissing,
                >("charge", input, ::core::default::Default::default())
        }
        pub fn audit(
            &self,
            who: <__sf::String as __sf::Travels>::Itself,
            cents: <u64 as __sf::Travels>::Itself,
        ) -> __K::Call<
            <<Result<
                <Payments<G>>::Report,
                ActivityError,
            > as __sf::Fallible>::Ok as __sf::Travels>::Itself,
            __sf::CloseTimeoutSet,
        > {
            let input = <(
                <__sf::String as __sf::Travels>::Itself,
                <u64 as __sf::Travels>::Itself,
            ) as __sf::Args>::encode(
                &(who, cents),
                __sf::CallKind::converter(&self.0.kind),
            );
            self.0
                .kind
                .call::<
                    <<Result<
                        <Payments<G>>::Report,
                        ActivityError,
                    > as __sf::Fallible>::Ok as __sf::Travels>::Itself,
                    __sf::CloseTimeoutSet,
                >(
                    "payments-audit",
                    input,
                    <__sf::ActivityOptions as ::core::default::Default>::default()
                        .schedule_to_close_timeout(
                            ::core::time::Duration::from_millis(300000u64),
                        ),
                )
        }
    }
    pub struct __Mock<G: Gateway>(
        __sf::MockSet,
        __sf::PhantomData<fn() -> __sf::Box<Payments<G>>>,
    )
    where
        G: 'static;
    #[automatically_derived]
    impl<G: Gateway> ::core::default::Default for __Mock<G>
    where
        G: 'static,
    {
        fn default() -> Self {
            Self(::core::default::Default::default(), __sf::PhantomData)
        }
    }
    #[automatically_derived]
    impl<G: Gateway> ::core::convert::From<__Mock<G>> for __sf::MockSet
    where
        G: 'static,
    {
        fn from(mock: __Mock<G>) -> Self {
            mock.0
        }
    }
    impl<G: Gateway> __Mock<G>
    where
        G: 'static,
    {
        /// Charges the card.
        pub fn charge(
            mut self,
            answer: impl ::core::ops::Fn(
                Order,
            ) -> Result<
                    Receipt,
                    PaymentError,
                > + ::core::marker::Send + ::core::marker::Sync + 'static,
        ) -> Self {
            self.0.push(("charge", __sf::mock_activity::<__charge<G>>(answer)));
            self
        }
        pub fn audit(
            mut self,
            answer: impl ::core::ops::Fn(
                __sf::String,
                u64,
            ) -> Result<
                    <Payments<G>>::Report,
                    ActivityError,
                > + ::core::marker::Send + ::core::marker::Sync + 'static,
        ) -> Self {
            self.0
                .push((
                    "payments-audit",
                    __sf::mock_activity::<__audit<G>>(move |(__0, __1)| answer(__0, __1)),
                ));
            self
        }
    }
    #[automatically_derived]
    impl<G: Gateway> __sf::ActivitySet for Payments<G>
    where
        G: 'static,
    {
        type Methods<__K: __sf::CallKind> = __Methods<Self, __K>;
        type Mock = __Mock<G>;
    }
    #[automatically_derived]
    impl<G: Gateway> __sf::ActivitySetImplementation for Payments<G>
    where
        G: 'static,
    {
        fn register(self: __sf::Arc<Self>, registry: &mut __sf::Registry) {
            let set = self;
            {
                let this = __sf::Arc::clone(&set);
                __sf::Registry::activity::<
                    __charge<G>,
                >(
                    registry,
                    move |context, __0| {
                        let this = __sf::Arc::clone(&this);
                        let converter = ::core::clone::Clone::clone(context.converter());
                        __sf::Box::pin(async move {
                            <Result<
                                Receipt,
                                PaymentError,
                            > as __sf::Fallible>::into_result(
                                    Self::charge(&*this, context, __0).await,
                                )
                                .map_err(|error| <__charge<
                                    G,
                                > as __sf::Activity>::failure(error, &converter))
                        })
                    },
                );
            }
            {
                let this = __sf::Arc::clone(&set);
                __sf::Registry::activity::<
                    __audit<G>,
                >(
                    registry,
                    move |context, (__0, __1)| {
                        let this = __sf::Arc::clone(&this);
                        let converter = ::core::clone::Clone::clone(context.converter());
                        __sf::blocking(
                            context.blocking_pool(),
                            move || {
                                <Result<
                                    <Payments<G>>::Report,
                                    ActivityError,
                                > as __sf::Fallible>::into_result(
                                        Self::audit(&*this, &__0, __1),
                                    )
                                    .map_err(|error| <__audit<
                                        G,
                                    > as __sf::Activity>::failure(error, &converter))
                            },
                        )
                    },
                );
            }
        }
    }
};
