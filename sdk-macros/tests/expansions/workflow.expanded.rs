impl Approval {
    fn new(ctx: &HandlerContext, order: Order) -> Self {
        Self {
            order,
            since: ctx.now(),
            decision: None,
        }
    }
    async fn run(ctx: WorkflowContext<Self>, order: Order) -> WorkflowResult<String> {
        ctx.wait_some(|s| s.decision).await?;
        Ok(order.id)
    }
    /// Says yes or no.
    fn decide(&mut self, approved: bool) {
        self.decision = Some(approved);
    }
    async fn on_cancel(ctx: WorkflowContext<Self>, reason: &str) {
        ctx.sleep(secs(1)).await.ok();
    }
    fn any(&mut self, name: &str, args: RawArgs) {
        self.unknown.push(name.to_owned());
    }
    fn status(&self) -> Option<bool> {
        self.decision
    }
    fn age(&self, ctx: &HandlerContext) -> Result<Duration, ClockError> {
        ctx.now().duration_since(self.since)
    }
    fn amend(&mut self, total_cents: u64) -> Result<u64, UpdateError> {
        Ok(std::mem::replace(&mut self.order.total_cents, total_cents))
    }
    fn check_amend(&self, total_cents: &u64) -> Result<(), Rejection> {
        if *total_cents == 0 { Err("must be positive".into()) } else { Ok(()) }
    }
    #[cfg(feature = "shipping")]
    async fn ship(
        ctx: WorkflowContext<Self>,
        to: Address,
        express: bool,
    ) -> Result<Tracking, UpdateError> {
        ctx.activity::<ship>((to, express)).await
    }
    fn helper(&self) {}
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
    impl<__T: __sf::Target> __Messages<Approval, __T> {
        /// Says yes or no.
        pub fn decide(&self, approved: <bool as __sf::Travels>::Itself) -> __T::Signal {
            let arguments = <(
                <bool as __sf::Travels>::Itself,
            ) as __sf::Args>::encode(
                &(approved,),
                __sf::Target::converter(&self.0.target),
            );
            self.0.target.signal(__sf::Cow::Borrowed("decide"), arguments)
        }
        pub fn on_cancel(
            &self,
            reason: <__sf::String as __sf::Travels>::Itself,
        ) -> __T::Signal {
            let arguments = <(
                <__sf::String as __sf::Travels>::Itself,
            ) as __sf::Args>::encode(
                &(reason,),
                __sf::Target::converter(&self.0.target),
            );
            self.0.target.signal(__sf::Cow::Borrowed("cancel"), arguments)
        }
    }
    impl<__T: __sf::UpdateTarget> __Messages<Approval, __T> {
        pub fn amend(
            &self,
            total_cents: <u64 as __sf::Travels>::Itself,
        ) -> __T::Update<
            <<Result<u64, UpdateError> as __sf::Fallible>::Ok as __sf::Travels>::Itself,
        > {
            let arguments = <(
                <u64 as __sf::Travels>::Itself,
            ) as __sf::Args>::encode(
                &(total_cents,),
                __sf::Target::converter(&self.0.target),
            );
            self.0
                .target
                .update::<
                    <<Result<
                        u64,
                        UpdateError,
                    > as __sf::Fallible>::Ok as __sf::Travels>::Itself,
                >(__sf::Cow::Borrowed("amend"), arguments)
        }
        #[cfg(feature = "shipping")]
        pub fn ship(
            &self,
            to: <Address as __sf::Travels>::Itself,
            express: <bool as __sf::Travels>::Itself,
        ) -> __T::Update<
            <<Result<
                Tracking,
                UpdateError,
            > as __sf::Fallible>::Ok as __sf::Travels>::Itself,
        > {
            let arguments = <(
                <Address as __sf::Travels>::Itself,
                <bool as __sf::Travels>::Itself,
            ) as __sf::Args>::encode(
                &(to, express),
                __sf::Target::converter(&self.0.target),
            );
            self.0
                .target
                .update::<
                    <<Result<
                        Tracking,
                        UpdateError,
                    > as __sf::Fallible>::Ok as __sf::Travels>::Itself,
                >(__sf::Cow::Borrowed("ship-it"), arguments)
        }
    }
    impl __Messages<Approval, __sf::ToClient> {
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
        pub fn age(
            &self,
        ) -> __sf::QueryCall<
            <<Result<
                Duration,
                ClockError,
            > as __sf::Fallible>::Ok as __sf::Travels>::Itself,
        > {
            let arguments = <() as __sf::Args>::encode(
                &(),
                __sf::Target::converter(&self.0.target),
            );
            self.0
                .target
                .query::<
                    <<Result<
                        Duration,
                        ClockError,
                    > as __sf::Fallible>::Ok as __sf::Travels>::Itself,
                >(__sf::Cow::Borrowed("age"), arguments)
        }
    }
    #[automatically_derived]
    impl __sf::Workflow for Approval {
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
    impl __sf::WorkflowImplementation for Approval {
        fn init(
            context: __sf::HandlerContext,
            payloads: __sf::Option<&__sf::Payloads>,
            converter: &__sf::Converter,
        ) -> __sf::Result<Self, __sf::DecodeError> {
            let (__0,) = <(
                <Order as __sf::Travels>::Itself,
            ) as __sf::Args>::decode(payloads, converter)?;
            __sf::Result::Ok(Self::new(&context, __0))
        }
        fn run(
            context: __sf::WorkflowContext<Self>,
            __0: Self::Input,
        ) -> __sf::BoxFuture<
            __sf::WorkflowResult<
                <<WorkflowResult<String> as __sf::Fallible>::Ok as __sf::Travels>::Itself,
            >,
        > {
            __sf::Box::pin(Self::run(context, __0))
        }
        fn handlers(handlers: &mut __sf::Handlers<Self>) {
            handlers
                .signal(
                    "decide",
                    |
                        state,
                        context: &__sf::HandlerContext,
                        (__0,): (<bool as __sf::Travels>::Itself,)|
                    Self::decide(state, __0),
                );
            handlers.describe("signal", "decide", "Says yes or no.");
            handlers
                .signal_async(
                    "cancel",
                    |
                        context: __sf::WorkflowContext<_>,
                        (__0,): (<__sf::String as __sf::Travels>::Itself,)|
                    __sf::Box::pin(async move {
                        Self::on_cancel(context, &__0).await;
                        __sf::Result::Ok(())
                    }),
                );
            handlers
                .signal_any(|state, context: &__sf::HandlerContext, name, arguments| {
                    Self::any(state, name, arguments);
                });
            handlers
                .query::<
                    _,
                    <Option<bool> as __sf::Travels>::Itself,
                >(
                    "status",
                    |state, context: &__sf::HandlerContext, (): ()| __sf::Result::Ok(
                        Self::status(state),
                    ),
                );
            handlers
                .query::<
                    _,
                    <<Result<
                        Duration,
                        ClockError,
                    > as __sf::Fallible>::Ok as __sf::Travels>::Itself,
                >(
                    "age",
                    |state, context: &__sf::HandlerContext, (): ()| {
                        <Result<
                            Duration,
                            ClockError,
                        > as __sf::Fallible>::into_result(Self::age(state, context))
                            .map_err(|error| {
                                use __sf::error_kind::*;
                                (&&&Tag(error)).failure(context.converter())
                            })
                    },
                );
            handlers
                .update::<
                    _,
                    <<Result<
                        u64,
                        UpdateError,
                    > as __sf::Fallible>::Ok as __sf::Travels>::Itself,
                >(
                    "amend",
                    |
                        state,
                        context: &__sf::HandlerContext,
                        (__0,): (<u64 as __sf::Travels>::Itself,)|
                    {
                        <Result<
                            u64,
                            UpdateError,
                        > as __sf::Fallible>::into_result(Self::amend(state, __0))
                            .map_err(|error| {
                                use __sf::error_kind::*;
                                (&&&Tag(error)).failure(context.converter())
                            })
                    },
                );
            #[cfg(feature = "shipping")]
            handlers
                .update_async::<
                    _,
                    <<Result<
                        Tracking,
                        UpdateError,
                    > as __sf::Fallible>::Ok as __sf::Travels>::Itself,
                >(
                    "ship-it",
                    |
                        context: __sf::WorkflowContext<_>,
                        (
                            __0,
                            __1,
                        ): (
                            <Address as __sf::Travels>::Itself,
                            <bool as __sf::Travels>::Itself,
                        )|
                    __sf::Box::pin(async move {
                        let converter = ::core::clone::Clone::clone(context.converter());
                        <Result<
                            Tracking,
                            UpdateError,
                        > as __sf::Fallible>::into_result(
                                Self::ship(context, __0, __1).await,
                            )
                            .map_err(|error| {
                                use __sf::error_kind::*;
                                (&&&Tag(error)).failure(&converter)
                            })
                    }),
                );
            handlers
                .validator(
                    "amend",
                    |
                        state,
                        context: &__sf::HandlerContext,
                        (__0,): &(<u64 as __sf::Travels>::Itself,)|
                    { Self::check_amend(state, __0) },
                );
        }
    }
    fn __same_input() {
        __sf::same_input::<Order, Order>();
    }
};
