//! Futures that aren't the run's.

use super::{
    shard::{give, options, poll},
    *,
};
use crate::{
    Handled, Output, Shard,
    testing::{activity, timer, wait_until},
};
use std::{
    cell::Cell,
    future::{pending, poll_fn},
    task::Poll,
    time::Duration,
};
use steadfast_proto::workflowservice::RespondWorkflowTaskFailedRequest;

#[test]
fn a_routine_that_awaits_a_foreign_future_fails_the_task() {
    let scripts = alone(|_| async {
        pending::<()>().await;
        Ok(None)
    });
    let error = replay_error(&scripts, first_task());
    assert!(
        error.starts_with("[TMPRL1100] the workflow's main routine awaits a future that isn't the workflow's"),
        "{error}"
    );
}

#[test]
fn a_foreign_future_is_told_with_the_line_of_the_call_before_it() {
    let scripts = alone(|host| async move {
        activity(&host, "a").await;
        pending::<()>().await;
        Ok(None)
    });
    let line = line!() - 4;
    let history = after_first_task().activity_scheduled("1", "a");
    let error = replay_error(&scripts, history.activity_completed("1", 1).open_task());
    assert!(
        error.contains(&format!(", after its call at {}:{line}:9: one of", file!())),
        "{error}"
    );
}

thread_local! {
    static IS_FOREIGN_POLLED: Cell<bool> = const { Cell::new(false) };
}

/// Keeps its waker, as channels and timers of others do.
async fn foreign() {
    let mut kept = None;
    poll_fn(move |context| {
        IS_FOREIGN_POLLED.set(true);
        drop(kept.replace(context.waker().clone()));
        IS_FOREIGN_POLLED.set(false);
        Poll::<()>::Pending
    })
    .await;
}

/// What the driver finds out from the stack.
fn line_of_foreign() -> Option<String> {
    IS_FOREIGN_POLLED.get().then(|| "order.rs:12:9".to_owned())
}

fn located(scripts: Scripts, history: &HistoryBuilder) -> Box<RespondWorkflowTaskFailedRequest> {
    let mut shard = Shard::new(options(10), Box::new(scripts)).located_by(line_of_foreign);
    let Some(Output::Fail(_, failed)) = give(&mut shard, poll("r", history, 0)).pop() else {
        panic!("a failure")
    };
    failed
}

#[test]
fn a_foreign_future_that_keeps_its_waker_is_told_with_the_line_where_it_is_awaited() {
    let main = alone(|_| async {
        foreign().await;
        Ok(None)
    });
    let handler = Script::<()>::new(|host, state| async move {
        wait_until(&host, &state, |()| false).await;
        Ok(None)
    })
    .signal("go", |_, _, _| {
        Handled::Routine(Box::pin(async {
            foreign().await;
            Ok(())
        }))
    });
    for (scripts, history, what) in [
        (main, first_task(), "the workflow's main routine"),
        (
            handler.alone(),
            HistoryBuilder::new("script").signaled("go").open_task(),
            "the handler of signal go",
        ),
    ] {
        let failure = located(scripts, &history).failure.unwrap();
        let expected = format!("[TMPRL1100] {what} awaits a future that isn't the workflow's: one of");
        assert!(failure.message.starts_with(&expected), "{failure:?}");
        assert!(failure.message.ends_with(" (order.rs:12:9)"), "{failure:?}");
        assert_eq!(failure.stack_trace, "order.rs:12:9");
    }
}

#[test]
fn one_that_keeps_none_is_told_with_the_line_of_the_call_before_it() {
    let scripts = alone(|host| async move {
        drop(timer(&host, Duration::from_secs(1)));
        pending::<()>().await;
        Ok(None)
    });
    let line = line!() - 4;
    let failure = located(scripts, &first_task()).failure.unwrap();
    let expected = format!(", after its call at {}:{line}:14: one of", file!());
    assert!(failure.message.contains(&expected), "{failure:?}");
}
