#[workflow]
impl Noop {
    #[run]
    async fn run() -> WorkflowResult<()> {
        Ok(())
    }
}
