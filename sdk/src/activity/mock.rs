//! Activities that a test makes up.

use super::Activity;
use crate::worker::{RawActivity, raw_activity};

/// Made-up activities by name.
#[doc(hidden)]
pub type MockSet = Vec<(&'static str, RawActivity)>;

/// A made-up activity: a closure on the input.
#[doc(hidden)]
pub fn mock_activity<A: Activity>(
    activity: impl Fn(A::Input) -> Result<A::Output, A::Error> + Send + Sync + 'static,
) -> RawActivity {
    raw_activity::<A>(move |context, input| {
        let result = activity(input).map_err(|error| A::failure(error, context.converter()));
        Box::pin(std::future::ready(result))
    })
}
