#[workflow(name = T::NAME)]
impl<T: Codec> Fold<T>
where
    T::Value: Clone,
{
    #[init]
    fn new(start: T::Value) -> Self {
        Self { last: start }
    }

    #[run]
    async fn run(ctx: WorkflowContext<Self>) -> Result<T::Value, FoldError> {
        ctx.wait_condition(|s| s.is_done()).await?;
        Ok(ctx.state(|s| s.last.clone()))
    }

    #[signal]
    fn push(&mut self, value: T::Value) {
        self.last = value;
    }
}
