impl ApprovalApi for Quick {
    async fn run(ctx: WorkflowContext<Self>, order: Order) -> WorkflowResult<String> {
        Ok(order.id)
    }
    fn decide(&mut self, approved: bool) {
        self.decision = Some(approved);
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
    type __Interface = dyn ApprovalApi;
    #[automatically_derived]
    impl __sf::Workflow for Quick {
        const NAME: &'static str = <__Interface as __sf::Workflow>::NAME;
        type Input = <__Interface as __sf::Workflow>::Input;
        type Output = <__Interface as __sf::Workflow>::Output;
        type Messages<__T: __sf::Target> = __sf::NoMessages<Self, __T>;
        fn encode(
            input: &Self::Input,
            converter: &__sf::Converter,
        ) -> __sf::Result<__sf::Payloads, __sf::EncodeError> {
            <__Interface as __sf::Workflow>::encode(input, converter)
        }
        fn decode(
            input: __sf::Option<&__sf::Payloads>,
            converter: &__sf::Converter,
        ) -> __sf::Result<Self::Input, __sf::DecodeError> {
            <__Interface as __sf::Workflow>::decode(input, converter)
        }
    }
    #[automatically_derived]
    impl __sf::WorkflowImplementation for Quick {
        fn init(
            _: __sf::HandlerContext,
            _: __sf::Option<&__sf::Payloads>,
            _: &__sf::Converter,
        ) -> __sf::Result<Self, __sf::DecodeError> {
            __sf::Result::Ok(__sf::default_state::<Self>())
        }
        fn run(
            context: __sf::WorkflowContext<Self>,
            input: Self::Input,
        ) -> __sf::BoxFuture<__sf::WorkflowResult<Self::Output>> {
            <__Interface as __sf::WorkflowInterface<Self>>::run(context, input)
        }
        fn handlers(handlers: &mut __sf::Handlers<Self>) {
            <__Interface as __sf::WorkflowInterface<Self>>::handlers(handlers)
        }
    }
};
