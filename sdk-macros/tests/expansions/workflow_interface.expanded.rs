/// What others see of an approval.
pub trait ApprovalApi: ::core::marker::Send + ::core::marker::Sync + 'static {
    /// The main routine.
    fn run(
        ctx: WorkflowContext<Self>,
        order: Order,
    ) -> impl ::core::future::Future<
        Output = WorkflowResult<String>,
    > + ::core::marker::Send
    where
        Self: Sized;
    fn decide(&mut self, approved: bool)
    where
        Self: Sized;
    fn status(&self) -> Option<bool>
    where
        Self: Sized;
    fn ship(
        ctx: WorkflowContext<Self>,
        to: Address,
    ) -> impl ::core::future::Future<
        Output = Result<Tracking, UpdateError>,
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
    impl<'__a, __T: __sf::Target> __Messages<dyn ApprovalApi + '__a, __T> {
        pub fn decide(&self, approved: <bool as __sf::Travels>::Itself) -> __T::Signal {
            let arguments = <(
                <bool as __sf::Travels>::Itself,
            ) as __sf::Args>::encode(
                &(approved,),
                __sf::Target::converter(&self.0.target),
            );
            self.0.target.signal(__sf::Cow::Borrowed("decide"), arguments)
        }
    }
    impl<'__a, __T: __sf::UpdateTarget> __Messages<dyn ApprovalApi + '__a, __T> {
        pub fn ship(
            &self,
            to: <Address as __sf::Travels>::Itself,
        ) -> __T::Update<
            <<Result<
                Tracking,
                UpdateError,
            > as __sf::Fallible>::Ok as __sf::Travels>::Itself,
        > {
            let arguments = <(
                <Address as __sf::Travels>::Itself,
            ) as __sf::Args>::encode(&(to,), __sf::Target::converter(&self.0.target));
            self.0
                .target
                .update::<
                    <<Result<
                        Tracking,
                        UpdateError,
                    > as __sf::Fallible>::Ok as __sf::Travels>::Itself,
                >(__sf::Cow::Borrowed("ship"), arguments)
        }
    }
    impl<'__a> __Messages<dyn ApprovalApi + '__a, __sf::ToClient> {
        pub fn status(
            &self,
        ) -> __sf::QueryCall<<Option<bool> as __sf::Travels>::Itself> {
            let arguments = <() as __sf::Args>::encode(
                &(),
                __sf::Target::converter(&self.0.target),
            );
            self.0
                .target
                .query::<
                    <Option<bool> as __sf::Travels>::Itself,
                >(__sf::Cow::Borrowed("status"), arguments)
        }
    }
    #[automatically_derived]
    impl<'__a> __sf::Workflow for dyn ApprovalApi + '__a {
        const NAME: &'static str = "Approval";
        type Input = Order;
        type Output = <<WorkflowResult<
            String,
        > as __sf::Fallible>::Ok as __sf::Travels>::Itself;
        type Messages<__T: __sf::Target> = __Messages<Self, __T>;
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
    }
    #[automatically_derived]
    impl<'__a, __X: ApprovalApi> __sf::WorkflowInterface<__X>
    for dyn ApprovalApi + '__a {
        fn run(
            context: __sf::WorkflowContext<__X>,
            __0: Self::Input,
        ) -> __sf::BoxFuture<
            __sf::WorkflowResult<
                <<WorkflowResult<String> as __sf::Fallible>::Ok as __sf::Travels>::Itself,
            >,
        > {
            __sf::Box::pin(<__X as ApprovalApi>::run(context, __0))
        }
        fn handlers(handlers: &mut __sf::Handlers<__X>) {
            handlers
                .signal(
                    "decide",
                    |
                        state,
                        context: &__sf::HandlerContext,
                        (__0,): (<bool as __sf::Travels>::Itself,)|
                    <__X as ApprovalApi>::decide(state, __0),
                );
            handlers
                .query::<
                    _,
                    <Option<bool> as __sf::Travels>::Itself,
                >(
                    "status",
                    |state, context: &__sf::HandlerContext, (): ()| __sf::Result::Ok(
                        <__X as ApprovalApi>::status(state),
                    ),
                );
            handlers
                .update_async::<
                    _,
                    <<Result<
                        Tracking,
                        UpdateError,
                    > as __sf::Fallible>::Ok as __sf::Travels>::Itself,
                >(
                    "ship",
                    |
                        context: __sf::WorkflowContext<_>,
                        (__0,): (<Address as __sf::Travels>::Itself,)|
                    __sf::Box::pin(async move {
                        let converter = ::core::clone::Clone::clone(context.converter());
                        <Result<
                            Tracking,
                            UpdateError,
                        > as __sf::Fallible>::into_result(
                                <__X as ApprovalApi>::ship(context, __0).await,
                            )
                            .map_err(|error| {
                                use __sf::error_kind::*;
                                (&&&Tag(error)).failure(&converter)
                            })
                    }),
                );
        }
    }
};
