#[activities]
pub trait Parcels {
    /// Books a parcel.
    #[activity]
    async fn book(&self, to: String, grams: u32) -> Result<String, ActivityError>;

    #[activity(name = "print-label", start_to_close_timeout = "5s")]
    fn print(&self, ctx: ActivityContext, label: &Label) -> Result<Vec<u8>, ActivityError>;
}
