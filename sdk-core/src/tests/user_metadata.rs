use super::*;
use crate::{
    ActivityCancellation, ChildCancellation, Command,
    testing::{Awaiting, activity},
};
use std::time::Duration;
use steadfast_proto::{
    Shared,
    command::{ScheduleActivityTaskCommandAttributes, StartChildWorkflowExecutionCommandAttributes},
    common::{ActivityType, Payload, WorkflowType},
    enums::EventType,
    history as h,
    history::history_event::Attributes as A,
    sdk::UserMetadata,
};

fn summary(text: &str) -> Option<UserMetadata> {
    let payload = |text: &str| Some(Payload::encoded("json/plain", format!("\"{text}\"")));
    Some(UserMetadata {
        summary: payload(text),
        details: payload(&format!("details of {text}")),
    })
}

/// Starts a timer, an activity and a child, each with a summary, and cancels all three after another activity.
fn described() -> Scripts {
    alone(|host| async move {
        let timer = Awaiting::new(
            &host,
            Command::Timer {
                duration: Duration::from_secs(9),
                user_metadata: summary("nap"),
            },
        );
        let charge = Awaiting::new(
            &host,
            Command::Activity {
                attributes: Box::new(ScheduleActivityTaskCommandAttributes {
                    activity_type: Some(ActivityType {
                        name: "charge".to_owned(),
                    }),
                    ..Default::default()
                }),
                cancellation: ActivityCancellation::TryCancel,
                user_metadata: summary("money"),
            },
        );
        let child = Awaiting::new(
            &host,
            Command::StartChild {
                attributes: Box::new(StartChildWorkflowExecutionCommandAttributes {
                    workflow_id: "child".to_owned(),
                    workflow_type: Some(WorkflowType {
                        name: "shipping".to_owned(),
                    }),
                    ..Default::default()
                }),
                cancellation: ChildCancellation::TryCancel,
                user_metadata: summary("parcel"),
            },
        );
        let plain = Awaiting::new(
            &host,
            Command::Timer {
                duration: Duration::from_secs(9),
                user_metadata: None,
            },
        );
        activity(&host, "go").await;
        for operation in [&timer, &charge, &child, &plain] {
            operation.cancel();
        }
        activity(&host, "wait").await;
        drop((timer, charge, child, plain));
        Ok(None)
    })
}

/// Each command with what tools show.
fn shown(history: HistoryBuilder) -> Vec<String> {
    let replayed = replay(history.history(), "default", &described()).expect("it replays");
    let text = |payload: Option<Payload>| {
        payload.map_or_else(String::new, |payload| {
            format!(" {}", String::from_utf8_lossy(&payload.data))
        })
    };
    let commands = replayed.commands.into_iter().map(|command| {
        let metadata = command.user_metadata.unwrap_or_default();
        let command = show_command(command.attributes.as_ref());
        format!("{command}{}{}", text(metadata.summary), text(metadata.details))
    });
    commands.collect()
}

#[test]
fn a_summary_goes_with_the_command_and_with_the_one_that_cancels_it() {
    assert_eq!(
        shown(first_task()),
        [
            r#"timer 1 "nap" "details of nap""#,
            r#"activity 1 charge "money" "details of money""#,
            r#"child child shipping on queue "parcel" "details of parcel""#,
            "timer 2",
            "activity 2 go",
        ]
    );
    let initiated = h::StartChildWorkflowExecutionInitiatedEventAttributes {
        workflow_id: "child".to_owned(),
        workflow_type: Some(WorkflowType {
            name: "shipping".to_owned(),
        }),
        ..Default::default()
    };
    let history = after_first_task()
        .timer_started("1")
        .activity_scheduled("1", "charge")
        .add(
            EventType::StartChildWorkflowExecutionInitiated,
            A::StartChildWorkflowExecutionInitiatedEventAttributes(Shared::new(initiated)),
        )
        .timer_started("2")
        .activity_scheduled("2", "go")
        .activity_completed("2", 1)
        .open_task();
    assert_eq!(
        shown(history),
        [
            r#"cancel timer 1 "nap" "details of nap""#,
            r#"cancel activity of 6 "money" "details of money""#,
            r#"cancel child child "parcel" "details of parcel""#,
            "cancel timer 2",
            "activity 3 wait",
        ]
    );
}
