use steadfast::prelude::*;

#[activity]
async fn count(words: String) -> u32 {
    words.len() as u32
}

fn main() {}
