/// Sends the mail.
#[activity]
pub async fn send_email(order: Order) -> Result<(), ActivityError> {
    mail::send(&order.address).await?;
    Ok(())
}
