//! Updates.

use steadfast::{
    client::{StartError, UpdateCallError, UpdateStage, UpdateWithStartError, WorkflowIdConflictPolicy},
    prelude::*,
};
use tests::{Environment, Outcome, RunningWorker, millis};

#[derive(Debug, PartialEq, Serialize, Deserialize, ApplicationError)]
enum AccountError {
    #[error("only {balance} left")]
    Insufficient { balance: u64 },
}

#[derive(Default)]
struct Account {
    balance: u64,
    closed: bool,
}

#[workflow]
impl Account {
    #[run]
    async fn run(ctx: WorkflowContext<Self>) -> WorkflowResult<u64> {
        ctx.wait_condition(|s| s.closed).await?;
        ctx.all_handlers_finished().await?;
        Ok(ctx.state(|s| s.balance))
    }

    #[update]
    fn deposit(&mut self, amount: u64) -> u64 {
        self.balance += amount;
        self.balance
    }

    #[validator(deposit)]
    fn check_deposit(&self, amount: &u64) -> Result<(), Rejection> {
        if *amount == 0 {
            Err("must be positive".into())
        } else {
            Ok(())
        }
    }

    #[update]
    fn withdraw(&mut self, amount: u64) -> Result<u64, AccountError> {
        self.balance = self
            .balance
            .checked_sub(amount)
            .ok_or(AccountError::Insufficient { balance: self.balance })?;
        Ok(self.balance)
    }

    #[update(name = "deposit-later")]
    async fn deposit_later(
        ctx: WorkflowContext<Self>,
        amount: u64,
        note: Option<String>,
    ) -> Result<String, UpdateError> {
        ctx.sleep(millis(20)).await?;
        let balance = ctx.state_mut(|s| {
            s.balance += amount;
            s.balance
        });
        Ok(format!("{}: {balance}", note.unwrap_or_default()))
    }

    #[signal]
    fn close(&mut self) {
        self.closed = true;
    }

    #[query]
    fn balance(&self) -> u64 {
        self.balance
    }
}

async fn account(environment: &Environment) -> Result<WorkflowHandle<Account>, tests::Failure> {
    let account = environment.start::<Account>(()).await?;
    assert_eq!(account.balance().await?, 0, "the first task is done");
    Ok(account)
}

#[tokio::test]
async fn an_update_changes_the_state_and_answers() -> Outcome {
    let environment = Environment::connect().await?;
    let _worker = RunningWorker::start(environment.worker().workflow::<Account>());
    let account = account(&environment).await?;
    assert_eq!(account.deposit(40).await?, 40);
    assert_eq!(account.deposit(2).await?, 42);
    account.close().await?;
    assert_eq!(account.result().await?, 42);
    environment.check_history("update_completes", &account).await
}

#[tokio::test]
async fn a_rejected_update_leaves_no_event() -> Outcome {
    let environment = Environment::connect().await?;
    let _worker = RunningWorker::start(environment.worker().workflow::<Account>());
    let account = account(&environment).await?;
    let before = environment.rendered(&account).await?;
    match account.deposit(0).await {
        Err(UpdateCallError::Failed(failure)) => assert_eq!(failure.message(), "must be positive"),
        other => panic!("expected a rejection, got {other:?}"),
    }
    assert_eq!(environment.rendered(&account).await?, before);
    account.close().await?;
    assert_eq!(account.result().await?, 0);
    environment.check_history("update_rejected", &account).await
}

#[tokio::test]
async fn a_failing_update_tells_its_typed_error_and_the_workflow_goes_on() -> Outcome {
    let environment = Environment::connect().await?;
    let _worker = RunningWorker::start(environment.worker().workflow::<Account>());
    let account = account(&environment).await?;
    account.deposit(5).await?;
    match account.withdraw(6).await {
        Err(UpdateCallError::Failed(failure)) => {
            assert_eq!(failure.application(), Some(AccountError::Insufficient { balance: 5 }));
        }
        other => panic!("expected a failed update, got {other:?}"),
    }
    assert_eq!(account.withdraw(1).await?, 4);
    account.close().await?;
    assert_eq!(account.result().await?, 4);
    environment.check_history("update_fails", &account).await
}

#[tokio::test]
async fn an_async_update_is_accepted_first_and_completed_later() -> Outcome {
    let environment = Environment::connect().await?;
    let _worker = RunningWorker::start(environment.worker().workflow::<Account>());
    let account = account(&environment).await?;
    let update = account.deposit_later(7, Some("late".to_owned())).start().await?;
    assert_eq!(update.result().await?, "late: 7");
    account.close().await?;
    assert_eq!(account.result().await?, 7);
    environment.check_history("update_async", &account).await
}

#[tokio::test]
async fn updates_of_the_same_id_are_one() -> Outcome {
    let environment = Environment::connect().await?;
    let _worker = RunningWorker::start(environment.worker().workflow::<Account>());
    let account = account(&environment).await?;
    assert_eq!(account.deposit(5).id("the-update").await?, 5);
    assert_eq!(account.deposit(9).id("the-update").await?, 5, "the first one's result");
    assert_eq!(
        account.update_handle::<u64>("the-update").result().await?,
        5,
        "by its id"
    );
    account.close().await?;
    assert_eq!(account.result().await?, 5);
    environment.check_history("update_same_id", &account).await
}

#[tokio::test]
async fn an_unknown_update_is_rejected_and_tells_which_there_are() -> Outcome {
    let environment = Environment::connect().await?;
    let _worker = RunningWorker::start(environment.worker().workflow::<Account>());
    let account = account(&environment).await?;
    match account.update_untyped::<_, u64>("depositt", (1,)).await {
        Err(UpdateCallError::Failed(failure)) => {
            for part in ["depositt", "deposit", "withdraw"] {
                assert!(failure.message().contains(part), "{}", failure.message());
            }
        }
        other => panic!("expected a rejection, got {other:?}"),
    }
    account.close().await?;
    account.result().await?;
    environment.check_history("update_unknown", &account).await
}

#[tokio::test]
async fn an_update_with_wrong_arguments_is_rejected() -> Outcome {
    let environment = Environment::connect().await?;
    let _worker = RunningWorker::start(environment.worker().workflow::<Account>());
    let account = account(&environment).await?;
    let answer = account.update_untyped::<_, u64>("deposit", ("five".to_owned(),)).await;
    assert!(matches!(answer, Err(UpdateCallError::Failed(_))), "{answer:?}");
    account.close().await?;
    account.result().await?;
    environment.check_history("update_undecodable", &account).await
}

#[tokio::test]
async fn a_closed_workflow_takes_no_updates_but_knows_the_old_ones() -> Outcome {
    let environment = Environment::connect().await?;
    let _worker = RunningWorker::start(environment.worker().workflow::<Account>());
    let account = account(&environment).await?;
    account.deposit(5).id("the-update").await?;
    account.close().await?;
    account.result().await?;
    assert_eq!(account.deposit(9).id("the-update").await?, 5);
    let late = account.deposit(1).await;
    assert!(matches!(late, Err(UpdateCallError::NotFound(_))), "{late:?}");
    Ok(())
}

#[tokio::test]
async fn a_start_takes_an_update_along() -> Outcome {
    let environment = Environment::connect().await?;
    let _worker = RunningWorker::start(environment.worker().workflow::<Account>());
    let open = || {
        environment
            .start::<Account>(())
            .id_conflict_policy(WorkflowIdConflictPolicy::UseExisting)
    };
    let (account, balance) = open().with_update(|account| account.deposit(40)).await?;
    assert_eq!(balance, 40, "of a new account");
    let (same, update) = open()
        .with_update(|account| account.deposit(2).id("second"))
        .start()
        .await?;
    assert_eq!(update.result().await?, 42, "of the one that is there");
    assert_eq!(update.id(), "second");
    assert_eq!(same.run_id(), account.run_id());
    account.close().await?;
    assert_eq!(account.result().await?, 42);
    environment.check_history("update_with_start", &account).await
}

#[tokio::test]
async fn a_start_with_an_update_tells_which_of_them_failed() -> Outcome {
    let environment = Environment::connect().await?;
    let _worker = RunningWorker::start(environment.worker().workflow::<Account>());
    let open = |policy| environment.start::<Account>(()).id_conflict_policy(policy);
    let rejected = open(WorkflowIdConflictPolicy::UseExisting).with_update(|account| account.deposit(0));
    match rejected.await {
        Err(UpdateWithStartError::Update(UpdateCallError::Failed(failure))) => {
            assert_eq!(failure.message(), "must be positive");
        }
        other => panic!("expected a rejection, got {:?}", other.err()),
    }
    let second = open(WorkflowIdConflictPolicy::Fail).with_update(|account| account.deposit(1));
    match second.await {
        Err(UpdateWithStartError::Start(StartError::AlreadyStarted(_))) => {}
        other => panic!("expected that it runs already, got {:?}", other.err()),
    }
    let account = environment.client().workflow::<Account>(environment.name("workflow"));
    account.terminate("end of the test").await?;
    Ok(())
}

#[tokio::test]
async fn an_update_is_waited_for_as_far_as_it_was_said() -> Outcome {
    let environment = Environment::connect().await?;
    let _worker = RunningWorker::start(environment.worker().workflow::<Account>());
    let account = account(&environment).await?;
    let update = account.deposit_later(7, None).wait_for_stage(UpdateStage::Completed);
    let update = update.start().await?;
    let completed = environment.rendered(&account).await?;
    assert!(completed.contains("WorkflowExecutionUpdateCompleted"), "{completed}");
    update.result().await?;
    // How a handler ended is its result, also for who waited for it.
    let failed = account.withdraw(100).wait_for_stage(UpdateStage::Completed);
    assert!(matches!(
        failed.start().await?.result().await,
        Err(UpdateCallError::Failed(_))
    ));
    account.close().await?;
    account.result().await?;
    Ok(())
}
