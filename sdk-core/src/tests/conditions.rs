use super::{
    shard::{accept, completion, give, options, poll},
    *,
};
use crate::{
    Handled, Output, Shard,
    testing::{activity, wait_until},
};
use std::{
    future::poll_fn,
    pin::pin,
    sync::{Arc, Mutex},
    task::Poll,
};

fn counting() -> Scripts {
    Script::<u32>::new(|host, state| async move {
        wait_until(&host, &state, |count| *count >= 2).await;
        Ok(None)
    })
    .signal("add", |_, state, _| {
        state.with(|count| *count += 1);
        Handled::Done(Ok(()))
    })
    .alone()
}

#[test]
fn a_condition_is_looked_at_again_after_each_handler() {
    let once = after_first_task().signaled("add");
    assert_eq!(next_commands(&counting(), once.clone().open_task()), "");
    assert_eq!(
        next_commands(&counting(), once.clone().task().signaled("add").open_task()),
        "complete"
    );
    assert_eq!(next_commands(&counting(), once.signaled("add").open_task()), "complete");
}

#[test]
fn a_condition_is_looked_at_again_when_another_routine_changes_the_state() {
    let scripts = Script::<u32>::new(|host, state| async move {
        wait_until(&host, &state, |count| *count == 1).await;
        state.with(|count| *count = 2);
        host.state_changed();
        wait_until(&host, &state, |count| *count == 3).await;
        Ok(None)
    })
    .signal("go", |host, state, _| {
        Handled::Routine(Box::pin(async move {
            activity(&host, "a").await;
            state.with(|count| *count = 1);
            host.state_changed();
            wait_until(&host, &state, |count| *count == 2).await;
            state.with(|count| *count = 3);
            host.state_changed();
            Ok(())
        }))
    })
    .alone();
    let history = after_first_task()
        .signaled("go")
        .task()
        .activity_scheduled("1", "a")
        .activity_completed("1", 1)
        .open_task();
    assert_eq!(next_commands(&scripts, history), "complete");
}

#[test]
fn a_cancelled_run_cancels_a_wait() {
    let scripts = Script::<()>::new(|host, state| async move {
        let fulfilled = wait_until(&host, &state, |()| false).await;
        Ok(Some(json_text(&fulfilled.to_string())))
    })
    .alone();
    let history = after_first_task().cancel_requested().open_task();
    assert_eq!(next_commands(&scripts, history), "complete \"false\"");
}

#[test]
fn a_wake_from_outside_fails_the_next_task() {
    let waker = Arc::new(Mutex::new(None));
    let kept = Arc::clone(&waker);
    let scripts = Script::<()>::new(move |host, state| {
        let kept = Arc::clone(&kept);
        async move {
            // Something of the workflow's own, and something that is not, as a race between a timer and a thread.
            let mut own = pin!(wait_until(&host, &state, |()| false));
            poll_fn(|context| {
                *kept.lock().unwrap() = Some(context.waker().clone());
                own.as_mut().poll(context).map(drop)
            })
            .await;
            Ok(None)
        }
    })
    .alone();
    let mut shard = Shard::new(options(10), Box::new(scripts));
    let (key, _) = completion(give(&mut shard, poll("r", &first_task(), 0)));
    accept(&mut shard, key);
    waker.lock().unwrap().take().unwrap().wake();
    let history = after_first_task().signaled("note");
    let last = first_task().last_event_id();
    let outputs = give(&mut shard, poll("r", &history.open_task(), last));
    let failed = outputs.into_iter().find_map(|output| match output {
        Output::Fail(_, request) => request.failure,
        _ => None,
    });
    let message = failed.unwrap().message;
    assert!(
        message.starts_with("the workflow was woken by a future that isn't its own"),
        "{message}"
    );
}

#[test]
fn a_routine_that_wakes_itself_is_polled_again() {
    let scripts = alone(|_| async {
        let mut yields = 3;
        poll_fn(|context| {
            if yields == 0 {
                return Poll::Ready(());
            }
            yields -= 1;
            context.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
        Ok(None)
    });
    assert_eq!(next_commands(&scripts, first_task()), "complete");
}

#[test]
fn a_routine_that_never_comes_to_rest_fails_the_task() {
    let scripts = alone(|_| async {
        poll_fn(|context| {
            context.waker().wake_by_ref();
            Poll::<()>::Pending
        })
        .await;
        Ok(None)
    });
    let error = replay_error(&scripts, first_task());
    assert!(error.starts_with("the workflow doesn't come to rest"), "{error}");
}

#[test]
fn a_panic_fails_the_task_with_its_text() {
    let scripts = alone(|_| async { panic!("out of {}", "cheese") });
    assert_eq!(
        replay_error(&scripts, first_task()),
        "the workflow panicked: out of cheese"
    );
}

#[test]
fn random_numbers_are_the_same_on_every_replay_and_others_after_a_reset() {
    let scripts = || {
        alone(|host| async move {
            activity(&host, "a").await;
            Ok(Some(json_text(&host.random().to_string())))
        })
    };
    let run = after_first_task()
        .activity_scheduled("1", "a")
        .activity_completed("1", 1);
    let first = next_commands(&scripts(), run.clone().open_task());
    assert_eq!(first, next_commands(&scripts(), run.clone().open_task()));
    let reset = run.open_task().task_reset("another").open_task();
    assert_ne!(first, next_commands(&scripts(), reset));
}

#[test]
fn what_is_pending_is_known_with_its_line() {
    let scripts = Script::<()>::new(|host, state| async move {
        let _work = activity(&host, "work");
        wait_until(&host, &state, |()| false).await;
        Ok(None)
    })
    .query("pending", |host, _| {
        let lines: Vec<String> = host
            .pending_operations()
            .iter()
            .map(|operation| {
                format!(
                    "{} {}",
                    operation.what,
                    operation.location.file().ends_with("conditions.rs")
                )
            })
            .collect();
        Ok(Some(json_text(&lines.join(", "))))
    })
    .alone();
    let mut replayed = replay(first_task().history(), "default", &scripts).unwrap();
    let answer = replayed.query("pending", None).unwrap();
    assert_eq!(
        word(&Resolution::Completed(answer)),
        "\"activity work (1) true, condition true\""
    );
}
