//! An entity: a workflow that stands for one thing, here an account, as long as that exists. It is changed by messages,
//! one withdrawal at a time, looks after itself now and then, and continues as new before its history gets long.

use examples::Outcome;
use steadfast::{prelude::*, workflow::Mutex};

#[activity(start_to_close_timeout = "5s")]
async fn pay_out(cents: u64) -> Result<(), ActivityError> {
    println!("  paid out   {cents}");
    Ok(())
}

#[activity(start_to_close_timeout = "30s")]
async fn audit(cents: u64) -> Result<(), ActivityError> {
    println!("  audited    {cents}");
    Ok(())
}

#[derive(Debug, PartialEq, Serialize, Deserialize, ApplicationError)]
#[error("there are only {0} cents")]
struct Insufficient(u64);

/// What one run hands on to the next.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
struct Statement {
    cents: u64,
    runs: u32,
}

struct Account {
    statement: Statement,
    withdrawing: Mutex<()>,
    changes: u32,
    closed: bool,
}

#[workflow]
impl Account {
    #[init]
    fn new(statement: Statement) -> Self {
        Self {
            statement,
            withdrawing: Mutex::default(),
            changes: 0,
            closed: false,
        }
    }

    #[run]
    async fn run(ctx: WorkflowContext<Self>) -> WorkflowResult<Statement> {
        // So few for the example's sake; in earnest, `ctx.continue_as_new_suggested()` tells when it is time.
        let is_over = || ctx.wait_condition(|s| s.closed || s.changes >= 3).timeout(minutes(10));
        while is_over().await?.is_none() {
            let _lock = ctx.state(|s| s.withdrawing.clone()).lock(&ctx).await?;
            ctx.activity::<audit>(ctx.state(|s| s.statement.cents)).await?;
        }
        ctx.all_handlers_finished().await?;
        let mut statement = ctx.state(|s| s.statement.clone());
        statement.runs += 1;
        if ctx.state(|s| s.closed) {
            return Ok(statement);
        }
        ctx.continue_as_new(statement)
    }

    #[signal]
    fn deposit(&mut self, cents: u64) {
        self.statement.cents += cents;
        self.changes += 1;
    }

    #[update]
    async fn withdraw(ctx: WorkflowContext<Self>, cents: u64) -> Result<u64, UpdateError> {
        // Without the lock, two withdrawals could both find enough in the account.
        let _lock = ctx.state(|s| s.withdrawing.clone()).lock(&ctx).await?;
        let there = ctx.state(|s| s.statement.cents);
        let Some(left) = there.checked_sub(cents) else {
            return Err(Insufficient(there).into());
        };
        ctx.activity::<pay_out>(cents).await?;
        ctx.state_mut(|s| {
            s.statement.cents -= cents;
            s.changes += 1;
        });
        Ok(left)
    }

    #[query]
    fn balance(&self) -> u64 {
        self.statement.cents
    }

    #[signal]
    fn close(&mut self) {
        self.closed = true;
    }
}

#[tokio::main]
async fn main() -> Outcome {
    run(&examples::connect().await?).await
}

pub async fn run(client: &Client) -> Outcome {
    let worker = Worker::new(client, "entity")
        .workflow::<Account>()
        .activity::<pay_out>()
        .activity::<audit>()
        .start();
    let account = client
        .start::<Account>(Statement::default())
        .task_queue("entity")
        .await?;
    account.deposit(500).await?;
    let (one, other) = tokio::join!(account.withdraw(400), account.withdraw(300));
    assert!(one.is_ok() != other.is_ok(), "there is enough for one of them");
    for _ in 0..5 {
        account.deposit(100).await?;
    }
    println!("balance {}", account.balance().await?);
    account.close().await?;
    let statement = account.result().await?;
    println!("{statement:?}");
    assert!(statement.cents == 600 || statement.cents == 700);
    assert!(statement.runs > 1);
    Ok(worker.shutdown().await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[steadfast::test]
    async fn an_account_is_audited_every_ten_minutes(env: TestEnv) {
        let worker = env.worker("entity").workflow::<Account>();
        worker.mock::<audit>(|_| Ok(())).start();
        let account = env.client().start::<Account>(Statement::default());
        let account = account.task_queue("entity").await?;
        account.deposit(700).await?;
        assert_eq!(account.balance().await?, 700); // now it waits
        env.skip(minutes(10));
        assert_eq!(account.balance().await?, 700); // now it is audited
        account.close().await?;
        assert_eq!(account.result().await?.cents, 700);
        assert!(env.activity_calls::<audit>().contains(&700));
    }
}
