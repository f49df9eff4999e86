//! Our side of `interop/run.py`: `interop worker ADDRESS QUEUE` serves the workflow `Conversation` and Nexus operations until it is ended,
//! `interop client ADDRESS QUEUE` drives the one that a worker of another SDK serves there, `interop trace ADDRESS QUEUE` starts
//! the workflow `Traced` there within a trace. With `sealed` at the end, workers and clients compress and encrypt everything.

mod greetings;
mod sealed;

use greetings::{Caller, Composition, Handler};
use opentelemetry::{
    Context,
    trace::{FutureExt, SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState},
};
use sealed::{Copies, copy, sealed};
use std::{error::Error, future::IntoFuture, process::ExitCode, time::Duration};
use steadfast::{
    client::{ClientBuilder, ResultError},
    opentelemetry::Tracing,
    prelude::*,
};

type Failure = Box<dyn Error + Send + Sync>;

/// What a conversation ends with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    name: String,
    lines: Vec<String>,
}

/// The type of the failure of a conversation, and what it carries.
#[derive(Debug, Serialize, Deserialize, ApplicationError)]
#[error("no such name", type = "BadName")]
pub struct BadName(String);

#[derive(Debug, Serialize, Deserialize, ApplicationError)]
#[error("not awake yet")]
struct Asleep;

#[activity]
async fn greet(ctx: ActivityContext, name: String, times: usize) -> Result<String, Asleep> {
    if ctx.info().attempt == 1 {
        return Err(Asleep);
    }
    Ok(format!("{}, {name}!", vec!["Hello"; times].join(" ")))
}

/// Lines are said until it is closed.
pub struct Conversation {
    name: String,
    lines: Vec<String>,
    closed: bool,
}

#[workflow]
impl Conversation {
    #[init]
    fn new(name: String) -> Self {
        Self {
            name,
            lines: Vec::new(),
            closed: false,
        }
    }

    #[run]
    async fn run(ctx: WorkflowContext<Self>, name: String) -> WorkflowResult<Summary> {
        let greeting = ctx
            .activity::<greet>((name, 2))
            .start_to_close_timeout(secs(10))
            .await?;
        ctx.state_mut(|s| s.lines.insert(0, greeting));
        ctx.wait_condition(|s| s.closed).await?;
        ctx.sleep(Duration::from_millis(50)).await?;
        let (name, lines) = ctx.state(|s| (s.name.clone(), s.lines.clone()));
        if !name.chars().all(char::is_alphabetic) {
            return Err(BadName(name).into());
        }
        Ok(Summary { name, lines })
    }

    #[signal]
    fn say(&mut self, line: String, times: usize) {
        self.lines.extend(vec![line; times]);
    }

    #[signal]
    fn close(&mut self) {
        self.closed = true;
    }

    #[query]
    fn lines_said(&self) -> Vec<String> {
        self.lines.clone()
    }

    #[update]
    async fn rename(ctx: WorkflowContext<Self>, name: String) -> Result<String, UpdateError> {
        ctx.sleep(Duration::from_millis(10)).await?;
        Ok(ctx.state_mut(|s| std::mem::replace(&mut s.name, name)))
    }

    #[validator(rename)]
    fn check_rename(&self, name: &str) -> Result<(), Rejection> {
        if name.is_empty() {
            Err("a name is needed".into())
        } else {
            Ok(())
        }
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let outcome = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["worker", address, queue] => serve(Client::builder().address(address), queue).await,
        ["worker", address, queue, "sealed"] => serve(sealed(address), queue).await,
        ["client", address, queue] => drive(Client::builder().address(address), queue).await,
        ["client", address, queue, "sealed"] => drive(sealed(address), queue).await,
        ["trace", address, queue] => trace(address, queue).await,
        _ => Err("usage: interop worker|client|trace ADDRESS QUEUE [sealed]".into()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("interop: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn serve(client: ClientBuilder, queue: &str) -> Result<(), Failure> {
    let client = client.plugin(Tracing::new()).connect().await?;
    Worker::new(&client, queue)
        .workflow::<Conversation>()
        .workflow::<Copies>()
        .workflow::<Traced>()
        .workflow::<Caller>()
        .workflow::<Composition>()
        .activity::<greet>()
        .activity::<trace_id>()
        .nexus_service(Handler::default())
        .run()
        .await?;
    Ok(())
}

/// Without a provider spans are those that they are within: the trace goes on all the same.
#[activity(start_to_close_timeout = "10s")]
async fn trace_id() -> Result<String, ActivityError> {
    Ok(Context::current().span().span_context().trace_id().to_string())
}

/// The trace that its activity finds itself in.
#[derive(Default)]
pub struct Traced;

#[workflow]
impl Traced {
    #[run]
    async fn run(ctx: WorkflowContext<Self>) -> WorkflowResult<String> {
        Ok(ctx.activity::<trace_id>(()).await?)
    }
}

async fn trace(address: &str, queue: &str) -> Result<(), Failure> {
    let client = Client::builder()
        .address(address)
        .plugin(Tracing::new())
        .connect()
        .await?;
    let (trace, span) = (
        TraceId::from_hex("4bf92f3577b34da6a3ce929d0e0e4736")?,
        SpanId::from_hex("00f067aa0ba902b7")?,
    );
    let here = SpanContext::new(trace, span, TraceFlags::SAMPLED, true, TraceState::default());
    let traced = client.execute::<Traced>(()).task_queue(queue).into_future();
    let found = traced
        .with_context(Context::new().with_remote_span_context(here))
        .await?;
    expect("trace", &found, &trace.to_string())
}

async fn drive(client: ClientBuilder, queue: &str) -> Result<(), Failure> {
    let client = client.connect().await?;
    copy(&client, queue).await?;
    let talk = client.start::<Conversation>("Ada".to_owned()).task_queue(queue).await?;
    talk.say("hm".to_owned(), 2).await?;
    expect("update", &talk.rename("Grace".to_owned()).await?, &"Ada".to_owned())?;
    match talk.rename(String::new()).await {
        Ok(_) => return Err("the validator let an empty name pass".into()),
        Err(error) => expect(
            "rejected update",
            &error.to_string().contains("a name is needed"),
            &true,
        )?,
    }
    talk.close().await?;
    let summary = talk.result().await?;
    expect("result", &summary.name, &"Grace".to_owned())?;
    expect("query of a closed run", &talk.lines_said().await?, &summary.lines)?;

    let talk = client
        .start::<Conversation>("R2D2".to_owned())
        .task_queue(queue)
        .await?;
    talk.close().await?;
    match talk.result().await {
        Ok(summary) => return Err(format!("should have failed, gave {summary:?}").into()),
        Err(error) => expect("failure", &error.to_string().contains("no such name"), &true)?,
    }

    let talk = client.start::<Conversation>("Ada".to_owned()).task_queue(queue).await?;
    talk.lines_said().await?;
    talk.cancel().await?;
    match talk.result().await {
        Ok(summary) => Err(format!("should have been cancelled, gave {summary:?}").into()),
        Err(error) => expect("cancel", &matches!(error, ResultError::Cancelled(_)), &true),
    }
}

fn expect<T: PartialEq + std::fmt::Debug>(what: &str, got: &T, wanted: &T) -> Result<(), Failure> {
    if got != wanted {
        return Err(format!("{what}: expected {wanted:?}, got {got:?}").into());
    }
    println!("  {what}: {got:?}");
    Ok(())
}
