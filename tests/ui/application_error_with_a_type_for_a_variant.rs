use steadfast::prelude::*;

#[derive(Debug, Serialize, Deserialize, ApplicationError)]
enum PaymentError {
    #[error("card malformed", type = "InvalidCard")]
    InvalidCard,
}

fn main() {}
