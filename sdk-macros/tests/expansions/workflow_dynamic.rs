#[workflow(dynamic)]
impl Interpreter {
    #[run]
    async fn run(ctx: WorkflowContext<Self>, args: RawArgs) -> WorkflowResult<RawValue> {
        todo!()
    }

    #[signal]
    fn put(&mut self, args: &RawArgs) {}
}
