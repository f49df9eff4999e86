use super::*;
use crate::testing::activity;

fn one_activity() -> Scripts {
    alone(|host| async move {
        let result = activity(&host, "charge").await;
        match &result {
            Resolution::Completed(_) => Ok(Some(json_text(&word(&result)))),
            _ => Err(fail_with(result)),
        }
    })
}

#[test]
fn an_activity_is_scheduled_under_its_number() {
    assert_eq!(next_commands(&one_activity(), first_task()), "activity 1 charge");
}

#[test]
fn an_activitys_result_reaches_the_code() {
    let history = after_first_task()
        .activity_scheduled("1", "charge")
        .activity_completed("1", 7)
        .open_task();
    assert_eq!(next_commands(&one_activity(), history), "complete \"7\"");
}

#[test]
fn an_activitys_failure_is_an_activity_failure_around_its_cause() {
    let history = after_first_task()
        .activity_scheduled("1", "charge")
        .activity_failed("1", Failure::application("Card", "card refused"))
        .open_task();
    assert_eq!(
        next_commands(&one_activity(), history),
        "fail activity failed: card refused"
    );
}

#[test]
fn an_activity_may_time_out_before_it_starts() {
    let history = after_first_task()
        .activity_scheduled("1", "charge")
        .activity_timed_out("1")
        .open_task();
    assert_eq!(next_commands(&one_activity(), history), "fail activity timed out");
}

#[test]
fn activities_that_complete_in_another_order_reach_the_right_futures() {
    let scripts = alone(|host| async move {
        let first = activity(&host, "a");
        let second = activity(&host, "b");
        let first = word(&first.await);
        let second = word(&second.await);
        Ok(Some(json_text(&format!("{first} {second}"))))
    });
    let history = after_first_task()
        .activity_scheduled("1", "a")
        .activity_scheduled("2", "b")
        .activity_completed("2", "two")
        .task()
        .activity_completed("1", "one")
        .open_task();
    assert_eq!(next_commands(&scripts, history), r#"complete "\"one\" \"two\"""#);
}

#[test]
fn a_dropped_activity_runs_on_unobserved() {
    let scripts = alone(|host| async move {
        drop(activity(&host, "a"));
        activity(&host, "b").await;
        Ok(None)
    });
    assert_eq!(next_commands(&scripts, first_task()), "activity 1 a, activity 2 b");
    let history = after_first_task()
        .activity_scheduled("1", "a")
        .activity_scheduled("2", "b")
        .activity_completed("1", 1)
        .task()
        .activity_completed("2", 2)
        .open_task();
    assert_eq!(next_commands(&scripts, history), "complete");
}

#[test]
fn an_activity_of_its_own_id_keeps_it() {
    let scripts = alone(|host| async move {
        let crate::Command::Activity { mut attributes, .. } = command("charge") else {
            unreachable!()
        };
        attributes.activity_id = "mine".to_owned();
        crate::testing::Awaiting::new(
            &host,
            crate::Command::Activity {
                attributes,
                cancellation: crate::ActivityCancellation::TryCancel,
                user_metadata: None,
            },
        )
        .await;
        Ok(None)
    });
    assert_eq!(next_commands(&scripts, first_task()), "activity mine charge");
}

fn command(type_name: &str) -> crate::Command {
    crate::Command::Activity {
        attributes: Box::new(steadfast_proto::command::ScheduleActivityTaskCommandAttributes {
            activity_type: Some(steadfast_proto::common::ActivityType {
                name: type_name.to_owned(),
            }),
            ..Default::default()
        }),
        cancellation: crate::ActivityCancellation::TryCancel,
        user_metadata: None,
    }
}

#[test]
fn an_activity_that_names_no_task_queue_goes_to_the_workflows() {
    let replayed = replay(first_task().history(), "default", &one_activity()).unwrap();
    let Some(Attributes::ScheduleActivityTaskCommandAttributes(activity)) = &replayed.commands[0].attributes else {
        panic!("{replayed:?}")
    };
    assert_eq!(activity.task_queue.as_ref().unwrap().name, "queue");
    assert!(!activity.request_eager_execution);
}

#[test]
fn closed_activities_leave_nothing_behind() {
    let scripts = alone(|host| async move {
        for _ in 0..50 {
            activity(&host, "a").await;
        }
        std::future::poll_fn(|context| host.poll(host_wait(&host), context)).await;
        Ok(None)
    });
    let mut history = HistoryBuilder::new("script");
    for id in 1..=50 {
        let id = id.to_string();
        history = history.task().activity_scheduled(&id, "a").activity_completed(&id, 1);
    }
    let replayed = replay(history.open_task().history(), "default", &scripts).unwrap();
    assert_eq!(replayed.run().open_operations(), 1);
}

fn host_wait(host: &crate::Host) -> crate::OperationId {
    host.ask(crate::Command::Wait)
}
