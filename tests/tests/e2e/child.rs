//! Child workflows.

use steadfast::{
    client::{ResultError, VersioningOverride, WorkflowStatus},
    error::WorkflowError,
    prelude::*,
    workflow::{ChildCancellation, ParentClosePolicy},
};
use steadfast_proto::{history::history_event::Attributes, workflow::versioning_override::Override};
use tests::{Environment, Outcome, RunningWorker};

#[derive(Debug, PartialEq, Serialize, Deserialize, ApplicationError)]
enum ShippingError {
    #[error("no way to {0}", non_retryable)]
    NoWay(String),
}

/// What happens to it is up to its input, and to what it is told.
#[derive(Default)]
struct Shipping {
    address: Option<String>,
}

#[workflow]
impl Shipping {
    #[run]
    async fn run(ctx: WorkflowContext<Self>, what: String) -> WorkflowResult<String> {
        match what.as_str() {
            "lost" => Err(ShippingError::NoWay("the moon".to_owned()).into()),
            "slow" => Ok(ctx.wait_some(|s| s.address.clone()).await?),
            _ => Ok(format!("{what} is there")),
        }
    }

    #[signal]
    fn redirect(&mut self, address: String) {
        self.address = Some(address);
    }
}

/// The parent: a case, and the child's id.
#[derive(Default)]
struct Order {
    /// The child runs.
    is_shipping: bool,
}

#[workflow]
impl Order {
    #[run]
    async fn run(ctx: WorkflowContext<Self>, case: String, child: String) -> WorkflowResult<String> {
        let shipping = |what: &str| ctx.child::<Shipping>(what.to_owned()).id(child.clone());
        match case.as_str() {
            "completes" => {
                let call = shipping("a book").summary("the book").memo("kind", "parcel");
                Ok(call.run_timeout(minutes(5)).task_timeout(secs(5)).await?)
            }
            "fails" => match shipping("lost").await {
                Err(failure) => match failure.application() {
                    Some(ShippingError::NoWay(place)) => {
                        Ok(format!("no way to {place}: {}", failure.workflow_id() == child))
                    }
                    None => Err(failure.into()),
                },
                Ok(_) => Ok("shipped".to_owned()),
            },
            "signals" => {
                let shipping = shipping("slow").start().await?;
                shipping.redirect("12 Baker Street".to_owned()).await?;
                let (one, other) = join!(shipping.result(), shipping.result());
                assert_eq!((shipping.id(), one?), (child.as_str(), other?));
                Ok(shipping.result().await?)
            }
            "twice" => {
                let first = shipping("slow").start().await?;
                let second = shipping("slow").start().await;
                assert!(
                    matches!(&second, Err(failure) if failure.is_already_exists()),
                    "refused"
                );
                first.signal_untyped("redirect", ("the first".to_owned(),)).await?;
                Ok(first.result().await?)
            }
            "untyped" => {
                let call = ctx.child_untyped("Shipping", ("a pen".to_owned(),)).id(child.clone());
                Ok(ctx.converter().decode(Some(&call.await?.0))?)
            }
            "abandons" => {
                let call = shipping("slow").parent_close_policy(ParentClosePolicy::Abandon);
                Ok(call.start().await?.run_id().to_owned())
            }
            "moves" => {
                let call = shipping("slow").versioning_override(VersioningOverride::AutoUpgrade);
                call.start().await?;
                Ok("moved".to_owned())
            }
            "leaves" => {
                shipping("slow").start().await?;
                Ok("left".to_owned())
            }
            "cancelled" => {
                let call = shipping("slow").start().await?;
                ctx.state_mut(|s| s.is_shipping = true);
                Ok(call.result().await?)
            }
            kind => {
                let cancellation = match kind {
                    "try" => ChildCancellation::TryCancel,
                    "abandon" => ChildCancellation::Abandon,
                    "requested" => ChildCancellation::WaitCancellationRequested,
                    _ => ChildCancellation::WaitCancellationCompleted,
                };
                let call = shipping("slow").cancellation_type(cancellation).start().await?;
                call.cancel();
                match call.result().await {
                    Err(failure) if failure.is_cancelled() => Ok(format!("cancelled: {kind}")),
                    Err(failure) => Err(failure.into()),
                    Ok(_) => Err(WorkflowError::new("it wasn't cancelled")),
                }
            }
        }
    }

    #[query]
    fn is_shipping(&self) -> bool {
        self.is_shipping
    }
}

fn worker(environment: &Environment) -> RunningWorker {
    RunningWorker::start(environment.worker().workflow::<Order>().workflow::<Shipping>())
}

/// Runs a case to its end, and compares the parent's history.
async fn order(case: &str, history: &str, expected: &str) -> Outcome {
    let environment = Environment::connect().await?;
    let _worker = worker(&environment);
    let input = (case.to_owned(), environment.name("shipping"));
    let order = environment.start::<Order>(input).await?;
    assert_eq!(order.result().await?, expected);
    environment.check_history(history, &order).await
}

#[tokio::test]
async fn a_childs_result_is_awaited() -> Outcome {
    order("completes", "child", "a book is there").await
}

#[tokio::test]
async fn a_childs_typed_error_comes_back_as_it_was() -> Outcome {
    order("fails", "child_failed", "no way to the moon: true").await
}

#[tokio::test]
async fn a_child_is_signalled_by_its_own_messages() -> Outcome {
    let environment = Environment::connect().await?;
    let _worker = worker(&environment);
    let input = ("signals".to_owned(), environment.name("shipping"));
    let order = environment.start::<Order>(input).await?;
    assert_eq!(order.result().await?, "12 Baker Street");
    Ok(())
}

#[tokio::test]
async fn a_second_child_of_the_same_id_is_refused() -> Outcome {
    let environment = Environment::connect().await?;
    let _worker = worker(&environment);
    let input = ("twice".to_owned(), environment.name("shipping"));
    let order = environment.start::<Order>(input).await?;
    assert_eq!(order.result().await?, "the first");
    Ok(())
}

#[tokio::test]
async fn a_child_is_called_by_its_name() -> Outcome {
    order("untyped", "child_untyped", "a pen is there").await
}

#[tokio::test]
async fn an_abandoned_child_outlives_its_parent() -> Outcome {
    let environment = Environment::connect().await?;
    let _worker = worker(&environment);
    let id = environment.name("shipping");
    let order = environment.start::<Order>(("abandons".to_owned(), id.clone())).await?;
    let run_id = order.result().await?;
    let shipping = environment.client().workflow::<Shipping>(id).with_run_id(run_id);
    shipping.redirect("elsewhere".to_owned()).await?;
    assert_eq!(shipping.result().await?, "elsewhere");
    environment.check_history("child_abandoned", &order).await
}

#[tokio::test]
async fn a_child_left_behind_is_terminated() -> Outcome {
    let environment = Environment::connect().await?;
    let _worker = worker(&environment);
    let id = environment.name("shipping");
    let order = environment.start::<Order>(("leaves".to_owned(), id.clone())).await?;
    assert_eq!(order.result().await?, "left");
    let result = environment.client().workflow::<Shipping>(id).result().await;
    assert!(matches!(result, Err(ResultError::Terminated(_))), "{result:?}");
    Ok(())
}

#[tokio::test]
async fn a_child_is_cancelled_with_its_parent() -> Outcome {
    let environment = Environment::connect().await?;
    let _worker = worker(&environment);
    let id = environment.name("shipping");
    let order = environment.start::<Order>(("cancelled".to_owned(), id.clone())).await?;
    let shipping = environment.client().workflow::<Shipping>(id);
    while !order.is_shipping().await? {}
    order.cancel().await?;
    let result = order.result().await;
    assert!(matches!(result, Err(ResultError::Cancelled(_))), "{result:?}");
    assert_eq!(shipping.describe().await?.status(), WorkflowStatus::Canceled);
    Ok(())
}

#[tokio::test]
async fn cancelling_a_child_is_seen_in_four_ways() -> Outcome {
    let environment = Environment::connect().await?;
    let _worker = worker(&environment);
    for kind in ["try", "abandon", "requested", "completed"] {
        let id = environment.name(&format!("shipping-{kind}"));
        let order = environment
            .start::<Order>((kind.to_owned(), id))
            .id(environment.name(kind))
            .await?;
        assert_eq!(order.result().await?, format!("cancelled: {kind}"));
    }
    Ok(())
}

#[tokio::test]
async fn parent_and_child_get_on_without_a_cache() -> Outcome {
    let environment = Environment::connect().await?;
    let worker = environment.worker().workflow::<Order>().workflow::<Shipping>();
    let _worker = RunningWorker::start(worker.max_cached_workflows(0));
    let input = ("signals".to_owned(), environment.name("shipping"));
    let order = environment.start::<Order>(input).await?;
    assert_eq!(order.result().await?, "12 Baker Street");
    Ok(())
}

#[tokio::test]
async fn a_child_is_told_which_version_is_to_run_it() -> Outcome {
    let environment = Environment::connect().await?;
    let _worker = RunningWorker::start(environment.worker().workflow::<Order>().workflow::<Shipping>());
    let id = environment.name("child");
    let order = environment.start::<Order>(("moves".to_owned(), id.clone())).await?;
    assert_eq!(order.result().await?, "moved");
    let child = environment.client().workflow::<Shipping>(id);
    let events = environment.history(&child).await?;
    let Some(Attributes::WorkflowExecutionStartedEventAttributes(started)) = &events[0].attributes else {
        panic!("the run begins otherwise: {:?}", events[0]);
    };
    let versioning = started
        .versioning_override
        .clone()
        .and_then(|versioning| versioning.r#override);
    assert_eq!(versioning, Some(Override::AutoUpgrade(true)));
    Ok(())
}
