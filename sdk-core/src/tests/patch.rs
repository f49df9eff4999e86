use super::*;
use crate::testing::activity;

#[derive(Debug, Clone, Copy, PartialEq)]
enum Calls {
    None,
    Patched,
    Deprecated,
}

fn patching(calls: Calls) -> Scripts {
    alone(move |host| async move {
        let new = match calls {
            Calls::None => false,
            Calls::Patched => host.patched("p"),
            Calls::Deprecated => {
                host.deprecate_patch("p");
                true
            }
        };
        activity(&host, if new { "new" } else { "old" }).await;
        Ok(None)
    })
}

/// A run that took the old or the new way, with the marker it left behind.
fn recorded(marker: Option<bool>, activity: &str) -> HistoryBuilder {
    let history = after_first_task();
    let history = match marker {
        Some(deprecated) => history.patch_marker("p", deprecated).change_versions(&["p"]),
        None => history,
    };
    history
        .activity_scheduled("1", activity)
        .activity_completed("1", 1)
        .open_task()
}

#[test]
fn a_first_call_is_true_and_leaves_a_marker_and_a_search_attribute() {
    assert_eq!(
        next_commands(&patching(Calls::Patched), first_task()),
        r#"marker core_patch {"id":"p","deprecated":false}, upsert TemporalChangeVersion=["p"], activity 1 new"#
    );
    assert_eq!(
        next_commands(&patching(Calls::Deprecated), first_task()),
        r#"marker core_patch {"id":"p","deprecated":true}, upsert TemporalChangeVersion=["p"], activity 1 new"#
    );
    assert_eq!(next_commands(&patching(Calls::None), first_task()), "activity 1 old");
}

/// What history has, what the code calls, and whether they go together. `old` and `new` name the way the run took.
#[test]
fn the_truth_table_of_recorded_markers_and_calls_holds() {
    let table = [
        (Some(false), "new", Calls::Patched, true),
        (Some(true), "new", Calls::Patched, true),
        (None, "old", Calls::Patched, true),
        (Some(false), "new", Calls::Deprecated, true),
        (Some(true), "new", Calls::Deprecated, true),
        (None, "new", Calls::Deprecated, true),
        (Some(false), "old", Calls::None, false),
        (Some(true), "old", Calls::None, true),
        (None, "old", Calls::None, true),
        // Taking another way than the run did never goes.
        (None, "new", Calls::Patched, false),
        (Some(false), "old", Calls::Patched, false),
    ];
    for (index, (marker, way, calls, replays)) in table.into_iter().enumerate() {
        let outcome = replay(recorded(marker, way).history(), "default", &patching(calls));
        assert_eq!(outcome.is_ok(), replays, "row {index}: {:?}", outcome.err());
    }
}

#[test]
fn a_missing_call_is_told_with_what_to_do() {
    let error = replay_error(&patching(Calls::None), recorded(Some(false), "new"));
    assert!(
        error.contains("history has a marker of patch 'p', the code doesn't call it here"),
        "{error}"
    );
    assert!(error.contains("deprecate_patch(\"p\")"), "{error}");
}

#[test]
fn an_answer_never_changes_within_a_run() {
    let scripts = alone(|host| async move {
        activity(&host, "a").await;
        let first = host.patched("p");
        activity(&host, "b").await;
        Ok(Some(json_text(&format!("{first} {}", host.patched("p")))))
    });
    // Replayed without a marker: false. Live later: still false, and nothing is recorded.
    let history = after_first_task()
        .activity_scheduled("1", "a")
        .activity_completed("1", 1)
        .task()
        .activity_scheduled("2", "b")
        .activity_completed("2", 1)
        .open_task();
    assert_eq!(next_commands(&scripts, history), "complete \"false false\"");
}

#[test]
fn only_the_first_call_leaves_a_marker_and_the_attribute_lists_all() {
    let scripts = alone(|host| async move {
        let all = [host.patched("b"), host.patched("a"), host.patched("b")];
        Ok(Some(json_text(&format!("{all:?}"))))
    });
    assert_eq!(
        next_commands(&scripts, first_task()),
        concat!(
            r#"marker core_patch {"id":"b","deprecated":false}, upsert TemporalChangeVersion=["b"], "#,
            r#"marker core_patch {"id":"a","deprecated":false}, upsert TemporalChangeVersion=["a","b"], "#,
            r#"complete "[true, true, true]""#
        )
    );
}

#[test]
fn histories_from_before_the_search_attribute_replay_without_it() {
    let history = HistoryBuilder::new("script")
        .flags(&[1])
        .task()
        .patch_marker("p", false)
        .activity_scheduled("1", "new")
        .activity_completed("1", 1)
        .open_task();
    assert_eq!(next_commands(&patching(Calls::Patched), history), "complete");
}

#[test]
fn the_attribute_is_left_alone_when_the_server_would_refuse_its_size() {
    let scripts = alone(|host| async move {
        let new = host.patched(&"x".repeat(3000));
        Ok(Some(json_text(&new.to_string())))
    });
    let commands = next_commands(&scripts, first_task());
    assert!(!commands.contains("upsert"), "{commands}");
    assert!(commands.ends_with("complete \"true\""), "{commands}");
}

#[test]
fn a_flag_of_a_newer_sdk_is_not_guessed_at() {
    for number in [5, 63, 64, 99] {
        let history = HistoryBuilder::new("script").flags(&[1, 2, 3, number]);
        let error = replay_error(&alone(|_| async { Ok(None) }), history.task().completed());
        assert_eq!(
            error,
            format!("the history uses flag {number}, which a newer version of the SDK introduced")
        );
    }
}

/// What history has beside the way the run took.
#[derive(Debug, Clone, Copy)]
enum Has {
    /// The task is new.
    Nothing,
    /// The task is replayed and left no marker.
    NoMarker,
    Marker,
    DeprecatedMarker,
}

/// What comes next, or that it is a mismatch.
fn met(has: Has, calls: Calls) -> String {
    let new = |marker| recorded(Some(marker), if calls == Calls::None { "old" } else { "new" });
    let history = match has {
        Has::Nothing => first_task(),
        // Where a patch is deprecated there is no old way.
        Has::NoMarker => recorded(None, if calls == Calls::Deprecated { "new" } else { "old" }),
        Has::Marker => new(false),
        Has::DeprecatedMarker => new(true),
    };
    match replay(history.history(), "default", &patching(calls)) {
        Ok(replayed) => show(&replayed),
        Err(_) => "mismatch".to_owned(),
    }
}

#[test]
fn all_twelve_pairs_of_history_and_call_do_what_they_must() {
    use {Calls as C, Has as H};
    let marked =
        r#"marker core_patch {"id":"p","deprecated":false}, upsert TemporalChangeVersion=["p"], activity 1 new"#;
    let deprecated =
        r#"marker core_patch {"id":"p","deprecated":true}, upsert TemporalChangeVersion=["p"], activity 1 new"#;
    let rows = [
        (H::Nothing, C::None, "activity 1 old"),
        (H::Marker, C::None, "mismatch"),
        (H::DeprecatedMarker, C::None, "complete"),
        (H::NoMarker, C::None, "complete"),
        (H::Nothing, C::Patched, marked),
        (H::Marker, C::Patched, "complete"),
        (H::DeprecatedMarker, C::Patched, "complete"),
        (H::NoMarker, C::Patched, "complete"),
        (H::Nothing, C::Deprecated, deprecated),
        (H::Marker, C::Deprecated, "complete"),
        (H::DeprecatedMarker, C::Deprecated, "complete"),
        (H::NoMarker, C::Deprecated, "complete"),
    ];
    for (has, calls, expected) in rows {
        assert_eq!(met(has, calls), expected, "{has:?}, {calls:?}");
    }
}
