//! The worker.

use crate::workflows::*;
use bench_harness::{Arguments, Outcome};
use temporalio_client::Client;
use temporalio_sdk::{
    Runtime, Worker, WorkerOptions,
    runtime::{
        PollerBehavior,
        worker_tuner::{FixedSizeSlotSupplier, TunerHolder},
    },
};

/// A worker as users get it (`--mode default`), or set up for much work at once (`--mode tuned`).
pub(crate) async fn run(client: Client, arguments: &Arguments) -> Outcome {
    let runtime = Runtime::from_current_tokio(Default::default())?;
    let mut options = WorkerOptions::new(arguments.text("tq", "bench"))
        .register_activities(Activities)
        .register_workflow::<Hello>()?
        .register_workflow::<Seq>()?
        .register_workflow::<Fanout>()?
        .register_workflow::<Signals>()?
        .register_workflow::<Updates>()?
        .register_workflow::<Timers>()?
        .register_workflow::<LocalSeq>()?
        .register_workflow::<WaitSig>()?
        .build();
    let cached = arguments.number("cache", 0)?;
    if cached > 0 {
        options.max_cached_workflows = cached;
    }
    match arguments.text("mode", "default").as_str() {
        "default" => {}
        "tuned" => {
            let (pollers, slots) = (arguments.number("pollers", 20)?, arguments.number("slots", 500)?);
            options.workflow_task_poller_behavior = Some(PollerBehavior::SimpleMaximum(pollers));
            options.activity_task_poller_behavior = Some(PollerBehavior::SimpleMaximum(pollers));
            options.tuner = TunerHolder::builder()
                .workflow_task_slot_supplier(FixedSizeSlotSupplier::new(slots))
                .activity_task_slot_supplier(FixedSizeSlotSupplier::new(slots))
                .local_activity_task_slot_supplier(FixedSizeSlotSupplier::new(slots))
                .nexus_task_slot_supplier(FixedSizeSlotSupplier::new(slots))
                .build()
                .into();
        }
        other => return Err(format!("--mode {other}: it is \"default\" or \"tuned\"").into()),
    }
    let mut worker = Worker::new(&runtime, client, options)?;
    let stop = worker.shutdown_handle();
    tokio::spawn(async move {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            terminate.recv().await;
            stop();
        }
    });
    println!("READY {}", std::process::id());
    Ok(worker.run().await?)
}
