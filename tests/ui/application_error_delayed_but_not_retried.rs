use steadfast::prelude::*;

#[derive(Debug, Serialize, Deserialize, ApplicationError)]
enum PaymentError {
    #[error("card malformed", non_retryable, next_retry_delay = "3s")]
    InvalidCard,
}

fn main() {}
