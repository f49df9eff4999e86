//! What replaying costs per event: it must not grow with the length of the history.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;
use steadfast_core::{
    Handled, replay_bytes,
    testing::{HistoryBuilder, Script, Scripts, activity},
};
use steadfast_proto::history::History;

/// Activities one after the other, with a signal between: eight events a turn.
fn history(events: usize) -> History {
    let mut history = HistoryBuilder::new("script");
    for id in 1..=events / 8 {
        let id = id.to_string();
        history = history
            .task()
            .activity_scheduled(&id, "charge")
            .activity_completed(&id, 1)
            .signaled("note")
            .signaled("note");
    }
    history.open_task().history()
}

fn scripts() -> Scripts {
    Script::<u64>::new(|host, _| async move {
        loop {
            activity(&host, "charge").await;
        }
    })
    .signal("note", |_, state, _| {
        state.with(|count| *count += 1);
        Handled::Done(Ok(()))
    })
    .alone()
}

fn replaying(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("replay");
    group.sample_size(20);
    for events in [1_000, 10_000, 50_000] {
        let history = history(events);
        group.throughput(Throughput::Elements(history.events.len() as u64));
        let bytes = prost::Message::encode_to_vec(&history);
        group.bench_with_input(BenchmarkId::from_parameter(events), &bytes, |bencher, bytes| {
            let scripts = scripts();
            bencher.iter(|| black_box(replay_bytes(bytes, "default", &scripts).map(|replayed| replayed.turns)));
        });
    }
    group.finish();
}

criterion_group!(benches, replaying);
criterion_main!(benches);
