//! One program with everything that macros generate: activities, typed errors, a workflow, client, worker, mocks.

#![allow(missing_docs)] // a program, not an interface

use steadfast::{convert::RawArgs, prelude::*, testing::TestEnv, workflow::Untyped};

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Order {
    pub id: String,
    pub total_cents: u64,
}

impl Order {
    fn sample() -> Self {
        Self {
            id: "17".into(),
            total_cents: 500,
        }
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Receipt(String);

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Address(String);

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Tracking(String);

#[activity]
async fn send_email(order: Order) -> Result<(), ActivityError> {
    let _: u64 = order.id.parse()?;
    Ok(())
}

#[activity(name = "render-pdf", start_to_close_timeout = "30s")]
fn render(order: &Order, copies: u32) -> std::io::Result<Vec<u8>> {
    Ok(vec![u8::try_from(copies).unwrap_or(u8::MAX); order.id.len()])
}

pub trait Gateway: Send + Sync + 'static {
    fn pay(&self, cents: u64) -> impl Future<Output = Result<String, PaymentError>> + Send;
}

pub struct Bank;

impl Gateway for Bank {
    async fn pay(&self, cents: u64) -> Result<String, PaymentError> {
        match cents {
            0 => Err(PaymentError::InvalidCard),
            1 => Err(PaymentError::Declined {
                reason: "too little".into(),
            }),
            cents => Ok(format!("paid {cents}")),
        }
    }
}

pub struct Payments<G> {
    gateway: G,
}

#[activities]
impl<G: Gateway> Payments<G> {
    /// Charges the card.
    #[activity]
    async fn charge(&self, ctx: ActivityContext, order: Order) -> Result<Receipt, PaymentError> {
        let key = ctx.info().idempotency_key();
        assert!(!key.is_empty());
        self.gateway.pay(order.total_cents).await.map(Receipt)
    }

    #[activity]
    async fn refund(&self, receipt: Receipt) -> Result<(), ActivityError> {
        if receipt.0.is_empty() {
            Err(PaymentError::Busy)?
        } else {
            Ok(())
        }
    }

    #[activity(name = "payments-audit", start_to_close_timeout = "5s")]
    fn audit(&self, who: &str, cents: u64) -> Result<String, String> {
        if who.is_empty() {
            Err("nobody audits".into())
        } else {
            Ok(format!("{who}:{cents}"))
        }
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ApplicationError)]
pub enum PaymentError {
    #[error("card malformed", non_retryable)]
    InvalidCard,
    #[error("gateway busy", next_retry_delay = "3s")]
    Busy,
    #[error("declined: {reason}", non_retryable)]
    Declined { reason: String },
    #[error("{1:?} after {0} attempts", non_retryable)]
    GaveUp(u32, Option<String>),
}

pub struct Approval {
    order: Order,
    decision: Option<bool>,
    notes: Vec<String>,
    unknown: Vec<String>,
}

#[workflow]
impl Approval {
    #[init]
    fn new(order: Order) -> Self {
        Self {
            order,
            decision: None,
            notes: vec![],
            unknown: vec![],
        }
    }

    #[run]
    async fn run(ctx: WorkflowContext<Self>, order: Order) -> WorkflowResult<String> {
        ctx.activity::<send_email>(order.clone())
            .start_to_close_timeout(secs(30))
            .await?;
        let pdf = ctx.activity::<render>((order.clone(), 2)).await?;
        let Some(approved) = ctx.wait_some(|s| s.decision).timeout(hours(72)).await? else {
            return Ok("timed_out".into());
        };
        let payments = ctx.activities::<Payments<Bank>>().start_to_close_timeout(secs(10));
        let mut undo = Vec::new();
        if approved {
            let total_cents = ctx.state(|s| s.order.total_cents);
            match payments
                .charge(Order {
                    total_cents,
                    ..order.clone()
                })
                .heartbeat_timeout(secs(2))
                .await
            {
                Ok(receipt) => undo.push(payments.refund(receipt)),
                Err(e) => match e.application() {
                    Some(PaymentError::InvalidCard) => return Ok("card refused".into()),
                    Some(PaymentError::Declined { reason }) => return Ok(format!("declined: {reason}")),
                    Some(PaymentError::Busy | PaymentError::GaveUp(..)) | None => return Err(e.into()),
                },
            }
        }
        while let Some(note) = ctx.state_mut(|s| s.notes.pop()) {
            ctx.activity::<send_email>(Order {
                id: note,
                ..order.clone()
            })
            .start_to_close_timeout(secs(30))
            .await?;
        }
        if ctx.state(|s| s.order.total_cents) > 1_000_000 {
            for call in undo.into_iter().rev() {
                call.await?;
            }
            return ctx.continue_as_new(Order::sample());
        }
        let audit = payments.audit("me".into(), 7).await?;
        Ok(format!("done, {} bytes, {audit}", pdf.len()))
    }

    #[signal]
    fn decide(&mut self, approved: bool) {
        self.decision = Some(approved);
    }

    #[signal(name = "cancel")]
    async fn on_cancel(ctx: WorkflowContext<Self>, reason: &str) -> WorkflowResult<()> {
        ctx.sleep(secs(1)).await?;
        ctx.state_mut(|s| s.unknown.push(format!("cancel: {reason}")));
        Ok(())
    }

    #[signal]
    fn note(&mut self, text: &str, times: u32) {
        self.notes.extend((0..times).map(|_| text.to_owned()));
    }

    #[signal(dynamic)]
    fn any(&mut self, name: &str, args: RawArgs) {
        let first: String = args.get(0).unwrap_or_default();
        self.unknown.push(format!("{name}: {first}"));
    }

    #[query]
    fn status(&self) -> Option<bool> {
        self.decision
    }

    #[query]
    fn unknown(&self, at: usize) -> Result<String, PaymentError> {
        self.unknown.get(at).cloned().ok_or(PaymentError::GaveUp(0, None))
    }

    #[update]
    fn amend(&mut self, ctx: &HandlerContext, total_cents: u64) -> Result<u64, UpdateError> {
        assert!(!ctx.info().run_id().is_empty());
        Ok(std::mem::replace(&mut self.order.total_cents, total_cents))
    }

    #[validator(amend)]
    fn check_amend(&self, total_cents: &u64) -> Result<(), Rejection> {
        if *total_cents == 0 {
            Err("must be positive".into())
        } else {
            Ok(())
        }
    }

    #[update]
    async fn ship(ctx: WorkflowContext<Self>, to: Address) -> Result<Tracking, UpdateError> {
        ctx.sleep(secs(1)).await?;
        Ok(Tracking(to.0))
    }
}

pub trait Codec: Send + Sync + 'static {
    type Value: Serialize + serde::de::DeserializeOwned + Send + Sync + Clone + 'static;
    const NAME: &'static str;
}

pub struct Bytes;

impl Codec for Bytes {
    type Value = u8;
    const NAME: &'static str = "FoldBytes";
}

pub struct Fold<T: Codec> {
    last: T::Value,
    is_done: bool,
}

#[workflow(name = T::NAME)]
impl<T: Codec> Fold<T> {
    #[init]
    fn new(start: T::Value) -> Self {
        Self {
            last: start,
            is_done: false,
        }
    }

    #[run]
    async fn run(ctx: WorkflowContext<Self>) -> WorkflowResult<T::Value> {
        ctx.wait_condition(|s| s.is_done).await?;
        Ok(ctx.state(|s| s.last.clone()))
    }

    #[signal]
    fn push(&mut self, value: T::Value) {
        self.last = value;
    }

    #[update]
    fn finish(&mut self) -> T::Value {
        self.is_done = true;
        self.last.clone()
    }
}

/// What others see of a greeter.
#[workflow(name = "Greeter")]
pub trait GreeterApi {
    #[run]
    async fn run(ctx: WorkflowContext<Self>, greeting: String) -> WorkflowResult<String>;

    #[signal]
    fn name(&mut self, name: String);

    #[query]
    fn names(&self) -> usize;
}

#[derive(Default)]
struct Greeter {
    names: Vec<String>,
}

#[workflow]
impl GreeterApi for Greeter {
    async fn run(ctx: WorkflowContext<Self>, greeting: String) -> WorkflowResult<String> {
        let name = ctx.wait_some(|s| s.names.first().cloned()).await?;
        let phrases = ctx.activities::<dyn Phrases>().start_to_close_timeout(secs(5));
        Ok(phrases.join(greeting, name).await?)
    }

    fn name(&mut self, name: String) {
        self.names.push(name);
    }

    fn names(&self) -> usize {
        self.names.len()
    }
}

#[activities]
pub trait Phrases {
    async fn join(&self, greeting: String, name: String) -> Result<String, ActivityError>;
}

struct English;

#[activities]
impl Phrases for English {
    async fn join(&self, greeting: String, name: String) -> Result<String, ActivityError> {
        Ok(format!("{greeting}, {name}!"))
    }
}

fn start_worker(env: &TestEnv) {
    env.worker("orders")
        .workflow::<Approval>()
        .activity::<send_email>()
        .activity::<render>()
        .activities(Payments { gateway: Bank })
        .start();
}

#[steadfast::test]
async fn messages_are_methods_of_the_handle(env: TestEnv) {
    start_worker(&env);
    let approval = env
        .client()
        .start::<Approval>(Order::sample())
        .id("order-1")
        .task_queue("orders")
        .await?;
    approval.note("18".into(), 2).await?;
    assert_eq!(approval.amend(600).await?, 500);
    assert!(
        approval
            .amend(0)
            .await
            .is_err_and(|error| error.to_string().contains("must be positive"))
    );
    assert_eq!(approval.ship(Address("Bern".into())).await?, Tracking("Bern".into()));
    assert_eq!(approval.status().await?, None);
    approval.decide(true).await?;
    assert_eq!(approval.result().await?, "done, 2 bytes, me:7");
}

#[steadfast::test]
async fn signals_may_have_any_name_on_the_wire(env: TestEnv) {
    start_worker(&env);
    let approval = env
        .client()
        .start::<Approval>(Order::sample())
        .id("order-1")
        .task_queue("orders")
        .await?;
    approval.on_cancel("changed my mind".into()).await?;
    assert_eq!(approval.ship(Address("Bern".into())).await?, Tracking("Bern".into()));
    assert_eq!(approval.unknown(0).await?, "cancel: changed my mind");
    env.client()
        .workflow::<Untyped>("order-1")
        .signal_untyped("hello", ("world".to_owned(),))
        .await?;
    assert_eq!(approval.unknown(1).await?, "hello: world");
    let refused = approval.unknown(2).await;
    assert!(refused.is_err_and(|error| error.to_string().contains("None after 0 attempts")));
}

#[steadfast::test]
async fn typed_errors_keep_their_variant_and_fields(env: TestEnv) {
    start_worker(&env);
    let approval = env
        .client()
        .start::<Approval>(Order::sample())
        .task_queue("orders")
        .await?;
    approval.amend(1).await?;
    approval.decide(true).await?;
    assert_eq!(approval.result().await?, "declined: too little");
}

#[steadfast::test]
async fn an_unanswered_approval_times_out(env: TestEnv) {
    env.worker("orders")
        .workflow::<Approval>()
        .mock::<send_email>(|_| Ok(()))
        .mock::<render>(|(_order, _copies)| Ok(vec![]))
        .start();
    let approval = env
        .client()
        .start::<Approval>(Order::sample())
        .task_queue("orders")
        .await?;
    assert_eq!(approval.result().await?, "timed_out");
}

#[steadfast::test]
async fn activities_of_a_type_are_mocked_together(env: TestEnv) -> Result<(), Box<dyn std::error::Error>> {
    env.worker("orders")
        .workflow::<Approval>()
        .mock::<send_email>(|_| Ok(()))
        .mock::<render>(|_| Ok(vec![]))
        .mock_activities::<Payments<Bank>>(|m| {
            m.charge(|_| Err(PaymentError::InvalidCard))
                .refund(|_| Ok(()))
                .audit(|who, _cents| Ok(who))
        })
        .start();
    let approval = env
        .client()
        .start::<Approval>(Order::sample())
        .task_queue("orders")
        .await?;
    approval.decide(true).await?;
    assert_eq!(approval.result().await?, "card refused");
    Ok(())
}

#[steadfast::test]
async fn a_generic_workflow_has_a_name_for_each_type(env: TestEnv) {
    env.worker("folds").workflow::<Fold<Bytes>>().start();
    let fold = env
        .client()
        .start::<Fold<Bytes>>(3)
        .id("fold")
        .task_queue("folds")
        .await?;
    fold.push(5).await?;
    assert_eq!(fold.finish().await?, 5);
    assert_eq!(fold.result().await?, 5);
}

#[steadfast::test]
async fn an_interface_is_enough_for_clients_and_workflows(env: TestEnv) {
    env.worker("greetings")
        .workflow::<Greeter>()
        .activities(English)
        .start();
    let greeter = env
        .client()
        .start::<dyn GreeterApi>("Hello".into())
        .task_queue("greetings")
        .await?;
    assert_eq!(greeter.names().await?, 0);
    greeter.name("Ada".into()).await?;
    assert_eq!(greeter.result().await?, "Hello, Ada!");
}

#[steadfast::test]
async fn a_test_may_end_early() {
    if send_email(Order::sample()).await.is_ok() {
        return;
    }
    panic!("a plain call of an activity works");
}

#[steadfast::test]
#[should_panic(expected = "still waiting")]
async fn a_test_fails_by_an_error(_env: TestEnv) {
    #[derive(Debug)]
    struct StillWaiting;
    impl std::fmt::Display for StillWaiting {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("still waiting")
        }
    }
    impl std::error::Error for StillWaiting {}
    Err(StillWaiting)?
}

#[tokio::test]
async fn handlers_and_activities_stay_callable() {
    let mut approval = Approval::new(Order::sample());
    approval.decide(true);
    assert_eq!(approval.status(), Some(true));
    assert!(approval.check_amend(&0).is_err());
    let payments = Payments { gateway: Bank };
    assert_eq!(payments.audit("me", 7).as_deref(), Ok("me:7"));
    assert!(payments.refund(Receipt("r".into())).await.is_ok());
}

#[test]
fn an_application_error_displays_its_fields() {
    assert_eq!(
        PaymentError::Declined { reason: "no".into() }.to_string(),
        "declined: no"
    );
    assert_eq!(
        PaymentError::GaveUp(3, Some("x".into())).to_string(),
        "Some(\"x\") after 3 attempts"
    );
}

#[steadfast::test]
async fn what_awaits_an_interface_can_move_between_threads(env: TestEnv) {
    fn is_send<F: Future + Send>(future: F) -> F {
        future
    }
    env.worker("greetings")
        .workflow::<Greeter>()
        .activities(English)
        .start();
    let client = env.client().clone();
    let greeting = is_send(async move {
        let greeter = client
            .start::<dyn GreeterApi>("Hello".into())
            .task_queue("greetings")
            .await?;
        greeter.name("Ada".into()).await?;
        Ok::<_, steadfast::testing::TestError>(greeter.result().await?)
    });
    assert_eq!(greeting.await?, "Hello, Ada!");
}
