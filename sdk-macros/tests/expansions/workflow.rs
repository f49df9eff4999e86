#[workflow]
impl Approval {
    #[init]
    fn new(ctx: &HandlerContext, order: Order) -> Self {
        Self { order, since: ctx.now(), decision: None }
    }

    #[run]
    async fn run(ctx: WorkflowContext<Self>, order: Order) -> WorkflowResult<String> {
        ctx.wait_some(|s| s.decision).await?;
        Ok(order.id)
    }

    /// Says yes or no.
    #[signal]
    fn decide(&mut self, approved: bool) {
        self.decision = Some(approved);
    }

    #[signal(name = "cancel")]
    async fn on_cancel(ctx: WorkflowContext<Self>, reason: &str) {
        ctx.sleep(secs(1)).await.ok();
    }

    #[signal(dynamic)]
    fn any(&mut self, name: &str, args: RawArgs) {
        self.unknown.push(name.to_owned());
    }

    #[query]
    fn status(&self) -> Option<bool> {
        self.decision
    }

    #[query]
    fn age(&self, ctx: &HandlerContext) -> Result<Duration, ClockError> {
        ctx.now().duration_since(self.since)
    }

    #[update]
    fn amend(&mut self, total_cents: u64) -> Result<u64, UpdateError> {
        Ok(std::mem::replace(&mut self.order.total_cents, total_cents))
    }

    #[validator(amend)]
    fn check_amend(&self, total_cents: &u64) -> Result<(), Rejection> {
        if *total_cents == 0 { Err("must be positive".into()) } else { Ok(()) }
    }

    #[cfg(feature = "shipping")]
    #[update(name = "ship-it")]
    async fn ship(ctx: WorkflowContext<Self>, to: Address, express: bool) -> Result<Tracking, UpdateError> {
        ctx.activity::<ship>((to, express)).await
    }

    fn helper(&self) {}
}
