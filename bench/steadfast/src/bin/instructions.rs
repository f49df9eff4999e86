//! Does a part so many times: `instructions PART TIMES`; says what parts there are: `instructions`. A profiler counts,
//! see `bench/instructions`.

use bench_harness::{Arguments, Outcome};
use bench_steadfast::parts::{CAPACITY, PARTS};

fn main() -> Outcome {
    let arguments = Arguments::read()?;
    let name = arguments.word(0);
    let Some(part) = PARTS.iter().find(|part| part.name == name) else {
        for part in PARTS {
            println!("{} {}", part.name, part.times);
        }
        return if name.is_empty() {
            Ok(())
        } else {
            Err(format!("there is no part \"{name}\"").into())
        };
    };
    let times: usize = arguments.word(1).parse()?;
    if times > CAPACITY {
        return Err(format!("{times} times are too many, {CAPACITY} may be done").into());
    }
    let mut work = (part.prepare)()?;
    for _ in 0..times {
        work()?;
    }
    Ok(())
}
