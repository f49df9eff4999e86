#[derive(ApplicationError)]
#[error("{sku} is out of stock", non_retryable)]
pub struct OutOfStock<T> {
    sku: String,
    more: T,
}
