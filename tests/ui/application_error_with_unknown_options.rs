use steadfast::prelude::*;

#[derive(Debug, Serialize, Deserialize, ApplicationError)]
enum PaymentError {
    #[error("card malformed", retryable = false)]
    InvalidCard,
    #[error("gateway busy", next_retry_delay = "soon")]
    Busy,
    #[error(transparent)]
    Other,
}

fn main() {}
