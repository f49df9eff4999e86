#[activities]
impl<G: Gateway> Payments<G>
where
    G: 'static,
{
    /// Charges the card.
    #[activity]
    async fn charge(&self, ctx: ActivityContext, order: Order) -> Result<Receipt, PaymentError> {
        self.gateway.pay(ctx, order).await
    }

    #[activity(name = "payments-audit", schedule_to_close_timeout = "5m")]
    fn audit(&self, who: &str, cents: u64) -> Result<Self::Report, ActivityError> {
        self.report(who, cents)
    }

    fn report(&self) {}
}
