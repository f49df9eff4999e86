#[cfg(feature = "mail")]
#[activity(type = SendEmail, crate = crate::renamed)]
async fn send_email() -> Result<(), ActivityError> {
    Ok(())
}
