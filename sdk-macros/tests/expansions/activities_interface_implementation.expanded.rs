impl Parcels for Dhl {
    async fn book(&self, to: String, grams: u32) -> Result<String, ActivityError> {
        self.api.book(to, grams).await
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
    #[automatically_derived]
    impl __sf::ActivitySet for Dhl {
        type Methods<__K: __sf::CallKind> = __sf::NoMethods<Self, __K>;
        type Mock = __sf::MockSet;
    }
    #[automatically_derived]
    impl __sf::ActivitySetImplementation for Dhl {
        fn register(self: __sf::Arc<Self>, registry: &mut __sf::Registry) {
            <dyn Parcels as __sf::ImplementedBy<Self>>::register(self, registry)
        }
    }
};
