use super::*;
use crate::{Exit, Host, testing::fields};
use std::collections::BTreeMap;
use steadfast_proto::{
    command::ContinueAsNewWorkflowExecutionCommandAttributes,
    common::{Memo, Payload, SearchAttributes},
};

fn set(host: &Host, values: &[(&str, &str)]) {
    host.upsert_search_attributes(SearchAttributes {
        indexed_fields: fields(values),
    });
}

fn note(host: &Host, values: &[(&str, &str)]) {
    host.upsert_memo(Memo { fields: fields(values) });
}

/// `name` without a value.
fn nothing(name: &str) -> BTreeMap<String, Payload> {
    BTreeMap::from([(name.to_owned(), Payload::encoded("binary/null", Vec::new()))])
}

fn text(value: Option<Payload>) -> String {
    value.map_or_else(
        || "-".to_owned(),
        |value| String::from_utf8_lossy(&value.data).into_owned(),
    )
}

/// Changes both twice, and tells what it sees.
fn changing() -> Scripts {
    alone(|host| async move {
        set(&host, &[("state", "busy"), ("owner", "ada")]);
        note(&host, &[("note", "first")]);
        crate::testing::activity(&host, "a").await;
        set(&host, &[("state", "done")]);
        host.upsert_memo(Memo {
            fields: nothing("note"),
        });
        let seen = [
            host.search_attribute("state"),
            host.search_attribute("owner"),
            host.memo("note"),
        ];
        Ok(Some(json_text(&seen.map(text).join(" "))))
    })
}

#[test]
fn search_attributes_and_memo_are_sent_in_their_order() {
    assert_eq!(
        next_commands(&changing(), first_task()),
        r#"upsert owner="ada" state="busy", memo note="first", activity 1 a"#
    );
}

#[test]
fn recorded_changes_replay_and_code_sees_them() {
    let history = after_first_task()
        .search_attributes_upserted(&[("state", "busy"), ("owner", "ada")])
        .memo_upserted(&[("note", "first")])
        .activity_scheduled("1", "a")
        .activity_completed("1", 1)
        .open_task();
    assert_eq!(
        next_commands(&changing(), history),
        r#"upsert state="done", memo note=, complete "\"done\" \"ada\" -""#
    );
}

#[test]
fn code_sees_what_the_run_was_started_with_until_it_changes_it() {
    let scripts = alone(|host| async move {
        let before = text(host.search_attribute("state")) + &text(host.memo("note"));
        set(&host, &[("state", "new")]);
        host.upsert_search_attributes(SearchAttributes {
            indexed_fields: nothing("owner"),
        });
        let after = text(host.search_attribute("state")) + &text(host.search_attribute("owner"));
        Ok(Some(json_text(&format!("{before} {after}"))))
    });
    let history = HistoryBuilder::new("script")
        .started_with(&[("state", "old"), ("owner", "ada")], &[("note", "n")])
        .open_task();
    assert_eq!(
        next_commands(&scripts, history),
        r#"upsert state="new", upsert owner=, complete "\"old\"\"n\" \"new\"-""#
    );
}

#[test]
fn the_attribute_of_patches_comes_beside_those_of_code_and_code_does_not_see_it() {
    let scripts = alone(|host| async move {
        let is_new = host.patched("p");
        set(&host, &[("state", "busy")]);
        let own = text(host.search_attribute("TemporalChangeVersion"));
        Ok(Some(json_text(&format!("{is_new} {own}"))))
    });
    assert_eq!(
        next_commands(&scripts, first_task()),
        concat!(
            r#"marker core_patch {"id":"p","deprecated":false}, upsert TemporalChangeVersion=["p"], "#,
            r#"upsert state="busy", complete "true -""#
        )
    );
    let recorded = after_first_task()
        .patched("p")
        .search_attributes_upserted(&[("state", "busy")])
        .completed();
    assert_eq!(next_commands(&scripts, recorded), "");
    // From before patches had an attribute.
    let recorded = HistoryBuilder::new("script")
        .flags(&[1])
        .task()
        .patch_marker("p", false)
        .search_attributes_upserted(&[("state", "busy")])
        .completed();
    assert_eq!(next_commands(&scripts, recorded), "");
}

#[test]
fn code_that_no_longer_calls_a_deprecated_patch_still_finds_its_own_attributes() {
    let scripts = alone(|host| async move {
        set(&host, &[("state", "busy")]);
        Ok(None)
    });
    let recorded = after_first_task()
        .patch_marker("p", true)
        .change_versions(&["p"])
        .search_attributes_upserted(&[("state", "busy")])
        .completed();
    assert_eq!(next_commands(&scripts, recorded), "");
}

#[test]
fn a_change_that_the_code_no_longer_makes_is_a_mismatch() {
    let scripts = alone(|_| async { Ok(None) });
    for (recorded, name) in [
        (
            after_first_task().search_attributes_upserted(&[("state", "busy")]),
            "UpsertWorkflowSearchAttributes",
        ),
        (
            after_first_task().memo_upserted(&[("note", "first")]),
            "WorkflowPropertiesModified",
        ),
    ] {
        let error = replay_error(&scripts, recorded.open_task());
        assert!(
            error.contains(&format!("history has {name}, the code completes the workflow")),
            "{error}"
        );
    }
}

#[test]
fn the_attribute_of_patches_is_not_for_code_to_change() {
    let scripts = alone(|host| async move {
        set(&host, &[("TemporalChangeVersion", "mine")]);
        Ok(None)
    });
    let error = replay_error(&scripts, first_task());
    assert!(error.contains("kept by `patched` alone"), "{error}");
    assert!(error.contains("upsert.rs"), "it names the line: {error}");
}

#[test]
fn changing_nothing_sends_nothing() {
    let scripts = alone(|host| async move {
        set(&host, &[]);
        note(&host, &[]);
        Ok(None)
    });
    assert_eq!(next_commands(&scripts, first_task()), "complete");
}

#[test]
fn queries_cannot_change_them() {
    let scripts = Script::<()>::new(|host, _| async move {
        crate::testing::activity(&host, "a").await;
        Ok(None)
    })
    .query("set", |host, _| {
        set(&host, &[("state", "busy")]);
        Ok(None)
    })
    .query("note", |host, _| {
        note(&host, &[("note", "busy")]);
        Ok(None)
    })
    .alone();
    let mut replayed = replay(first_task().history(), "default", &scripts).expect("it replays");
    for (query, what) in [
        ("set", "search attributes were changed"),
        ("note", "the memo was changed"),
    ] {
        let failure = replayed.query(query, None).expect_err("it changes something");
        assert!(failure.message.contains(what), "{failure}");
    }
}

/// What the next run gets.
fn handed_on(code: impl Fn(&Host) + Send + Sync + 'static, history: HistoryBuilder) -> String {
    let scripts = Script::<()>::new(move |host, _| {
        code(&host);
        async move {
            Err(Exit::ContinueAsNew(Box::<
                ContinueAsNewWorkflowExecutionCommandAttributes,
            >::default()))
        }
    })
    .alone();
    let replayed = replay(history.history(), "default", &scripts).expect("it replays");
    let last = replayed.commands.last().and_then(|command| command.attributes.clone());
    let Some(Attributes::ContinueAsNewWorkflowExecutionCommandAttributes(next)) = last else {
        panic!("it does not continue: {last:?}")
    };
    let shown = |fields: Option<BTreeMap<String, Payload>>| {
        let fields = fields.unwrap_or_default();
        let fields: Vec<String> = fields
            .into_iter()
            .map(|(name, value)| format!("{name}={}", text(Some(value))))
            .collect();
        fields.join(" ")
    };
    let attributes = next.search_attributes.map(|attributes| attributes.indexed_fields);
    format!("{} | {}", shown(attributes), shown(next.memo.map(|memo| memo.fields)))
}

#[test]
fn the_next_run_inherits_what_there_is_now() {
    let started = || {
        HistoryBuilder::new("script")
            .started_with(&[("owner", "ada"), ("state", "old")], &[("note", "n")])
            .open_task()
    };
    assert_eq!(
        handed_on(|_| (), started()),
        r#"owner="ada" state="old" | note="n""#,
        "as it was started"
    );
    let change = |host: &Host| {
        let _ = host.patched("p");
        set(host, &[("state", "new")]);
        note(host, &[("more", "m")]);
        host.upsert_memo(Memo {
            fields: nothing("note"),
        });
    };
    assert_eq!(
        handed_on(change, started()),
        r#"owner="ada" state="new" | more="m""#,
        "as code changed it, without the attribute of patches"
    );
    assert_eq!(handed_on(|_| (), first_task()), " | ", "nothing at all");
}
