//! Mistakes in users' code: `ui/<mistake>.rs`, and in `ui/<mistake>.stderr` what the compiler says.
//!
//! `TRYBUILD=overwrite cargo test -p tests --test ui` writes the latter anew.

use std::{fs, path::Path};

/// The files that make more than one mistake, and how many they make.
const MISTAKES: [(&str, usize); 9] = [
    ("application_error_with_unknown_field", 2),
    ("application_error_with_unknown_options", 3),
    ("duration_malformed", 2),
    ("dynamic_query_changes_state", 2),
    ("messages_without_serde", 5),
    ("nexus_service_options_unknown", 2),
    ("several_mistakes_at_once", 4),
    ("workflow_options_unknown", 4),
    ("workflow_versioning_unknown", 2),
];

#[test]
fn a_mistake_is_reported_where_it_is_made_with_its_cure() {
    trybuild::TestCases::new().compile_fail("ui/*.rs");
}

#[test]
fn each_mistake_is_one_error() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("ui");
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "stderr") {
            continue;
        }
        let name = path.file_stem().unwrap().to_str().unwrap();
        let expected = MISTAKES
            .iter()
            .find(|(file, _)| *file == name)
            .map_or(1, |(_, count)| *count);
        let errors = fs::read_to_string(&path)
            .unwrap()
            .lines()
            .filter(|line| line.starts_with("error"))
            .count();
        assert_eq!(errors, expected, "errors in {name}");
    }
}
