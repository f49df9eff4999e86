//! What clients and workers measure.

use steadfast::{metrics::PrometheusMeter, prelude::*};
use tests::{Environment, Failure, Outcome, RunningWorker, millis};
use tokio::sync::Notify;

#[activity(start_to_close_timeout = "10s")]
async fn bake(ctx: ActivityContext, cake: String) -> Result<(), ActivityError> {
    ctx.metrics().counter("cakes").with_label("kind", cake.clone()).add(1.0);
    if cake == "burnt" && ctx.info().attempt == 1 {
        return Err(ActivityError::new("the oven was too hot"));
    }
    Ok(())
}

#[derive(Default)]
struct Bakery;

#[workflow]
impl Bakery {
    #[run]
    async fn run(ctx: WorkflowContext<Self>, cakes: Vec<String>) -> WorkflowResult<usize> {
        if cakes.is_empty() {
            return Err(ActivityError::new("no cakes").into());
        }
        for cake in &cakes {
            let retry = RetryPolicy::default().initial_interval(millis(10));
            ctx.activity::<bake>(cake.clone()).retry_policy(retry).await?;
            ctx.metrics()
                .histogram("length")
                .buckets(vec![5.0])
                .record(cake.len() as f64);
        }
        ctx.metrics().histogram("rest").record_duration(millis(1_500));
        ctx.local_activity::<bake>("small".to_owned())
            .start_to_close_timeout(secs(5))
            .await?;
        Ok(cakes.len())
    }
}

/// The value of a metric with all of these labels, 0 if there is none.
fn value(text: &str, name: &str, labels: &[(&str, &str)]) -> f64 {
    let is_meant = |line: &&str| {
        line.strip_prefix(name).is_some_and(|rest| rest.starts_with(['{', ' ']))
            && labels
                .iter()
                .all(|(name, value)| line.contains(&format!("{name}=\"{value}\"")))
    };
    let lines = text.lines().filter(is_meant);
    lines
        .filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok())
        .sum()
}

/// What is measured of a workflow that bakes two cakes, the second in two attempts, of one that fails, and of one that is not
/// there.
async fn baked(environment: &Environment) -> Result<String, Failure> {
    let meter = PrometheusMeter::new();
    let client = environment.client().metrics(meter.clone());
    // Nothing stays in memory, so each task replays the workflow, and measures nothing again.
    let worker = steadfast::Worker::new(&client, environment.queue()).max_cached_workflows(0);
    let worker = RunningWorker::start(worker.workflow::<Bakery>().activity::<bake>());
    let bakery = async |name: &str, cakes: &[&str]| {
        client
            .execute::<Bakery>(cakes.iter().map(|cake| (*cake).to_owned()).collect())
            .id(environment.name(name))
            .task_queue(environment.queue())
            .await
    };
    assert_eq!(bakery("two", &["apple", "burnt"]).await?, 2);
    bakery("none", &[]).await.expect_err("there are no cakes");
    let missing = client.workflow::<Bakery>("missing");
    missing.describe().await.expect_err("there is none");
    worker.stop().await?;
    Ok(meter.text())
}

/// A value, and the metric's name and labels.
type Expected<'a> = (f64, &'a str, &'a [(&'a str, &'a str)]);

/// All these metrics have these values.
fn check(text: &str, expected: &[Expected<'_>]) {
    for (expected, name, labels) in expected {
        assert_eq!(value(text, name, labels), *expected, "{name} {labels:?} in\n{text}");
    }
}

const BAKERY: (&str, &str) = ("workflow_type", "Bakery");
const BAKE: (&str, &str) = ("activity_type", "bake");

#[tokio::test]
async fn clients_and_workers_measure_what_other_sdks_do_under_the_same_names() -> Outcome {
    let environment = Environment::connect().await?;
    let text = baked(&environment).await?;
    let queue = environment.queue();
    let queue = ("task_queue", queue.as_str());
    let (workflow, activity) = ([queue, BAKERY], [queue, BAKERY, BAKE]);
    let default = [queue, BAKERY, ("namespace", "default")];
    let failed = [queue, BAKE, ("failure_reason", "ActivityError")];
    check(
        &text,
        &[
            (1.0, "temporal_workflow_completed", &default),
            (1.0, "temporal_workflow_failed", &workflow),
            (2.0, "temporal_workflow_endtoend_latency_count", &workflow),
            (3.0, "temporal_activity_task_received", &activity),
            (3.0, "temporal_activity_execution_latency_count", &activity),
            (3.0, "temporal_activity_schedule_to_start_latency_count", &activity),
            (2.0, "temporal_activity_succeed_endtoend_latency_count", &activity),
            (1.0, "temporal_activity_execution_failed", &failed),
            (1.0, "temporal_local_activity_total", &activity),
            (1.0, "temporal_local_activity_execution_latency_count", &activity),
            (
                1.0,
                "temporal_worker_start",
                &[queue, ("worker_type", "WorkflowWorker")],
            ),
            (
                1.0,
                "temporal_worker_start",
                &[queue, ("worker_type", "ActivityWorker")],
            ),
        ],
    );
    let tasks = value(&text, "temporal_workflow_task_execution_latency_count", &workflow);
    assert!(tasks >= 4.0, "{text}");
    for name in [
        "temporal_workflow_task_queue_poll_succeed",
        "temporal_workflow_task_schedule_to_start_latency_count",
        "temporal_long_request",
        "temporal_worker_task_slots_available",
    ] {
        assert!(value(&text, name, &[]) > 0.0, "{name} in\n{text}");
    }
    for name in [
        "temporal_num_pollers",
        "temporal_worker_task_slots_used",
        "temporal_sticky_cache_size",
    ] {
        assert!(text.contains(&format!("# TYPE {name} gauge\n")), "{name} in\n{text}");
    }
    Ok(())
}

#[tokio::test]
async fn calls_are_measured_by_their_operation() -> Outcome {
    let environment = Environment::connect().await?;
    let text = baked(&environment).await?;
    let start = [("operation", "StartWorkflowExecution")];
    let missing = [("operation", "DescribeWorkflowExecution"), ("status_code", "NOT_FOUND")];
    check(
        &text,
        &[
            (2.0, "temporal_request", &start),
            (2.0, "temporal_request_latency_count", &start),
            (1.0, "temporal_request_failure", &missing),
        ],
    );
    Ok(())
}

#[tokio::test]
async fn what_users_measure_has_the_labels_of_where_it_is_and_is_not_repeated_on_replay() -> Outcome {
    let environment = Environment::connect().await?;
    let text = baked(&environment).await?;
    let queue = environment.queue();
    let queue = ("task_queue", queue.as_str());
    check(
        &text,
        &[
            (1.0, "cakes", &[queue, BAKERY, BAKE, ("kind", "apple")]),
            (2.0, "cakes", &[("kind", "burnt")]),
            (2.0, "length_count", &[queue, BAKERY]),
            (2.0, "length_bucket", &[BAKERY, ("le", "5")]),
            (1_500.0, "rest_sum", &[BAKERY]),
        ],
    );
    Ok(())
}

static HAS_BEGUN: Notify = Notify::const_new();

#[derive(Default)]
struct Stuck;

#[workflow]
impl Stuck {
    #[run]
    async fn run(ctx: WorkflowContext<Self>) -> WorkflowResult<()> {
        HAS_BEGUN.notify_one();
        Err(WorkflowError::fail_task(format!(
            "{} is stuck",
            ctx.info().workflow_id()
        )))
    }
}

#[tokio::test]
async fn a_workflow_task_that_fails_is_counted_with_its_reason() -> Outcome {
    let environment = Environment::connect().await?;
    let meter = PrometheusMeter::new();
    let client = environment.client().metrics(meter.clone());
    let worker = steadfast::Worker::new(&client, environment.queue()).workflow::<Stuck>();
    let worker = RunningWorker::start(worker);
    let stuck = environment.start::<Stuck>(()).await?;
    HAS_BEGUN.notified().await;
    worker.stop().await?;
    stuck.terminate("it is stuck").await?;
    let labels = [("workflow_type", "Stuck"), ("failure_reason", "WorkflowError")];
    let text = meter.text();
    assert!(
        value(&text, "temporal_workflow_task_execution_failed", &labels) >= 1.0,
        "{text}"
    );
    assert_eq!(value(&text, "temporal_workflow_completed", &[]), 0.0);
    Ok(())
}

#[tokio::test]
async fn a_label_of_the_client_is_on_all_that_it_and_its_workers_measure() -> Outcome {
    let meter = PrometheusMeter::new();
    let builder = Client::builder().metrics(meter.clone()).metric_label("region", "north");
    let environment = Environment::connect().await?.with_client(builder).await?;
    let worker = RunningWorker::start(environment.worker().workflow::<Bakery>().activity::<bake>());
    let bakery = environment.start::<Bakery>(vec!["apple".to_owned()]).await?;
    assert_eq!(bakery.result().await?, 1);
    worker.stop().await?;
    let text = meter.text();
    let measured: Vec<_> = text.lines().filter(|line| !line.starts_with('#')).collect();
    let without: Vec<_> = measured
        .iter()
        .filter(|line| !line.contains("region=\"north\""))
        .collect();
    assert!(!measured.is_empty() && without.is_empty(), "{without:?}");
    Ok(())
}
