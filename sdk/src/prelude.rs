//! Everything that most programs name: `use steadfast::prelude::*;`.
