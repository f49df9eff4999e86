//! Mistakes in users' code: `ui/<mistake>.rs`, and in `ui/<mistake>.stderr` what the compiler says.
//!
//! `TRYBUILD=overwrite cargo test -p tests --test ui` writes the latter anew.

#[test]
fn a_mistake_is_reported_where_it_is_made_with_its_cure() {
    trybuild::TestCases::new().compile_fail("ui/*.rs");
}
