impl Interpreter {
    async fn run(ctx: WorkflowContext<Self>, args: RawArgs) -> WorkflowResult<RawValue> {
        todo!()
    }
    fn put(&mut self, args: &RawArgs) {}
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
    impl<__T: __sf::Target> __Messages<Interpreter, __T> {
        pub fn put(&self, args: RawArgs) -> __T::Signal {
            let arguments = <RawArgs as __sf::Args>::encode(
                &args,
                __sf::Target::converter(&self.0.target),
            );
            self.0.target.signal(__sf::Cow::Borrowed("put"), arguments)
        }
    }
    impl<__T: __sf::UpdateTarget> __Messages<Interpreter, __T> {}
    impl __Messages<Interpreter, __sf::ToClient> {}
    #[automatically_derived]
    impl __sf::Workflow for Interpreter {
        const NAME: &'static str = "";
        type Input = RawArgs;
        type Output = <<WorkflowResult<
            RawValue,
        > as __sf::Fallible>::Ok as __sf::Travels>::Itself;
        type Messages<__T: __sf::Target> = __Messages<Self, __T>;
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
    }
    #[automatically_derived]
    impl __sf::WorkflowImplementation for Interpreter {
        fn init(
            context: __sf::HandlerContext,
            payloads: __sf::Option<&__sf::Payloads>,
            converter: &__sf::Converter,
        ) -> __sf::Result<Self, __sf::DecodeError> {
            __sf::Result::Ok(__sf::default_state::<Self>())
        }
        fn run(
            context: __sf::WorkflowContext<Self>,
            __0: Self::Input,
        ) -> __sf::BoxFuture<
            __sf::WorkflowResult<
                <<WorkflowResult<
                    RawValue,
                > as __sf::Fallible>::Ok as __sf::Travels>::Itself,
            >,
        > {
            __sf::Box::pin(Self::run(context, __0))
        }
        fn handlers(handlers: &mut __sf::Handlers<Self>) {
            handlers
                .signal(
                    "put",
                    |state, context: &__sf::HandlerContext, __0: RawArgs| Self::put(
                        state,
                        &__0,
                    ),
                );
        }
    }
};
