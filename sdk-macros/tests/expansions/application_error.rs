#[derive(ApplicationError)]
#[error(type = "Payment", next_retry_delay = "1s")]
pub enum PaymentError {
    #[error("card malformed", non_retryable)]
    InvalidCard,
    #[error("gateway busy after {attempts} attempts", next_retry_delay = "3s")]
    Busy { attempts: u32, host: String },
    #[error("{{declined}}: {1:?} of {0}")]
    Declined(u64, String),
}
