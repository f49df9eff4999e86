impl Local {
    async fn compose(
        &self,
        ctx: NexusContext,
        topic: String,
    ) -> Result<StartedOperation<String>, NexusError> {
        ctx.workflow::<Composition>(topic).await
    }
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
    impl __Operations<Local> {
        pub fn compose(
            &self,
            topic: <String as __sf::Travels>::Itself,
        ) -> __sf::NexusCall<
            <<Result<
                StartedOperation<String>,
                NexusError,
            > as __sf::Fallible>::Ok as __sf::NexusReply>::Output,
        > {
            self.0
                .call::<
                    <<Result<
                        StartedOperation<String>,
                        NexusError,
                    > as __sf::Fallible>::Ok as __sf::NexusReply>::Output,
                    <String as __sf::Travels>::Itself,
                >("compose", &topic)
        }
    }
    #[automatically_derived]
    impl __sf::NexusService for Local {
        const NAME: &'static str = "office";
        type Operations = __Operations<Self>;
    }
    #[automatically_derived]
    impl __sf::NexusServiceImplementation for Local {
        const NAME: &'static str = <Self as __sf::NexusService>::NAME;
        fn register(self: __sf::Arc<Self>, operations: &mut __sf::NexusOperations) {
            let implementation = self;
            {
                let this = __sf::Arc::clone(&implementation);
                operations
                    .operation::<
                        <String as __sf::Travels>::Itself,
                    >(
                        "compose",
                        move |context: __sf::NexusContext, __0| {
                            let (this, converter) = (
                                __sf::Arc::clone(&this),
                                ::core::clone::Clone::clone(context.converter()),
                            );
                            __sf::Box::pin(async move {
                                __sf::NexusAnswer::<
                                    <<Result<
                                        StartedOperation<String>,
                                        NexusError,
                                    > as __sf::Fallible>::Ok as __sf::NexusReply>::Output,
                                >::into_answer(
                                    Self::compose(&*this, context, __0).await,
                                    &converter,
                                )
                            })
                        },
                    );
            }
        }
    }
};
