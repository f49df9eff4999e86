/// An office.
#[nexus_service]
pub trait Office {
    /// Says hello.
    async fn greet(&self, name: &str) -> Result<String, NexusError>;
    #[operation(name = "write-about")]
    async fn compose(&self, ctx: NexusContext, topic: String) -> Result<String, NexusError>;
    async fn close(&self) -> Result<(), NexusError>;
    #[cancel(compose)]
    async fn stop(&self, token: &str) -> Result<(), NexusError>;
}
