impl<T: Codec> Fold<T>
where
    T::Value: Clone,
{
    fn new(start: T::Value) -> Self {
        Self { last: start }
    }
    async fn run(ctx: WorkflowContext<Self>) -> Result<T::Value, FoldError> {
        ctx.wait_condition(|s| s.is_done()).await?;
        Ok(ctx.state(|s| s.last.clone()))
    }
    fn push(&mut self, value: T::Value) {
        self.last = value;
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
    impl<T: Codec, __T: __sf::Target> __Messages<Fold<T>, __T>
    where
        T::Value: Clone,
    {
        pub fn push(&self, value: <T::Value as __sf::Travels>::Itself) -> __T::Signal {
            let arguments = <(
                <T::Value as __sf::Travels>::Itself,
            ) as __sf::Args>::encode(&(value,), __sf::Target::converter(&self.0.target));
            self.0.target.signal(__sf::Cow::Borrowed("push"), arguments)
        }
    }
    impl<T: Codec, __T: __sf::UpdateTarget> __Messages<Fold<T>, __T>
    where
        T::Value: Clone,
    {}
    impl<T: Codec> __Messages<Fold<T>, __sf::ToClient>
    where
        T::Value: Clone,
    {}
    #[automatically_derived]
    impl<T: Codec> __sf::Workflow for Fold<T>
    where
        T::Value: Clone,
    {
        const NAME: &'static str = T::NAME;
        type Input = T::Value;
        type Output = <<Result<
            T::Value,
            FoldError,
        > as __sf::Fallible>::Ok as __sf::Travels>::Itself;
        type Messages<__T: __sf::Target> = __Messages<Self, __T>;
        fn encode(
            input: &Self::Input,
            converter: &__sf::Converter,
        ) -> __sf::Result<__sf::Payloads, __sf::EncodeError> {
            __sf::encode_one::<<T::Value as __sf::Travels>::Itself>(input, converter)
        }
        fn decode(
            input: __sf::Option<&__sf::Payloads>,
            converter: &__sf::Converter,
        ) -> __sf::Result<Self::Input, __sf::DecodeError> {
            let (input,) = <(
                <T::Value as __sf::Travels>::Itself,
            ) as __sf::Args>::decode(input, converter)?;
            __sf::Result::Ok(input)
        }
    }
    #[automatically_derived]
    impl<T: Codec> __sf::WorkflowImplementation for Fold<T>
    where
        T::Value: Clone,
    {
        fn init(
            context: __sf::HandlerContext,
            payloads: __sf::Option<&__sf::Payloads>,
            converter: &__sf::Converter,
        ) -> __sf::Result<Self, __sf::DecodeError> {
            let (__0,) = <(
                <T::Value as __sf::Travels>::Itself,
            ) as __sf::Args>::decode(payloads, converter)?;
            __sf::Result::Ok(Self::new(__0))
        }
        fn run(
            context: __sf::WorkflowContext<Self>,
            _: Self::Input,
        ) -> __sf::BoxFuture<
            __sf::WorkflowResult<
                <<Result<
                    T::Value,
                    FoldError,
                > as __sf::Fallible>::Ok as __sf::Travels>::Itself,
            >,
        > {
            __sf::Box::pin(async move {
                <Result<
                    T::Value,
                    FoldError,
                > as __sf::Fallible>::into_result(Self::run(context).await)
                    .map_err(::core::convert::Into::into)
            })
        }
        fn handlers(handlers: &mut __sf::Handlers<Self>) {
            handlers
                .signal(
                    "push",
                    |
                        state,
                        context: &__sf::HandlerContext,
                        (__0,): (<T::Value as __sf::Travels>::Itself,)|
                    Self::push(state, __0),
                );
        }
    }
};
