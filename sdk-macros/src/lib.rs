//! Macros of Steadfast, durable workflows for Rust. Use them through the `steadfast` crate, which re-exports them.
//!
//! What they have in common:
//! - The annotated item stays what it is: functions and methods can be called and tested as they are written, our inner
//!   attributes (`#[run]`, `#[signal]`, ..) are taken off. They mean nothing outside of `#[workflow]`, where rustc says that
//!   it cannot find them.
//! - Generated code lives in a `const _: () = { .. };` and names only `::steadfast::__private` and `::core`. Where the crate has
//!   another name, every macro takes `crate = path`.
//! - All mistakes are reported at once, each on the token that makes it, and the item is emitted nevertheless.
//! - Every parameter is a payload of its own. `&str`, `&[T]` and `&T` are decoded as `String`, `Vec<T>` and `T`, and lent.

mod activity;
mod error;
mod errors;
#[cfg(test)]
mod expansions;
mod interface;
mod nexus;
mod options;
mod path;
mod payload;
mod signature;
mod test;
mod workflow;

use proc_macro::TokenStream;

/// Makes a function an activity.
///
/// ```
/// # use steadfast::prelude::*;
/// # #[derive(Serialize, Deserialize)] struct Order { id: u64 }
/// #[activity]
/// async fn send_email(order: Order) -> Result<(), ActivityError> {
///     if order.id == 0 { Err(ActivityError::new("no such order").non_retryable()) } else { Ok(()) }
/// }
///
/// #[activity(name = "render-pdf", start_to_close_timeout = "30s")]
/// fn render(ctx: ActivityContext, order: &Order, copies: u32) -> std::io::Result<Vec<u8>> {
///     ctx.heartbeat(&copies).map_err(std::io::Error::other)?;
///     std::fs::read(format!("{}.pdf", order.id))
/// }
/// # fn both(worker: Worker) -> Worker { worker.activity::<send_email>().activity::<render>() }
/// ```
///
/// An `async fn` runs on the worker's runtime, a plain `fn` on the pool for what blocks. The context comes first, if at all.
/// It returns a `Result`; its error may be an `ActivityError`, an `ApplicationError`, any `Error`, or anything that can be
/// displayed.
///
/// Beside the function there is now a hidden type of the same name, so that `ctx.activity::<send_email>(order)` works wherever
/// the function has been imported by name. The input of such a call is the parameter itself, or a tuple of several.
///
/// Options:
/// - `name = ".."`: the activity type, if not the function's name. A constant will do.
/// - `start_to_close_timeout`, `schedule_to_close_timeout`, `heartbeat_timeout`: defaults, such as `"500ms"`, `"30s"`, `"5m"`, `"72h"`,
///   `"2d"`. With one of the first two, a call needs no time-out of its own.
/// - `type = SendEmail`: the name of the type beside the function. Needed where the function's name is taken as a type or a module,
///   as in `mod send_email; pub use send_email::send_email;` (E0255, E0428); then write `ctx.activity::<SendEmail>(order)`.
/// - `dynamic`: it is run for the types that no other activity of its worker is named after, with all arguments as they came:
///   `async fn any(ctx: ActivityContext, args: RawArgs)`. What it was called by is `ctx.info().activity_type`.
/// - `crate = path`: where `steadfast` is found.
///
/// In an impl block it is an inner attribute of [`macro@activities`], with the options `name`, `dynamic` and the time-outs.
#[proc_macro_attribute]
pub fn activity(options: TokenStream, item: TokenStream) -> TokenStream {
    activity::function(options.into(), &item.into()).into()
}

/// Makes methods activities: those with `#[activity]` in this impl block, one block for each type.
///
/// ```
/// # use steadfast::prelude::*;
/// # trait Gateway: Send + Sync + 'static { fn pay(&self, key: &str, cents: u64) -> Result<String, std::io::Error>; }
/// # struct Payments<G> { gateway: G }
/// #[activities]
/// impl<G: Gateway> Payments<G> {
///     #[activity]
///     async fn charge(&self, ctx: ActivityContext, cents: u64) -> Result<String, ActivityError> {
///         Ok(self.gateway.pay(ctx.info().activity_id.as_str(), cents)?)
///     }
///
///     #[activity(start_to_close_timeout = "5s")]
///     fn audit(&self, who: &str, cents: u64) -> Result<(), ActivityError> {
///         self.gateway.pay(who, cents)?;
///         Ok(())
///     }
/// }
/// # fn both<G: Gateway>(worker: Worker, gateway: G) -> Worker { worker.activities(Payments { gateway }) }
/// ```
///
/// A workflow calls them through `ctx.activities::<Payments<Stripe>>()`, which has a method for each, with plain parameters; a
/// worker gets the value by `.activities(Payments { .. })`; a test makes them up with `.mock_activities::<Payments<Stripe>>(|m| ..)`.
///
/// On a trait it describes activities that others implement: `ctx.activities::<dyn Parcels>()`. The trait gets the supertraits
/// `Send + Sync + 'static`, its `async fn`s futures that are `Send`. `#[activities] impl Parcels for Dhl` makes the value of a `Dhl`
/// one that a worker can run.
#[proc_macro_attribute]
pub fn activities(options: TokenStream, item: TokenStream) -> TokenStream {
    activity::set(options.into(), &item.into()).into()
}

/// Makes a type a workflow: its state, with the functions in this impl block.
///
/// ```
/// # use steadfast::{convert::RawArgs, prelude::*};
/// # #[activity(start_to_close_timeout = "30s")]
/// # async fn send_parcel(to: String) -> Result<String, ActivityError> { Ok(format!("to {to}")) }
/// struct Approval { total_cents: u64, decision: Option<bool>, others: Vec<String> }
///
/// #[workflow]
/// impl Approval {
///     #[init] // or `#[derive(Default)]`
///     fn new(total_cents: u64) -> Self { Self { total_cents, decision: None, others: vec![] } }
///
///     #[run]
///     async fn run(ctx: WorkflowContext<Self>, _total_cents: u64) -> WorkflowResult<bool> {
///         Ok(ctx.wait_some(|s| s.decision).await?)
///     }
///
///     #[signal]
///     fn decide(&mut self, approved: bool) { self.decision = Some(approved); }
///
///     #[query]
///     fn status(&self) -> Option<bool> { self.decision }
///
///     #[update]
///     fn amend(&mut self, total_cents: u64) -> Result<u64, UpdateError> {
///         Ok(std::mem::replace(&mut self.total_cents, total_cents))
///     }
///
///     #[validator(amend)]
///     fn check_amend(&self, total_cents: &u64) -> Result<(), Rejection> {
///         if *total_cents == 0 { Err("nothing to pay".into()) } else { Ok(()) }
///     }
///
///     #[update]
///     async fn ship(ctx: WorkflowContext<Self>, to: String) -> Result<String, UpdateError> {
///         Ok(ctx.activity::<send_parcel>(to).await?)
///     }
///
///     #[signal(dynamic)]
///     fn any(&mut self, name: &str, _args: RawArgs) { self.others.push(name.to_owned()); }
/// }
/// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
/// # let env = TestEnv::new();
/// # env.worker("orders").workflow::<Approval>().activity::<send_parcel>().start();
/// # let approval = env.client().start::<Approval>(500).task_queue("orders").await?;
/// # assert_eq!(approval.amend(700).await?, 500);
/// # assert!(approval.amend(0).await.is_err());
/// # assert_eq!(approval.ship("Ada".into()).await?, "to Ada");
/// # assert_eq!(approval.status().await?, None);
/// # approval.decide(true).await?;
/// # assert!(approval.result().await?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// - `#[run]`, once: the main routine. An `Err` fails the workflow, a panic only the workflow task.
/// - `#[init]`: makes the state. It gets the same input as `#[run]`, or `#[run]` takes none. Without it the type needs `Default`.
/// - `#[signal]`, `#[update]`: with `&mut self`, or `async` with `ctx: WorkflowContext<Self>`. An async signal may return a `Result`,
///   whose `Err` fails the workflow.
/// - `#[query]`: with `&self`.
/// - `#[validator(amend)]`: is asked before the update `amend` is accepted; it takes the update's parameters by reference.
/// - `#[signal(dynamic)]`: gets the signals that no other handler is named after. So do `#[query(dynamic)]`, with `&self`, and
///   `#[update(dynamic)]`; both return something.
/// - `#[workflow(dynamic)]`: it is run for the types that no other workflow of its worker is named after; its input is `args: RawArgs`,
///   all arguments as they came, and `ctx.info().workflow_type()` what it was started by.
/// - `unfinished = "abandon"` on an async signal or update: the workflow may end before it, which is logged otherwise.
/// - `description = ".."` on a message: what tools show; without it, the first paragraph of its documentation.
/// - `#[workflow(versioning = "pinned")]`: on a worker of a deployment, runs stay with the version that they began on; with
///   `"auto_upgrade"` they move on to the current one.
/// - `#[workflow(mismatch = "fail_workflow")]`: code that does not fit the history closes the workflow, as failed; otherwise its task is
///   tried again. The same for `panic`. With `untyped_error = "fail_task"`, an error by `?` that is neither an `ApplicationError` nor the
///   failure of an activity, a child or the like, is a bug to be mended: it fails the task. See `steadfast::workflow::FailurePolicy`.
///
/// Queries and updates may return a `Result`: that is a type whose name ends in `Result`. Functions that are not async may take
/// `ctx: &HandlerContext`. Handlers have the option `name = ".."`: the name on the wire. The workflow type's name is that of the type,
/// or `#[workflow(name = "..")]`, or a constant as in `#[workflow(name = T::NAME)]`.
///
/// Handles have a method for each message, with plain parameters. So no handler may be called like what every handle has (`id`,
/// `run_id`, `result`, `cancel`, `terminate`, `describe`, `signal`, `query`, `update`): write `#[signal(name = "cancel")] fn on_cancel`.
///
/// On a trait, the same functions without bodies describe a workflow that others implement: `client.start::<dyn ApprovalApi>(order)`.
/// `#[workflow] impl ApprovalApi for Quick` makes `Quick` a workflow that a worker can run.
#[proc_macro_attribute]
pub fn workflow(options: TokenStream, item: TokenStream) -> TokenStream {
    workflow::workflow(options.into(), &item.into()).into()
}

/// Makes a trait a Nexus service, and an impl of it one that a worker can handle.
///
/// ```
/// # use steadfast::prelude::*;
/// # #[derive(Default)] struct Composition;
/// # #[workflow] impl Composition {
/// #     #[run] async fn run(ctx: WorkflowContext<Self>, topic: String) -> WorkflowResult<String> { Ok(topic) }
/// # }
/// #[nexus_service]
/// trait Office {
///     async fn greet(&self, name: String) -> Result<String, NexusError>;
///     async fn compose(&self, ctx: NexusContext, topic: String) -> Result<String, NexusError>;
/// }
///
/// struct Local;
///
/// #[nexus_service]
/// impl Office for Local {
///     async fn greet(&self, name: String) -> Result<String, NexusError> {
///         Ok(format!("Hello, {name}!"))
///     }
///
///     async fn compose(&self, ctx: NexusContext, topic: String) -> Result<StartedOperation<String>, NexusError> {
///         ctx.workflow::<Composition>(topic).await // the workflow's result is the operation's
///     }
/// }
/// # async fn call<S>(ctx: WorkflowContext<S>) -> WorkflowResult<String> {
/// let office = ctx.nexus::<dyn Office>("office"); // the endpoint
/// Ok(office.compose("trains".into()).await?)
/// # }
/// # fn handle(worker: Worker) -> Worker { worker.nexus_service(Local) }
/// ```
///
/// Every method of the trait is an operation. It takes `&self`, a `NexusContext` if it asks for one, and at most one input. An impl
/// may answer with `Result<T, E>`, for any `E` that becomes a `NexusError`, or with `Result<StartedOperation<T>, E>`.
///
/// - `#[operation(name = "..")]`: the operation's name on the wire, if not the method's.
/// - `#[cancel(compose)]` on a method that takes `token: &str`: cancels an operation that is no workflow; it is no operation itself.
/// - `#[nexus_service(name = "..")]`: the service's name, if not the trait's. `crate = path`: where `steadfast` is found.
///
/// On an impl block without a trait, the methods with `#[operation]` are the service, which is called by the type:
/// `ctx.nexus::<Local>("office")`.
#[proc_macro_attribute]
pub fn nexus_service(options: TokenStream, item: TokenStream) -> TokenStream {
    nexus::service(options.into(), &item.into()).into()
}

/// Makes an enum or a struct an error that keeps its variant on the way from an activity to a workflow, and on to a client.
///
/// ```
/// # use steadfast::prelude::*;
/// #[derive(Debug, Serialize, Deserialize, ApplicationError)]
/// pub enum PaymentError {
///     #[error("card malformed", non_retryable)]
///     InvalidCard,
///     #[error("gateway busy after {attempts} attempts", next_retry_delay = "3s")]
///     Busy { attempts: u32 },
///     #[error("{0} declined")]
///     Declined(String),
/// }
///
/// assert_eq!(PaymentError::Busy { attempts: 3 }.to_string(), "gateway busy after 3 attempts");
/// ```
///
/// It writes `Display`, from the texts, and `Error` as well, so it takes the place of `thiserror::Error`: with both, E0119.
///
/// Options after the text: `non_retryable`, `next_retry_delay = "3s"`, and `benign`, for what is expected in normal work and no reason
/// for an alarm. Above an enum they hold for every variant that does not say
/// otherwise; there, too, `type = ".."` names the failure's type, if not after the Rust type.
#[proc_macro_derive(ApplicationError, attributes(error))]
pub fn application_error(item: TokenStream) -> TokenStream {
    error::application_error(item.into()).into()
}

/// Makes an async function a test that is given a server, a client and workers in this process, in which time is skipped.
///
/// ```test_harness
/// # use steadfast::prelude::*;
/// # #[activity(start_to_close_timeout = "30s")]
/// # async fn send_email(to: String) -> Result<(), ActivityError> { Err(ActivityError::new(format!("{to} is unknown"))) }
/// # #[derive(Default)] struct Approval { decision: Option<bool> }
/// # #[workflow] impl Approval {
/// #     #[run] async fn run(ctx: WorkflowContext<Self>, who: String) -> WorkflowResult<String> {
/// #         ctx.activity::<send_email>(who).await?;
/// #         let decision = ctx.wait_some(|s| s.decision).timeout(hours(72)).await?;
/// #         Ok(decision.map_or_else(|| "timed out".to_owned(), |decision| decision.to_string()))
/// #     }
/// #     #[signal] fn decide(&mut self, approved: bool) { self.decision = Some(approved); }
/// # }
/// #[steadfast::test]
/// async fn an_unanswered_approval_times_out(env: TestEnv) {
///     env.worker("orders").workflow::<Approval>().mock::<send_email>(|_| Ok(())).start();
///     let approval = env.client().start::<Approval>("Ada".into()).task_queue("orders").await?;
///     assert_eq!(approval.result().await?, "timed out");
/// }
/// ```
///
/// When it has passed, the histories that its workers have made are replayed with the same code, and what does not replay fails
/// the test: that workflow is not deterministic. `env.skip_replay()` leaves it out.
///
/// A function that returns nothing may use `?` nevertheless. Attributes such as `#[should_panic]` and `#[ignore]` work as usual.
#[proc_macro_attribute]
pub fn test(options: TokenStream, item: TokenStream) -> TokenStream {
    test::test(options.into(), &item.into()).into()
}
