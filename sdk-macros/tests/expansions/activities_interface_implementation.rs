#[activities]
impl Parcels for Dhl {
    async fn book(&self, to: String, grams: u32) -> Result<String, ActivityError> {
        self.api.book(to, grams).await
    }
}
