/// An office.
pub trait Office: ::core::marker::Send + ::core::marker::Sync + 'static {
    /// Says hello.
    fn greet(
        &self,
        name: &str,
    ) -> impl ::core::future::Future<
        Output: ::steadfast::__private::NexusAnswer<
                <<Result<
                    String,
                    NexusError,
                > as ::steadfast::__private::Fallible>::Ok as ::steadfast::__private::NexusReply>::Output,
            >,
    > + ::core::marker::Send
    where
        Self: Sized;
    fn compose(
        &self,
        ctx: NexusContext,
        topic: String,
    ) -> impl ::core::future::Future<
        Output: ::steadfast::__private::NexusAnswer<
                <<Result<
                    String,
                    NexusError,
                > as ::steadfast::__private::Fallible>::Ok as ::steadfast::__private::NexusReply>::Output,
            >,
    > + ::core::marker::Send
    where
        Self: Sized;
    fn close(
        &self,
    ) -> impl ::core::future::Future<
        Output: ::steadfast::__private::NexusAnswer<
                <<Result<
                    (),
                    NexusError,
                > as ::steadfast::__private::Fallible>::Ok as ::steadfast::__private::NexusReply>::Output,
            >,
    > + ::core::marker::Send
    where
        Self: Sized;
    fn stop(
        &self,
        token: &str,
    ) -> impl ::core::future::Future<
        Output = Result<(), NexusError>,
    > + ::core::marker::Send
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
    pub struct __Operations<__N: ?Sized>(__sf::NexusStubCore<__N>);
    #[automatically_derived]
    impl<__N: ?Sized> __sf::Deref for __Operations<__N> {
        type Target = __sf::NexusStubCore<__N>;
        fn deref(&self) -> &Self::Target {
            &self.0
        }
    }
    #[automatically_derived]
    impl<__N: ?Sized> ::core::convert::From<__sf::NexusStubCore<__N>>
    for __Operations<__N> {
        fn from(core: __sf::NexusStubCore<__N>) -> Self {
            Self(core)
        }
    }
    impl<'__a> __Operations<dyn Office + '__a> {
        /// Says hello.
        pub fn greet(
            &self,
            name: <__sf::String as __sf::Travels>::Itself,
        ) -> __sf::NexusCall<
            <<Result<
                String,
                NexusError,
            > as __sf::Fallible>::Ok as __sf::NexusReply>::Output,
        > {
            self.0
                .call::<
                    <<Result<
                        String,
                        NexusError,
                    > as __sf::Fallible>::Ok as __sf::NexusReply>::Output,
                    <__sf::String as __sf::Travels>::Itself,
                >("greet", &name)
        }
        pub fn compose(
            &self,
            topic: <String as __sf::Travels>::Itself,
        ) -> __sf::NexusCall<
            <<Result<
                String,
                NexusError,
            > as __sf::Fallible>::Ok as __sf::NexusReply>::Output,
        > {
            self.0
                .call::<
                    <<Result<
                        String,
                        NexusError,
                    > as __sf::Fallible>::Ok as __sf::NexusReply>::Output,
                    <String as __sf::Travels>::Itself,
                >("write-about", &topic)
        }
        pub fn close(
            &self,
        ) -> __sf::NexusCall<
            <<Result<(), NexusError> as __sf::Fallible>::Ok as __sf::NexusReply>::Output,
        > {
            self.0
                .call::<
                    <<Result<
                        (),
                        NexusError,
                    > as __sf::Fallible>::Ok as __sf::NexusReply>::Output,
                    (),
                >("close", &())
        }
    }
    #[automatically_derived]
    impl<'__a> __sf::NexusService for dyn Office + '__a {
        const NAME: &'static str = "Office";
        type Operations = __Operations<Self>;
    }
    #[automatically_derived]
    impl<'__a, __X: Office> __sf::NexusImplementedBy<__X> for dyn Office + '__a {
        fn register(
            implementation: __sf::Arc<__X>,
            operations: &mut __sf::NexusOperations,
        ) {
            {
                let this = __sf::Arc::clone(&implementation);
                operations
                    .operation::<
                        <__sf::String as __sf::Travels>::Itself,
                    >(
                        "greet",
                        move |context: __sf::NexusContext, __0| {
                            let (this, converter) = (
                                __sf::Arc::clone(&this),
                                ::core::clone::Clone::clone(context.converter()),
                            );
                            __sf::Box::pin(async move {
                                __sf::NexusAnswer::<
                                    <<Result<
                                        String,
                                        NexusError,
                                    > as __sf::Fallible>::Ok as __sf::NexusReply>::Output,
                                >::into_answer(
                                    <__X as Office>::greet(&*this, &__0).await,
                                    &converter,
                                )
                            })
                        },
                    );
            }
            {
                let this = __sf::Arc::clone(&implementation);
                operations
                    .operation::<
                        <String as __sf::Travels>::Itself,
                    >(
                        "write-about",
                        move |context: __sf::NexusContext, __0| {
                            let (this, converter) = (
                                __sf::Arc::clone(&this),
                                ::core::clone::Clone::clone(context.converter()),
                            );
                            __sf::Box::pin(async move {
                                __sf::NexusAnswer::<
                                    <<Result<
                                        String,
                                        NexusError,
                                    > as __sf::Fallible>::Ok as __sf::NexusReply>::Output,
                                >::into_answer(
                                    <__X as Office>::compose(&*this, context, __0).await,
                                    &converter,
                                )
                            })
                        },
                    );
            }
            {
                let this = __sf::Arc::clone(&implementation);
                operations
                    .operation::<
                        (),
                    >(
                        "close",
                        move |context: __sf::NexusContext, ()| {
                            let (this, converter) = (
                                __sf::Arc::clone(&this),
                                ::core::clone::Clone::clone(context.converter()),
                            );
                            __sf::Box::pin(async move {
                                __sf::NexusAnswer::<
                                    <<Result<
                                        (),
                                        NexusError,
                                    > as __sf::Fallible>::Ok as __sf::NexusReply>::Output,
                                >::into_answer(
                                    <__X as Office>::close(&*this).await,
                                    &converter,
                                )
                            })
                        },
                    );
            }
            {
                let this = __sf::Arc::clone(&implementation);
                operations
                    .cancel(
                        "write-about",
                        move |context: __sf::NexusContext, __0| {
                            let (this, converter) = (
                                __sf::Arc::clone(&this),
                                ::core::clone::Clone::clone(context.converter()),
                            );
                            __sf::Box::pin(async move {
                                <__X as Office>::stop(&*this, &__0).await
                            })
                        },
                    );
            }
        }
    }
};
