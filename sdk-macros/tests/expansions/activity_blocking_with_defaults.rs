#[activity(name = "render-pdf", start_to_close_timeout = "30s", heartbeat_timeout = "500ms")]
pub(crate) fn render(ctx: ActivityContext, title: &str, copies: u32) -> std::io::Result<Vec<u8>> {
    pdf::render(title, copies)
}
