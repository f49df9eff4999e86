#[allow(refining_impl_trait)]
impl<G: Gateway> Office for Local<G> {
    async fn greet(&self, name: &str) -> Result<String, NexusError> {
        self.gateway.greet(name)
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
    type __Interface = dyn Office;
    #[automatically_derived]
    impl<G: Gateway> __sf::NexusServiceImplementation for Local<G> {
        const NAME: &'static str = <__Interface as __sf::NexusService>::NAME;
        fn register(self: __sf::Arc<Self>, operations: &mut __sf::NexusOperations) {
            <__Interface as __sf::NexusImplementedBy<Self>>::register(self, operations)
        }
    }
};
