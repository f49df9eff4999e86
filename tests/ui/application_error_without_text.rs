use steadfast::prelude::*;

#[derive(Debug, Serialize, Deserialize, ApplicationError)]
enum PaymentError {
    #[error("card malformed", non_retryable)]
    InvalidCard,
    Busy,
}

fn main() {}
