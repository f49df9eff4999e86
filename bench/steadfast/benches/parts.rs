//! The time that the parts take whose instructions are counted.

use bench_steadfast::parts::{CAPACITY, PARTS};
use criterion::{Criterion, criterion_group, criterion_main};
use std::time::{Duration, Instant};

fn parts(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("parts");
    group.sample_size(20);
    for part in PARTS {
        group.bench_function(part.name, |bencher| {
            bencher.iter_custom(|times| {
                let mut taken = Duration::ZERO;
                let mut left = usize::try_from(times).unwrap_or(usize::MAX);
                while left > 0 {
                    let mut work = (part.prepare)().expect("it is prepared");
                    let now = left.min(CAPACITY);
                    let begin = Instant::now();
                    for _ in 0..now {
                        work().expect("it is done");
                    }
                    taken += begin.elapsed();
                    left -= now;
                }
                taken
            });
        });
    }
    group.finish();
}

criterion_group!(benches, parts);
criterion_main!(benches);
