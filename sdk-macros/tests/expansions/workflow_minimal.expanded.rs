impl Noop {
    async fn run() -> WorkflowResult<()> {
        Ok(())
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
    pub struct __Messages<__W: ?Sized, __T>(__sf::HandleCore<__W, __T>);
    #[automatically_derived]
    impl<__W: ?Sized, __T> __sf::Deref for __Messages<__W, __T> {
        type Target = __sf::HandleCore<__W, __T>;
        fn deref(&self) -> &Self::Target {
            &self.0
        }
    }
    #[automatically_derived]
    impl<__W: ?Sized, __T> ::core::convert::From<__sf::HandleCore<__W, __T>>
    for __Messages<__W, __T> {
        fn from(core: __sf::HandleCore<__W, __T>) -> Self {
            Self(core)
        }
    }
    impl<__T: __sf::Target> __Messages<Noop, __T> {}
    impl<__T: __sf::UpdateTarget> __Messages<Noop, __T> {}
    impl __Messages<Noop, __sf::ToClient> {}
    #[automatically_derived]
    impl __sf::Workflow for Noop {
        const NAME: &'static str = "Noop";
        type Input = ();
        type Output = <<WorkflowResult<
            (),
        > as __sf::Fallible>::Ok as __sf::Travels>::Itself;
        type Messages<__T: __sf::Target> = __Messages<Self, __T>;
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
    }
    #[automatically_derived]
    impl __sf::WorkflowImplementation for Noop {
        fn init(
            context: __sf::HandlerContext,
            payloads: __sf::Option<&__sf::Payloads>,
            converter: &__sf::Converter,
        ) -> __sf::Result<Self, __sf::DecodeError> {
            __sf::Result::Ok(__sf::default_state::<Self>())
        }
        fn run(
            context: __sf::WorkflowContext<Self>,
            (): Self::Input,
        ) -> __sf::BoxFuture<
            __sf::WorkflowResult<
                <<WorkflowResult<()> as __sf::Fallible>::Ok as __sf::Travels>::Itself,
            >,
        > {
            __sf::Box::pin(Self::run())
        }
        fn handlers(handlers: &mut __sf::Handlers<Self>) {}
    }
};
