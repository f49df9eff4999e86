#[nexus_service(name = "office")]
impl Local {
    #[operation]
    async fn compose(&self, ctx: NexusContext, topic: String) -> Result<StartedOperation<String>, NexusError> {
        ctx.workflow::<Composition>(topic).await
    }
}
