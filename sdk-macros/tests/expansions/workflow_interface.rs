/// What others see of an approval.
#[workflow(name = "Approval")]
pub trait ApprovalApi {
    /// The main routine.
    #[run]
    async fn run(ctx: WorkflowContext<Self>, order: Order) -> WorkflowResult<String>;

    #[signal]
    fn decide(&mut self, approved: bool);

    #[query]
    fn status(&self) -> Option<bool>;

    #[update]
    async fn ship(ctx: WorkflowContext<Self>, to: Address) -> Result<Tracking, UpdateError>;
}
