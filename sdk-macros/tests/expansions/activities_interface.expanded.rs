pub trait Parcels: ::core::marker::Send + ::core::marker::Sync + 'static {
    /// Books a parcel.
    fn book(
        &self,
        to: String,
        grams: u32,
    ) -> impl ::core::future::Future<
        Output = Result<String, ActivityError>,
    > + ::core::marker::Send
    where
        Self: Sized;
    fn print(
        &self,
        ctx: ActivityContext,
        label: &Label,
    ) -> Result<Vec<u8>, ActivityError>
    where
        Self: Sized;
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
    struct __book(__sf::PhantomData<fn() -> __sf::Box<dyn Parcels>>);
    const _: () = {
        #[automatically_derived]
        impl __sf::Activity for __book {
            const NAME: &'static str = "book";
            type Input = (String, u32);
            type Output = <<Result<
                String,
                ActivityError,
            > as __sf::Fallible>::Ok as __sf::Travels>::Itself;
            type Error = <Result<String, ActivityError> as __sf::Fallible>::Err;
            type Timeout = __sf::CloseTimeoutMissing;
            fn encode(
                input: &Self::Input,
                converter: &__sf::Converter,
            ) -> __sf::Result<__sf::Payloads, __sf::EncodeError> {
                <(
                    <String as __sf::Travels>::Itself,
                    <u32 as __sf::Travels>::Itself,
                ) as __sf::Args>::encode(input, converter)
            }
            fn decode(
                input: __sf::Option<&__sf::Payloads>,
                converter: &__sf::Converter,
            ) -> __sf::Result<Self::Input, __sf::DecodeError> {
                <(
                    <String as __sf::Travels>::Itself,
                    <u32 as __sf::Travels>::Itself,
                ) as __sf::Args>::decode(input, converter)
            }
            fn failure(
                error: <Result<String, ActivityError> as __sf::Fallible>::Err,
                converter: &__sf::Converter,
            ) -> __sf::Failure {
                use __sf::error_kind::*;
                (&&&Tag(error)).failure(converter)
            }
        }
    };
    struct __print(__sf::PhantomData<fn() -> __sf::Box<dyn Parcels>>);
    const _: () = {
        #[automatically_derived]
        impl __sf::Activity for __print {
            const NAME: &'static str = "print-label";
            type Input = Label;
            type Output = <<Result<
                Vec<u8>,
                ActivityError,
            > as __sf::Fallible>::Ok as __sf::Travels>::Itself;
            type Error = <Result<Vec<u8>, ActivityError> as __sf::Fallible>::Err;
            type Timeout = __sf::CloseTimeoutSet;
            fn defaults() -> __sf::ActivityOptions {
                <__sf::ActivityOptions as ::core::default::Default>::default()
                    .start_to_close_timeout(::core::time::Duration::from_millis(5000u64))
            }
            fn encode(
                input: &Self::Input,
                converter: &__sf::Converter,
            ) -> __sf::Result<__sf::Payloads, __sf::EncodeError> {
                __sf::encode_one::<<Label as __sf::Travels>::Itself>(input, converter)
            }
            fn decode(
                input: __sf::Option<&__sf::Payloads>,
                converter: &__sf::Converter,
            ) -> __sf::Result<Self::Input, __sf::DecodeError> {
                let (input,) = <(
                    <Label as __sf::Travels>::Itself,
                ) as __sf::Args>::decode(input, converter)?;
                __sf::Result::Ok(input)
            }
            fn failure(
                error: <Result<Vec<u8>, ActivityError> as __sf::Fallible>::Err,
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
    impl<'__a, __K: __sf::CallKind> __Methods<dyn Parcels + '__a, __K> {
        /// Books a parcel.
        pub fn book(
            &self,
            to: <String as __sf::Travels>::Itself,
            grams: <u32 as __sf::Travels>::Itself,
        ) -> __K::Call<
            <<Result<
                String,
                ActivityError,
            > as __sf::Fallible>::Ok as __sf::Travels>::Itself,
            __sf::CloseTimeoutMissing,
        > {
            let input = <(
                <String as __sf::Travels>::Itself,
                <u32 as __sf::Travels>::Itself,
            ) as __sf::Args>::encode(
                &(to, grams),
                __sf::CallKind::converter(&self.0.kind),
            );
            self.0
                .kind
                .call::<
                    <<Result<
                        String,
                        ActivityError,
                    > as __sf::Fallible>::Ok as __sf::Travels>::Itself,
                    __sf::CloseTimeoutMissing,
                >("book", input, ::core::default::Default::default())
        }
        pub fn print(
            &self,
            label: <Label as __sf::Travels>::Itself,
        ) -> __K::Call<
            <<Result<
                Vec<u8>,
                ActivityError,
            > as __sf::Fallible>::Ok as __sf::Travels>::Itself,
            __sf::CloseTimeoutSet,
        > {
            let input = <(
                <Label as __sf::Travels>::Itself,
            ) as __sf::Args>::encode(&(label,), __sf::CallKind::converter(&self.0.kind));
            self.0
                .kind
                .call::<
                    <<Result<
                        Vec<u8>,
                        ActivityError,
                    > as __sf::Fallible>::Ok as __sf::Travels>::Itself,
                    __sf::CloseTimeoutSet,
                >(
                    "print-label",
                    input,
                    <__sf::ActivityOptions as ::core::default::Default>::default()
                        .start_to_close_timeout(
                            ::core::time::Duration::from_millis(5000u64),
                        ),
                )
        }
    }
    pub struct __Mock(__sf::MockSet, __sf::PhantomData<fn() -> __sf::Box<dyn Parcels>>);
    #[automatically_derived]
    impl ::core::default::Default for __Mock {
        fn default() -> Self {
            Self(::core::default::Default::default(), __sf::PhantomData)
        }
    }
    #[automatically_derived]
    impl ::core::convert::From<__Mock> for __sf::MockSet {
        fn from(mock: __Mock) -> Self {
            mock.0
        }
    }
    impl __Mock {
        /// Books a parcel.
        pub fn book(
            mut self,
            answer: impl ::core::ops::Fn(
                String,
                u32,
            ) -> Result<
                    String,
                    ActivityError,
                > + ::core::marker::Send + ::core::marker::Sync + 'static,
        ) -> Self {
            self.0
                .push((
                    "book",
                    __sf::mock_activity::<__book>(move |(__0, __1)| answer(__0, __1)),
                ));
            self
        }
        pub fn print(
            mut self,
            answer: impl ::core::ops::Fn(
                Label,
            ) -> Result<
                    Vec<u8>,
                    ActivityError,
                > + ::core::marker::Send + ::core::marker::Sync + 'static,
        ) -> Self {
            self.0.push(("print-label", __sf::mock_activity::<__print>(answer)));
            self
        }
    }
    #[automatically_derived]
    impl<'__a> __sf::ActivitySet for dyn Parcels + '__a {
        type Methods<__K: __sf::CallKind> = __Methods<Self, __K>;
        type Mock = __Mock;
    }
    #[automatically_derived]
    impl<'__a, __X: Parcels> __sf::ImplementedBy<__X> for dyn Parcels + '__a {
        fn register(implementation: __sf::Arc<__X>, registry: &mut __sf::Registry) {
            {
                let this = __sf::Arc::clone(&implementation);
                __sf::Registry::activity::<
                    __book,
                >(
                    registry,
                    move |context, (__0, __1)| {
                        let this = __sf::Arc::clone(&this);
                        let converter = ::core::clone::Clone::clone(context.converter());
                        __sf::Box::pin(async move {
                            <Result<
                                String,
                                ActivityError,
                            > as __sf::Fallible>::into_result(
                                    <__X as Parcels>::book(&*this, __0, __1).await,
                                )
                                .map_err(|error| <__book as __sf::Activity>::failure(
                                    error,
                                    &converter,
                                ))
                        })
                    },
                );
            }
            {
                let this = __sf::Arc::clone(&implementation);
                __sf::Registry::activity::<
                    __print,
                >(
                    registry,
                    move |context, __0| {
                        let this = __sf::Arc::clone(&this);
                        let converter = ::core::clone::Clone::clone(context.converter());
                        __sf::blocking(
                            context.blocking_pool(),
                            move || {
                                <Result<
                                    Vec<u8>,
                                    ActivityError,
                                > as __sf::Fallible>::into_result(
                                        <__X as Parcels>::print(&*this, context, &__0),
                                    )
                                    .map_err(|error| <__print as __sf::Activity>::failure(
                                        error,
                                        &converter,
                                    ))
                            },
                        )
                    },
                );
            }
        }
    }
};
