#[workflow]
impl ApprovalApi for Quick {
    async fn run(ctx: WorkflowContext<Self>, order: Order) -> WorkflowResult<String> {
        Ok(order.id)
    }

    fn decide(&mut self, approved: bool) {
        self.decision = Some(approved);
    }
}
