//! How enums are called by people.

/// The name of an enum's value as tools write it: without the enum's own name, each word with a capital.
#[must_use]
pub fn capitals(name: &str, prefix: &str) -> String {
    let capital = |word: &str| {
        let mut letters = word.chars();
        letters
            .next()
            .into_iter()
            .chain(letters.map(|letter| letter.to_ascii_lowercase()))
            .collect::<String>()
    };
    name.trim_start_matches(prefix).split('_').map(capital).collect()
}
