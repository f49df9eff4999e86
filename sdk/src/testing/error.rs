//! What makes a test fail, other than a panic.

use std::fmt;

/// What a test returns that uses `?`.
pub type TestResult = Result<(), TestError>;

/// Anything that can be printed, by `?`: the test fails with its text.
pub struct TestError(String);

// It is not printable itself in this sense, or the conversion would collide with that of a type into itself.
impl<E: fmt::Display> From<E> for TestError {
    #[track_caller]
    fn from(error: E) -> Self {
        Self(format!("{error:#}, at {}", std::panic::Location::caller()))
    }
}

impl fmt::Debug for TestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_error_is_told_with_the_line_it_came_from() {
        fn parse() -> TestResult {
            let _: u32 = "seven".parse()?;
            Ok(())
        }
        let text = format!("{:?}", parse().unwrap_err());
        assert!(text.starts_with("invalid digit found in string, at "), "{text}");
        assert!(text.contains("testing/error.rs:"), "{text}");
    }
}
