//! The lints of the chapter on determinism find what they are for.

use std::{fmt::Write, fs, path::Path, process::Command};
use tests::Outcome;

/// What workflow code must not do, and how it is told.
const MISTAKES: [(&str, &str); 10] = [
    ("let _ = std::time::SystemTime::now();", "use `ctx.now()`"),
    ("let _ = std::time::Instant::now();", "use `ctx.now()`"),
    ("std::thread::sleep(std::time::Duration::ZERO);", "use `ctx.sleep(..)`"),
    ("let _ = std::thread::spawn(|| ());", "use `join!`"),
    ("let _ = std::env::var(\"HOME\");", "pass it in as input"),
    ("let _ = std::fs::read(\"file\");", "read files in an activity"),
    ("let _ = std::fs::write(\"file\", []);", "write files in an activity"),
    ("let _ = std::collections::HashMap::<u8, u8>::new();", "use `BTreeMap`"),
    ("let _ = std::sync::Mutex::new(0);", "use `steadfast::workflow::Mutex`"),
    ("println!();", "it prints again on every replay"),
];

#[test]
fn what_is_not_deterministic_is_found_by_the_lints_of_the_chapter() -> Outcome {
    let chapter = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/determinism.md");
    let chapter = fs::read_to_string(chapter)?;
    let settings = chapter
        .split("```toml")
        .nth(1)
        .and_then(|rest| rest.split("```").next());

    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("determinism");
    fs::create_dir_all(folder.join("src"))?;
    fs::write(folder.join("clippy.toml"), settings.ok_or("the chapter has the lints")?)?;
    let manifest = "[package]\nname = \"workflows\"\nversion = \"0.0.0\"\nedition = \"2024\"\n[workspace]\n";
    fs::write(folder.join("Cargo.toml"), manifest)?;
    let mut code = String::new();
    for (index, (mistake, _)) in MISTAKES.iter().enumerate() {
        writeln!(code, "pub fn mistake_{index}() {{ {mistake} }}")?;
    }
    fs::write(folder.join("src/lib.rs"), code)?;

    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let clippy = Command::new(cargo)
        .args(["clippy", "--offline", "--quiet", "--message-format", "short"])
        .current_dir(&folder)
        .env("CARGO_TARGET_DIR", folder.join("target"))
        .env_remove("RUSTFLAGS")
        .output()?;
    let told = String::from_utf8_lossy(&clippy.stderr);
    for (index, (mistake, cure)) in MISTAKES.iter().enumerate() {
        let line = format!("src/lib.rs:{}:", index + 1);
        let found = told
            .lines()
            .any(|told| told.starts_with(&line) && told.contains("disallowed"));
        assert!(found, "`{mistake}` is not found:\n{told}");
        assert!(chapter.contains(cure), "the chapter says: {cure}");
    }
    Ok(())
}
