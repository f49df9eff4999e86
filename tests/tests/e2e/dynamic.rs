//! Workflows and activities of any name, and arguments as they came.

use steadfast::{
    convert::{Arguments, RawArgs, RawValue},
    prelude::*,
    worker::WorkerError,
    workflow::Untyped,
};
use tests::{Environment, Outcome, RunningWorker};

/// Calls the activity that its first argument names, with all its arguments.
#[derive(Default)]
struct Interpreter;

#[workflow(dynamic)]
impl Interpreter {
    #[run]
    async fn run(ctx: WorkflowContext<Self>, args: RawArgs) -> WorkflowResult<RawValue> {
        let activity: String = args.get(0)?;
        let call = ctx.activity_untyped(activity.as_str(), args);
        let result: RawValue = call.start_to_close_timeout(secs(10)).await?;
        if activity == "once more" {
            let next = ("last",).to_payloads(ctx.converter())?;
            return ctx.continue_as_new(RawArgs::new(Some(next), ctx.converter().clone()));
        }
        Ok(result)
    }

    #[query]
    fn name(&self, ctx: &HandlerContext) -> String {
        ctx.info().workflow_type().to_owned()
    }
}

/// Says how it was called.
#[activity(dynamic)]
async fn echo(ctx: ActivityContext, args: RawArgs) -> Result<String, ActivityError> {
    Ok(format!("{} of {}", ctx.info().activity_type, args.len()))
}

#[activity]
async fn named(itself: String, number: u32) -> Result<String, ActivityError> {
    Ok(format!("{itself} {number}"))
}

#[tokio::test]
async fn dynamic_workflows_and_activities_run_what_no_other_is_named_after() -> Outcome {
    let environment = Environment::connect().await?;
    let worker = environment.worker().workflow::<Interpreter>();
    let _worker = RunningWorker::start(worker.activity::<echo>().activity::<named>());
    let start = |name: &'static str, activity: &'static str| {
        let call = environment.client().start_untyped(name, (activity, 7));
        call.id(environment.name(name)).task_queue(environment.queue())
    };
    let order = start("Order", "charge").await?;
    assert_eq!(text(&order.result().await?), "\"charge of 2\"");
    let name: String = order.query_untyped("name", ()).await?;
    assert_eq!(name, "Order");
    environment.check_history("dynamic", &order).await?;

    let refund = start("Refund", "named").await?;
    assert_eq!(text(&refund.result().await?), "\"named 7\"");
    Ok(())
}

#[tokio::test]
async fn a_dynamic_workflow_goes_on_under_the_name_it_was_started_by() -> Outcome {
    let environment = Environment::connect().await?;
    let _worker = RunningWorker::start(environment.worker().workflow::<Interpreter>().activity::<echo>());
    let order = environment.client().start_untyped("Order", ("once more",));
    let order = order
        .id(environment.name("again"))
        .task_queue(environment.queue())
        .await?;
    assert_eq!(text(&order.result().await?), "\"last of 1\"");
    let last = environment.client().workflow::<Untyped>(order.id());
    assert_eq!(last.query_untyped::<_, String>("name", ()).await?, "Order");
    Ok(())
}

fn text(value: &RawValue) -> &str {
    std::str::from_utf8(&value.0.data).unwrap()
}

/// A dynamic activity may be a method, beside others with names.
struct Shop(&'static str);

#[activities]
impl Shop {
    #[activity(dynamic)]
    fn any(&self, ctx: ActivityContext, args: &RawArgs) -> Result<String, ActivityError> {
        Ok(format!(
            "{} has no {} of {:?}",
            self.0,
            ctx.info().activity_type,
            args.get::<u32>(0)?
        ))
    }

    #[activity(start_to_close_timeout = "10s")]
    async fn open(&self) -> Result<String, ActivityError> {
        Ok(format!("{} is open", self.0))
    }
}

/// Takes its arguments, and those of its messages, as they come.
struct Tray {
    sizes: Vec<usize>,
}

#[workflow]
impl Tray {
    #[init]
    fn new(args: RawArgs) -> Self {
        Self {
            sizes: vec![args.len()],
        }
    }

    #[run]
    async fn run(ctx: WorkflowContext<Self>) -> WorkflowResult<(Vec<usize>, String, String)> {
        ctx.wait_condition(|s| s.sizes.len() > 2).await?;
        let open = ctx.activities::<Shop>().open().await?;
        let size = ctx.activity_untyped("size", (39,)).start_to_close_timeout(secs(10));
        Ok((ctx.state(|s| s.sizes.clone()), open, size.await?))
    }

    #[signal]
    fn put(&mut self, args: RawArgs) {
        self.sizes.push(args.len());
    }

    #[update]
    async fn add(ctx: WorkflowContext<Self>, args: &RawArgs) -> Result<u32, UpdateError> {
        ctx.sleep(std::time::Duration::from_millis(1)).await?;
        let sum = (0..args.len())
            .map(|index| args.get::<u32>(index))
            .sum::<Result<_, _>>()?;
        ctx.state_mut(|s| s.sizes.push(args.len()));
        Ok(sum)
    }
}

#[tokio::test]
async fn all_arguments_of_anything_may_be_taken_as_they_came() -> Outcome {
    let environment = Environment::connect().await?;
    let _worker = RunningWorker::start(environment.worker().workflow::<Tray>().activities(Shop("Ada's")));
    let tray = environment.client().start_untyped("Tray", (1, "two", 3));
    let tray = tray
        .id(environment.name("tray"))
        .task_queue(environment.queue())
        .await?;
    tray.signal_untyped("put", (true, ())).await?;
    assert_eq!(tray.update_untyped::<_, u32>("add", (2, 3, 4)).await?, 9);
    let typed = environment.client().workflow::<Tray>(tray.id());
    let (sizes, open, size) = typed.result().await?;
    assert_eq!(sizes, [3, 2, 3]);
    assert_eq!(open, "Ada's is open");
    assert_eq!(size, "Ada's has no size of 39");
    let none = RawArgs::new(None, environment.client().converter().clone());
    assert!(
        typed.put(none).await.is_err(),
        "it has ended; what is sent has the same types"
    );
    Ok(())
}

#[tokio::test]
async fn a_worker_has_one_dynamic_activity() -> Outcome {
    let environment = Environment::connect().await?;
    let worker = environment.worker().activity::<echo>().activities(Shop("Ada's"));
    let refused = worker.run().await;
    let Err(WorkerError::Registration(mistakes)) = &refused else {
        panic!("two are refused, got {refused:?}")
    };
    assert_eq!(
        mistakes,
        &["two activity definitions are dynamic: a worker has one such activity"]
    );
    Ok(())
}
