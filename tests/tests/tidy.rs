//! What the compiler does not check: which crate may depend on which, and what the pure crates must not call.

use std::{
    collections::BTreeSet,
    error::Error,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

type Failure = Box<dyn Error>;

/// A crate's folder, and the crates of the workspace that it may name (`?`: only as an optional dependency).
const ARROWS: &[(&str, &[&str])] = &[
    ("proto", &[]),
    ("sdk-core", &["steadfast-proto"]),
    ("sdk-macros", &[]),
    ("server", &["steadfast-proto"]),
    (
        "sdk",
        &[
            "steadfast-core",
            "steadfast-macros",
            "steadfast-proto",
            "?steadfast-server",
        ],
    ),
];

/// Folders whose code is pure: the same input gives the same output, and no input makes it panic.
const PURE: &[&str] = &["sdk-core/src", "server/src/engine"];

/// (what is banned there, what takes its place).
const BANNED: &[(&str, &str)] = &[
    ("SystemTime::now", "the time that came with the input"),
    ("Instant::now", "the time that came with the input"),
    ("thread::", "inputs and outputs: the driver owns the threads"),
    ("spawn(", "inputs and outputs: the driver owns the tasks"),
    (".await", "inputs and outputs: the driver waits"),
    ("tokio::", "inputs and outputs: the driver does the I/O"),
    ("std::fs", "inputs and outputs: the driver does the I/O"),
    ("std::net", "inputs and outputs: the driver does the I/O"),
    ("std::env", "an option, given from outside"),
    (
        "rand::",
        "the run's own random numbers, or an id source given from outside",
    ),
    ("println!", "an output"),
    (".unwrap()", "a typed error"),
    (".expect(", "a typed error"),
    ("panic!(", "a typed error"),
    ("todo!(", "a typed error that says what is not built yet"),
    ("unimplemented!(", "a typed error that says what is not built yet"),
    ("unreachable!(", "a typed error, or a type without the case"),
];

/// (what is banned in tests, what takes its place).
const BANNED_IN_TESTS: &[(&str, &str)] = &[
    ("#[ignore", "a test that runs"),
    (
        "time::sleep(",
        "waiting for what the test is about: a query, a gate, a result",
    ),
];

#[test]
fn dependencies_point_one_way() -> Result<(), Failure> {
    let mut wrong = Vec::new();
    for (folder, allowed) in ARROWS {
        for line in dependencies(&root().join(folder).join("Cargo.toml"))? {
            let name = line.split(['=', '.', ' ']).next().unwrap_or_default();
            let optional = line.contains("optional = true");
            let fits = allowed.iter().any(|allowed| match allowed.strip_prefix('?') {
                Some(allowed) => allowed == name && optional,
                None => *allowed == name,
            });
            if !fits {
                wrong.push(format!("{folder} must not depend on {name}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    Ok(())
}

/// What a first program compiles: the crates of `steadfast`, which has all that one needs but the program itself.
#[test]
fn a_first_program_has_few_dependencies() -> Result<(), Failure> {
    for (features, most) in [("", 89), ("tls", 104)] {
        let tree = Command::new(env!("CARGO"))
            .args([
                "tree",
                "--offline",
                "--locked",
                "--package",
                "steadfast",
                "--edges",
                "normal",
            ])
            .args(["--prefix", "none", "--format", "{p}", "--features", features])
            .current_dir(root())
            .output()?;
        assert!(tree.status.success(), "{}", String::from_utf8_lossy(&tree.stderr));
        let tree = String::from_utf8(tree.stdout)?;
        let crates: BTreeSet<_> = tree.lines().map(|line| line.trim_end_matches(" (*)")).collect();
        assert!(crates.len() > 20, "that is no tree: {tree}");
        assert!(
            crates.len() <= most,
            "with the features `{features}` there are {} crates, and {most} is the limit:\n{tree}",
            crates.len()
        );
    }
    Ok(())
}

#[test]
fn pure_code_calls_nothing_from_outside() -> Result<(), Failure> {
    let mut wrong = Vec::new();
    for folder in PURE {
        for file in rust_files(&root().join(folder))? {
            let text = fs::read_to_string(&file)?;
            if is_test(&file) || is_below(&file, "testing") {
                continue;
            }
            find(&text, BANNED, &file, &mut wrong);
            for name in ["HashMap", "HashSet"] {
                // Their order differs from run to run; one that is only looked up in says so.
                if code(&text).any(|(_, line)| line.contains(name)) && !text.contains("never iterated") {
                    wrong.push(format!(
                        "{}: `{name}`, take a BTreeMap (or say why it is never iterated)",
                        file.display()
                    ));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    Ok(())
}

#[test]
fn tests_wait_for_what_they_are_about() -> Result<(), Failure> {
    let mut wrong = Vec::new();
    for folder in [
        "tests/tests",
        "proto/tests",
        "sdk/src",
        "sdk-core/src",
        "server/src",
        "sdk-macros/src",
    ] {
        for file in rust_files(&root().join(folder))? {
            let text = fs::read_to_string(&file)?;
            let whole = folder.ends_with("tests") || is_test(&file);
            let tests = if whole {
                text.as_str()
            } else {
                text.split_once("#[cfg(test)]").map_or("", |(_, tests)| tests)
            };
            if !file.ends_with("tidy.rs") {
                find(tests, BANNED_IN_TESTS, &file, &mut wrong);
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    Ok(())
}

/// `docs/protocol/README.md` says of every fact in which tests it is seen: those tests exist.
#[test]
fn every_protocol_fact_names_tests_that_exist() -> Result<(), Failure> {
    const FACTS: usize = 112;
    let table = fs::read_to_string(root().join("docs/protocol/README.md"))?;
    let mut wrong = missing_tests(&table);
    for number in 1..=FACTS {
        let row = format!("| {number} | ");
        if !table.lines().any(|line| line.starts_with(&row)) {
            wrong.push(format!("fact {number} is missing"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    Ok(())
}

/// `docs/features.md` says of every feature whether it works, and of those that do in which test it is seen.
#[test]
fn every_feature_has_a_row_and_those_that_work_a_test() -> Result<(), Failure> {
    const FEATURES: [(&str, usize); 2] = [("A", 115), ("B", 111)];
    let table = fs::read_to_string(root().join("docs/features.md"))?;
    let mut wrong = missing_tests(&table);
    for (section, features) in FEATURES {
        for number in 1..=features {
            let row = format!("| {section}{number} | ");
            let Some(row) = table.lines().find(|line| line.starts_with(&row)) else {
                wrong.push(format!("{section}{number} is missing"));
                continue;
            };
            let cells: Vec<_> = row.split('|').map(str::trim).collect();
            let (state, seen_by) = (cells.get(3).copied(), cells.get(4).copied().unwrap_or_default());
            match state {
                Some("works" | "in part") if seen_by.is_empty() => wrong.push(format!("no test: {row}")),
                Some("works" | "in part" | "not yet") => {}
                _ => wrong.push(format!("works, in part, or not yet? {row}")),
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    Ok(())
}

/// What documents link to in this repository is there.
#[test]
fn links_in_documents_lead_somewhere() -> Result<(), Failure> {
    let mut wrong = Vec::new();
    let mut documents = vec![root().join("README.md"), root().join("examples/README.md")];
    documents.extend(files(&root().join("docs"), "md")?);
    for document in documents {
        let text = fs::read_to_string(&document)?;
        let folder = document.parent().unwrap_or(&document);
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let path = link.split('#').next().unwrap_or_default();
            if !path.is_empty() && !path.contains(':') && !folder.join(path).exists() {
                wrong.push(format!("{}: there is no {link}", document.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    Ok(())
}

/// The tests that a document names as `FILE::TEST` and that do not exist.
fn missing_tests(document: &str) -> Vec<String> {
    let named = document
        .split('`')
        .skip(1)
        .step_by(2)
        .filter(|code| code.contains(".rs::"));
    let exists = |named: &&str| {
        let (file, test) = named.split_once("::").unwrap_or_default();
        fs::read_to_string(root().join(file)).is_ok_and(|text| text.contains(&format!("fn {test}(")))
    };
    let missing = named.filter(|named| !exists(named));
    missing.map(|named| format!("there is no test {named}")).collect()
}

fn find(text: &str, banned: &[(&str, &str)], file: &Path, wrong: &mut Vec<String>) {
    for (number, line) in code(text) {
        for (call, instead) in banned {
            if occurs(line, call) {
                wrong.push(format!("{}:{number}: `{call}`, take {instead}", file.display()));
            }
        }
    }
}

/// Whether the call stands there, not only a longer word that begins with it.
fn occurs(line: &str, call: &str) -> bool {
    let word_goes_on = |after: &str| after.starts_with(|c: char| c.is_alphanumeric() || c == '_');
    let whole = !call.ends_with(char::is_alphabetic);
    line.match_indices(call)
        .any(|(at, _)| whole || !word_goes_on(line.get(at + call.len()..).unwrap_or_default()))
}

/// The numbered lines of a file's code, up to its tests, without comments.
fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines()
        .enumerate()
        .map(|(at, line)| (at + 1, line.trim()))
        .take_while(|(_, line)| *line != "#[cfg(test)]")
        .filter(|(_, line)| !line.starts_with("//"))
}

fn is_test(file: &Path) -> bool {
    file.ends_with("tests.rs") || is_below(file, "tests")
}

fn is_below(file: &Path, folder: &str) -> bool {
    file.components().any(|part| part.as_os_str() == folder)
}

/// The lines of `[dependencies]` that name a crate of ours.
fn dependencies(manifest: &Path) -> Result<Vec<String>, Failure> {
    let text = fs::read_to_string(manifest)?;
    let section = text
        .split("\n[")
        .find_map(|section| section.strip_prefix("dependencies]"))
        .unwrap_or_default();
    Ok(section
        .lines()
        .filter(|line| line.starts_with("steadfast"))
        .map(str::to_owned)
        .collect())
}

fn rust_files(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    files(folder, "rs")
}

fn files(folder: &Path, extension: &str) -> Result<Vec<PathBuf>, Failure> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(files(&path, extension)?);
        } else if path.extension().is_some_and(|its| its == extension) {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

fn root() -> PathBuf {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    tests.parent().unwrap_or(tests).to_owned()
}
