//! A schedule: a workflow that is started again and again.

use examples::Outcome;
use std::time::{Duration, SystemTime};
use steadfast::{
    client::{Schedule, ScheduleCalendar, ScheduleOverlapPolicy, ScheduleSpec},
    prelude::*,
};

#[derive(Default)]
struct Report;

#[workflow]
impl Report {
    #[run]
    async fn run(_ctx: WorkflowContext<Self>, title: String) -> WorkflowResult<String> {
        Ok(format!("the report on {title}"))
    }
}

#[tokio::main]
async fn main() -> Outcome {
    run(&examples::connect().await?).await
}

pub async fn run(client: &Client) -> Outcome {
    let worker = Worker::new(client, "schedule").workflow::<Report>().start();
    let weekdays_at_nine = ScheduleCalendar::default().hour(9).day_of_week(1..=5);
    let report = client.start::<Report>("sales".to_owned()).task_queue("schedule");
    let schedule = Schedule::new(
        ScheduleSpec::calendar(weekdays_at_nine).time_zone("Europe/Berlin"),
        report,
    )
    .overlap(ScheduleOverlapPolicy::Skip)
    .note("for the morning meeting");
    let schedule = client
        .create_schedule(format!("reports-{}", std::process::id()), schedule)
        .await?;
    let next = schedule.describe().await?.next_action_times().next();
    let wait = next.ok_or("it is never due")?.duration_since(SystemTime::now())?;
    println!("due in {} minutes", wait.as_secs() / 60);

    schedule.trigger(None).await?; // now, in addition
    let started = loop {
        if let Some(started) = schedule.describe().await?.recent_actions().next() {
            break started;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    let report = client.workflow::<Report>(started.workflow_id()).result().await?;
    println!("{} is {report}", started.workflow_id());
    assert_eq!(report, "the report on sales");

    schedule.pause("holidays").await?;
    assert!(schedule.describe().await?.is_paused());
    schedule.delete().await?;
    Ok(worker.shutdown().await?)
}
