use super::*;
use crate::testing::activity;

#[test]
fn the_length_of_the_history_is_the_id_of_the_last_event_that_code_knows() {
    let scripts = alone(|host| async move {
        let mut seen = vec![(host.history_length(), host.history_size_bytes())];
        activity(&host, "a").await;
        seen.push((host.history_length(), host.history_size_bytes()));
        Ok(Some(json_text(&format!("{seen:?}"))))
    });
    let history = after_first_task()
        .activity_scheduled("1", "a")
        .activity_completed("1", 1)
        .open_task();
    // As the first task saw it, and as this one does.
    assert_eq!(next_commands(&scripts, history), r#"complete "[(3, 200), (9, 800)]""#);
}
