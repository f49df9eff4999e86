use steadfast::prelude::*;

#[derive(Debug, ApplicationError)]
enum PaymentError {
    #[error("card malformed", non_retryable)]
    InvalidCard,
}

fn main() {}
