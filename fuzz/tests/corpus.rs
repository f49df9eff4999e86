//! What the targets were ever wrong about, and what they begin with, goes through all of them.

use std::{error::Error, fs, path::Path};

#[test]
fn nothing_in_the_corpus_is_too_much_for_its_target() -> Result<(), Box<dyn Error>> {
    for (name, target) in steadfast_fuzz::TARGETS {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(name);
        let mut inputs = 0;
        for file in fs::read_dir(&folder).map_err(|error| format!("{}: {error}", folder.display()))? {
            let path = file?.path();
            // Shown if the test fails.
            println!("{}", path.display());
            target(&fs::read(&path)?);
            inputs += 1;
        }
        assert!(inputs > 0, "nothing in {}", folder.display());
    }
    Ok(())
}
