#[nexus_service]
impl<G: Gateway> Office for Local<G> {
    async fn greet(&self, name: &str) -> Result<String, NexusError> {
        self.gateway.greet(name)
    }
}
