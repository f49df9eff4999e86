use steadfast::prelude::*;

#[derive(Debug, Serialize, Deserialize, ApplicationError)]
enum PaymentError {
    #[error("busy after {attempt}")]
    Busy { attempts: u32 },
    #[error("{} declined")]
    Declined(String),
}

fn main() {}
